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

/** An error that says what to do. `code` is the gateway's, where it is the gateway that refused. */
export class CommandError extends Error {
  constructor(exit, code, message, advice) {
    super(message);
    this.name = "CommandError";
    Object.assign(this, { exit, code, advice });
  }

  static asked(message, advice) {
    return new CommandError(EXIT.asked, "INVALID_REQUEST", message, advice);
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
      return new CommandError(EXIT.nobody, "UNKNOWN_METHOD", `no answer to ${method}`, OLDER);
    }
    if (code === "INVALID_REQUEST") {
      return CommandError.asked(message.replace(`${method}: `, ""));
    }
    return new CommandError(EXIT.wrong, code, message);
  }
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
    return CommandError.asked(message);
  }
  return new CommandError(EXIT.nobody, "UNREACHABLE", `no gateway answers: ${message}`, START);
}
