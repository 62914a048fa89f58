// What may go wrong with a command, and the exit code that says whose turn it is.

/** `openclaw taas` exits with one of these. */
export const EXIT = {
  fine: 0,
  /** The plugin found something wrong, or cannot answer. */
  wrong: 1,
  /** The command, its options or its credentials are wrong. */
  asked: 2,
  /** No gateway answers, or one without this plugin. */
  nobody: 3,
};

const START = "openclaw gateway status says whether it runs, openclaw gateway restart starts it";
const CREDENTIALS =
  "give the gateway's own, with --token, or in gateway.auth of the configuration that openclaw reads here";

/** The scope that the host asks for where it does not know a method. None of ours needs it. */
const SCOPE_OF_UNKNOWN = "operator.admin";

/**
 * The ways in which the host refuses a method, or the connection over which it is asked. Newer hosts say it in
 * `details`, older ones in words alone. A person reads the host's own words where `said` is missing.
 */
const REFUSALS = [
  {
    is: ({ message, scope }) => scope === SCOPE_OF_UNKNOWN || /\bunknown method\b/i.test(message),
    exit: EXIT.nobody,
    code: "UNKNOWN_METHOD",
    said: (method) => `the gateway has no method ${method}`,
    advice:
      "the plugin is missing in that gateway, not enabled, or older than this one. On its machine: openclaw plugins list, openclaw plugins enable openclaw-taas-affinity, then openclaw gateway restart",
  },
  {
    is: ({ scope }) => scope !== undefined,
    exit: EXIT.asked,
    code: "FORBIDDEN",
    told: "the gateway does not give this client the scope that the method needs",
    advice: `approve more scopes for this device (openclaw devices list), or use other credentials: ${CREDENTIALS}`,
  },
  {
    is: ({ gatewayCode, message }) =>
      gatewayCode === "NOT_PAIRED" || /\b(?:pairing|device identity) required\b/i.test(message),
    exit: EXIT.asked,
    code: "NOT_PAIRED",
    told: "the gateway wants this device to be paired",
    advice:
      "openclaw devices list shows the request, openclaw devices approve accepts it; for OpenClaw 2026.6, see docs/hosts.md",
  },
  {
    is: ({ message }) => /\bunauthorized\b.*\btoo many\b/i.test(message),
    exit: EXIT.asked,
    code: "INVALID_REQUEST",
    told: "the gateway was asked too often with credentials that it does not accept",
    advice: `wait a few minutes, then ${CREDENTIALS}`,
  },
  {
    is: ({ message }) => /\bunauthorized\b/i.test(message),
    exit: EXIT.asked,
    code: "INVALID_REQUEST",
    told: "the gateway does not accept the credentials",
    advice: CREDENTIALS,
  },
  {
    is: ({ message }) => /\b(?:protocol|version) mismatch\b/i.test(message),
    exit: EXIT.nobody,
    code: "PROTOCOL_MISMATCH",
    told: "the gateway and this openclaw are of releases that do not understand each other",
    advice: "update the older one of the two, then openclaw gateway restart",
  },
  {
    is: isAway,
    exit: EXIT.nobody,
    code: "UNAVAILABLE",
    told: "the gateway is starting, restarting or suspended, or it reloads the plugin",
    advice: "try again in a few seconds; openclaw gateway status says how it is",
  },
];

/** Whether the host asks to come back: it restarts, or it reloads the plugin. */
export function isAway(error) {
  return (
    (error?.gatewayCode === "UNAVAILABLE" && error.retryable === true) ||
    /\bPluginInstanceUnavailable|\bunavailable during gateway\b/.test(String(error?.message))
  );
}

/** What a refusal is recognised by. */
function traitsOf(error, message) {
  const [, scope] = /\bmissing scope: ([\w.-]+)/i.exec(message) ?? [];
  return {
    message,
    gatewayCode: error?.gatewayCode,
    scope: error?.details?.missingScope ?? scope,
    retryable: error?.retryable,
  };
}

/** A code or the name of a class, as Node and the host write them: none has a path, a host or a key in it. */
const CODE = /^[A-Z]\w{2,60}$/;

/** What was asked with, as our methods quote it. */
const QUOTED = /"(?:[^"\\]|\\.)*"/g;

/** How to get to know what JSON does not tell. */
const MORE = "without --json the command says more";

/**
 * An error that says what to do. `code` is the gateway's, where it is the gateway that refused. JSON goes into bug
 * reports, so that it has `told` alone: words of ours, where `message` has those of the host or of a command line;
 * and beside it what is in `report`.
 */
export class CommandError extends Error {
  constructor(exit, code, message, { told = message, advice } = {}) {
    super(message);
    this.name = "CommandError";
    Object.assign(this, { exit, code, told, advice });
  }

  static asked(message, told, advice) {
    return new CommandError(EXIT.asked, "INVALID_REQUEST", message, { told, advice });
  }

  /** What the host's gateway client threw, when it was asked for `method`. */
  static of(error, method) {
    if (error instanceof CommandError) {
      return error;
    }
    const message = firstLine(error);
    const traits = traitsOf(error, message);
    // A method of ours begins with its name. It may quote anything.
    const isOurs = message.startsWith(`${method}: `);
    const refusal = isOurs ? undefined : REFUSALS.find(({ is }) => is(traits));
    if (refusal !== undefined) {
      const { exit, code, said, told, advice } = refusal;
      return new CommandError(exit, code, said?.(method) ?? message, { told, advice });
    }
    const code = typeof error?.gatewayCode === "string" ? error.gatewayCode : undefined;
    if (code === undefined) {
      return fromClient(error, message);
    }
    if (code === "INVALID_REQUEST") {
      const said = message.replace(`${method}: `, "");
      // Without its method's name it is the host that refuses.
      const told =
        said === message ? `the gateway refuses it; ${MORE}` : said.replace(QUOTED, '"…"');
      return CommandError.asked(said, told);
    }
    const what =
      error.details?.addon === false
        ? "the plugin's native binary is missing or does not load"
        : "the gateway cannot answer";
    const told = `${what}; ${MORE}`;
    return new CommandError(EXIT.wrong, CODE.test(code) ? code : "UNAVAILABLE", message, { told });
  }

  /** An answer of another shape than expected, which must not look like a gateway that is away. */
  static unexpected(error) {
    const said = "the answer is not understood";
    const message = `${said}: ${error?.message}`;
    const told = withCode(said, error);
    const unexpected = new CommandError(EXIT.wrong, "UNEXPECTED", message, { told });
    return Object.assign(unexpected, { report: error?.report });
  }

  /** Nothing was asked: the host does not lend plugins its client. */
  static withoutClient() {
    const said = "this OpenClaw has no gateway client for plugins";
    const advice = "update OpenClaw, or ask with /taas in a chat";
    return new CommandError(EXIT.nobody, "NO_CLIENT", said, { advice });
  }
}

/** `said`, with the code of what was thrown, where that is one. */
function withCode(said, error) {
  const codes = [error?.code, error?.cause?.code, error?.name];
  const code = codes.find(
    (each) => Number.isInteger(each) || (each !== "Error" && CODE.test(each)),
  );
  return code === undefined ? said : `${said} (${code})`;
}

/** A message's first line: what follows in the host's are paths and addresses. */
function firstLine(error) {
  const [line] = String(error?.message ?? error).split(/[\r\n]/);
  return line || "an error without a message";
}

/** The client itself failed: it was given what it cannot use, or there is nobody to talk to. */
function fromClient(error, message) {
  if (/(?:Credentials|Auth)\w*(?:Required|Unavailable)/.test(String(error?.name))) {
    const told = `the gateway client has no credentials that it can use; ${MORE}`;
    return CommandError.asked(message, told, CREDENTIALS);
  }
  if (/--(?:timeout|port|url)\b|\btimeout value\b/i.test(message)) {
    return CommandError.asked(message, `the gateway client cannot use its options; ${MORE}`);
  }
  const said = "no gateway answers";
  return new CommandError(EXIT.nobody, "UNREACHABLE", `${said}: ${message}`, {
    told: withCode(said, error),
    advice: /\btimeout after\b/i.test(message) ? `give it longer, with --timeout; ${START}` : START,
  });
}
