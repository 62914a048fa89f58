// What may go wrong with a command, and the exit code that says whose turn it is.

/** `openclaw taas` exits with one of these. */
export const EXIT = {
  fine: 0,
  /** Asked well, and something is wrong. */
  wrong: 1,
  /** Asked wrongly. */
  asked: 2,
  /** Nobody there who could answer. */
  nobody: 3,
};

const START = "openclaw gateway status says whether it runs, openclaw gateway restart starts it";
const OLDER =
  "the plugin in the gateway is older than this one, or is not enabled: openclaw gateway restart, or openclaw plugins enable openclaw-taas-affinity";

const CREDENTIALS =
  "give the gateway's own, with --token, or in gateway.auth of the configuration that openclaw reads here";

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
    const code = typeof error?.gatewayCode === "string" ? error.gatewayCode : undefined;
    if (code === undefined) {
      return fromClient(error, message);
    }
    if (/\bunknown method\b/i.test(message)) {
      const said = `no answer to ${method}`;
      return new CommandError(EXIT.nobody, "UNKNOWN_METHOD", said, { advice: OLDER });
    }
    if (/\bunauthorized\b/i.test(message)) {
      return CommandError.asked(
        message,
        "the gateway does not accept the credentials",
        CREDENTIALS,
      );
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
  const name = String(error?.name);
  if (/ExplicitAuth/.test(name) || /--(?:timeout|port|url)\b|\btimeout value\b/i.test(message)) {
    return CommandError.asked(
      message,
      `the gateway client cannot use its options or credentials; ${MORE}`,
    );
  }
  const said = "no gateway answers";
  return new CommandError(EXIT.nobody, "UNREACHABLE", `${said}: ${message}`, {
    told: withCode(said, error),
    advice: /\btimeout after\b/i.test(message) ? `give it longer, with --timeout; ${START}` : START,
  });
}
