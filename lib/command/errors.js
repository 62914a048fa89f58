// The errors of `openclaw taas`, with their exit codes and advice.

/** The exit codes of `openclaw taas`. */
export const EXIT = {
  ok: 0,
  /** The plugin found a problem, or cannot answer. */
  problem: 1,
  /** The command, its options or the credentials are wrong. */
  usage: 2,
  /** The gateway did not answer, or does not have this plugin. */
  noAnswer: 3,
};

const START =
  "run `openclaw gateway status` to check the gateway, and `openclaw gateway restart` to start it";
const CREDENTIALS =
  "pass the gateway's token with `--token`, or set `gateway.auth` in the OpenClaw configuration of this machine";

const REINSTALL =
  "install the package again without --omit=optional, then run `openclaw gateway restart`; docs/install.md has the causes";

/** The host demands this scope for a method that it does not know. No method of this plugin needs the scope. */
const SCOPE_OF_UNKNOWN_METHOD = "operator.admin";

/**
 * The ways in which the host refuses a method or a connection. Newer hosts send `details`, older hosts only a message.
 * `message` is for a person; without it, the person reads the host's own words. `publicMessage` is for JSON.
 */
const REFUSALS = [
  {
    matches: ({ message, scope }) =>
      scope === SCOPE_OF_UNKNOWN_METHOD || /\bunknown method\b/i.test(message),
    exit: EXIT.noAnswer,
    code: "UNKNOWN_METHOD",
    message: (method) => `the gateway has no method ${method}`,
    advice:
      "see whether the plugin is installed on the gateway's machine: `openclaw plugins list`. Then run `openclaw plugins enable openclaw-taas-affinity` and `openclaw gateway restart`",
  },
  {
    matches: ({ scope }) => scope !== undefined,
    exit: EXIT.usage,
    code: "FORBIDDEN",
    publicMessage: "this client does not have the scope that the method needs",
    advice: `run \`openclaw devices list\` and approve the request of this device with \`openclaw devices approve\`, or ${CREDENTIALS}`,
  },
  {
    matches: ({ gatewayCode, message }) =>
      gatewayCode === "NOT_PAIRED" || /\b(?:pairing|device identity) required\b/i.test(message),
    exit: EXIT.usage,
    code: "NOT_PAIRED",
    publicMessage: "this device is not paired with the gateway",
    advice:
      "run `openclaw devices list` to see the request of this device, and `openclaw devices approve` with its id to accept it; for OpenClaw 2026.6, see docs/hosts.md",
  },
  {
    matches: ({ message }) => /\bunauthorized\b.*\btoo many\b/i.test(message),
    exit: EXIT.usage,
    code: "INVALID_REQUEST",
    publicMessage: "the gateway received wrong credentials too often",
    advice: `wait a few minutes, then ${CREDENTIALS}`,
  },
  {
    matches: ({ message }) => /\bunauthorized\b/i.test(message),
    exit: EXIT.usage,
    code: "INVALID_REQUEST",
    publicMessage: "the gateway does not accept the credentials",
    advice: CREDENTIALS,
  },
  {
    matches: ({ message }) => /\b(?:protocol|version) mismatch\b/i.test(message),
    exit: EXIT.noAnswer,
    code: "PROTOCOL_MISMATCH",
    publicMessage: "the gateway and this openclaw are incompatible releases",
    advice: "update the older of the two, then run `openclaw gateway restart`",
  },
  {
    matches: isTemporary,
    exit: EXIT.noAnswer,
    code: "UNAVAILABLE",
    publicMessage: "the gateway is starting, restarting or suspended, or is reloading the plugin",
    advice: "try again in a few seconds; `openclaw gateway status` shows the gateway's state",
  },
];

/** Whether a later attempt may succeed: the gateway is restarting or reloading the plugin. */
export function isTemporary(error) {
  return (
    (error?.gatewayCode === "UNAVAILABLE" && error.retryable === true) ||
    /\bPluginInstanceUnavailable|\bunavailable during gateway\b/.test(String(error?.message))
  );
}

/** The parts of a host's error that {@link REFUSALS} match on. */
function traitsOf(error, message) {
  const [, scope] = /\bmissing scope: ([\w.-]+)/i.exec(message) ?? [];
  return {
    message,
    gatewayCode: error?.gatewayCode,
    scope: error?.details?.missingScope ?? scope,
    retryable: error?.retryable,
  };
}

/** An error code or class name of Node or the host. Such a name has no path, host name or key in it. */
const CODE = /^[A-Z]\w{2,60}$/;

/** A value from the request that a method quotes in its message. */
const QUOTED = /"(?:[^"\\]|\\.)*"/g;

const WITHOUT_JSON = "run the command without --json for details";

/**
 * An error with an exit code, the gateway's error code and advice. `message` is for a person, and may quote the host or
 * the command line. `publicMessage` is for JSON, which goes into bug reports: it has only our own words. JSON also gets
 * the fields of `report`.
 */
export class CommandError extends Error {
  constructor(exit, code, message, { publicMessage = message, advice } = {}) {
    super(message);
    this.name = "CommandError";
    Object.assign(this, { exit, code, publicMessage, advice });
  }

  /** The command line is wrong, or the gateway refused its values. */
  static usage(message, publicMessage, advice) {
    return new CommandError(EXIT.usage, "INVALID_REQUEST", message, { publicMessage, advice });
  }

  /** Converts an error of the host's gateway client for `method`. */
  static fromGateway(error, method) {
    if (error instanceof CommandError) {
      return error;
    }
    const message = firstLine(error);
    const traits = traitsOf(error, message);
    // Our own methods start with their name, and may quote the words of a refusal.
    const isOurs = message.startsWith(`${method}: `);
    const refusal = isOurs ? undefined : REFUSALS.find(({ matches }) => matches(traits));
    if (refusal !== undefined) {
      const { exit, code, publicMessage, advice } = refusal;
      const shown = refusal.message?.(method) ?? message;
      return new CommandError(exit, code, shown, { publicMessage, advice });
    }
    const code = typeof error?.gatewayCode === "string" ? error.gatewayCode : undefined;
    if (code === undefined) {
      return fromClient(error, message);
    }
    if (code === "INVALID_REQUEST") {
      const shown = message.replace(`${method}: `, "");
      const publicMessage = isOurs
        ? shown.replace(QUOTED, '"…"')
        : `the gateway refused the request; ${WITHOUT_JSON}`;
      return CommandError.usage(shown, publicMessage);
    }
    const [reason, advice] =
      error.details?.addon === false
        ? ["the plugin's native addon is missing or does not load", REINSTALL]
        : ["the gateway cannot answer"];
    return new CommandError(EXIT.problem, CODE.test(code) ? code : "UNAVAILABLE", message, {
      publicMessage: `${reason}; ${WITHOUT_JSON}`,
      advice,
    });
  }

  /** The answer has another form than expected. The gateway did answer, so the exit code is not 3. */
  static unexpected(error) {
    const reason = "the gateway's answer has an unexpected form";
    const unexpected = new CommandError(
      EXIT.problem,
      "UNEXPECTED",
      `${reason}: ${error?.message}`,
      { publicMessage: withCode(reason, error) },
    );
    return Object.assign(unexpected, { report: error?.report });
  }

  /** This host gives plugins no gateway client, so no request was sent. */
  static withoutClient() {
    const message = "this OpenClaw has no gateway client for plugins";
    const advice = "update OpenClaw, or use /taas in a chat";
    return new CommandError(EXIT.noAnswer, "NO_CLIENT", message, { advice });
  }
}

/** Returns any error as a {@link CommandError}. */
export const asCommandError = (error) =>
  error instanceof CommandError ? error : CommandError.unexpected(error);

/** `text`, followed by the error's code or class name if it has one. */
function withCode(text, error) {
  const codes = [error?.code, error?.cause?.code, error?.name];
  const code = codes.find(
    (each) => Number.isInteger(each) || (each !== "Error" && CODE.test(each)),
  );
  return code === undefined ? text : `${text} (${code})`;
}

/** The first line of a message. The host's further lines are paths and addresses. */
function firstLine(error) {
  const [line] = String(error?.message ?? error).split(/[\r\n]/);
  return line || "an error without a message";
}

/** The gateway client itself failed: its options or credentials are unusable, or it reached no gateway. */
function fromClient(error, message) {
  if (/(?:Credentials|Auth)\w*(?:Required|Unavailable)/.test(String(error?.name))) {
    const publicMessage = `the gateway client has no usable credentials; ${WITHOUT_JSON}`;
    return CommandError.usage(message, publicMessage, CREDENTIALS);
  }
  if (/--(?:timeout|port|url)\b|\btimeout value\b/i.test(message)) {
    return CommandError.usage(message, `the gateway client rejected its options; ${WITHOUT_JSON}`);
  }
  const reason = "the gateway did not answer";
  return new CommandError(EXIT.noAnswer, "UNREACHABLE", `${reason}: ${message}`, {
    publicMessage: withCode(reason, error),
    advice: /\btimeout after\b/i.test(message)
      ? `allow more time with \`--timeout\`; ${START}`
      : START,
  });
}
