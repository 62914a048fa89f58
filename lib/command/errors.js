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

/**
 * An error of a command, with its exit code, the gateway's error code and advice. A person reads `message`, which may
 * quote the host or the command line. JSON goes into bug reports, so it gets `publicMessage`, which has only our words.
 */
export class CommandError extends Error {
  constructor({ message, publicMessage = message, ...more }) {
    super(message);
    Object.assign(this, { publicMessage, ...more });
  }
}

/** The command line is wrong, or the gateway refused its values. */
export const usageError = (message, publicMessage) =>
  new CommandError({ exit: EXIT.usage, code: "INVALID_REQUEST", message, publicMessage });

const CREDENTIALS =
  "pass the gateway's token with `--token`, or set `gateway.auth` in the OpenClaw configuration of this machine";

/** An error code or class name of Node or the host. Such a name has no path, host name or key in it. */
const CODE = /^[A-Z]\w{2,60}$/;

/** A value from the request that a method quotes in its message. */
const QUOTED = /"(?:[^"\\]|\\.)*"/g;

/** The host demands this scope for a method that it does not know. No method of this plugin needs the scope. */
const UNKNOWN_METHOD = /\bscope(?:=|: )operator\.admin\b|\bunknown method\b/i;

/**
 * The ways in which a request fails. The first row counts whose `signs` match the error as one line of text. A person
 * reads `reason` and the host's own words, JSON has `reason` alone.
 */
const FAILURES = [
  {
    signs: /\bscope(?:=|: )\w+\./i,
    exit: EXIT.usage,
    code: "FORBIDDEN",
    reason: "this client does not have the scope that the method needs",
    advice: `run \`openclaw devices list\` and approve the request of this device with \`openclaw devices approve\`, or ${CREDENTIALS}`,
  },
  {
    signs: /^NOT_PAIRED|\b(?:pairing|device identity) required\b/i,
    exit: EXIT.usage,
    code: "NOT_PAIRED",
    reason: "this device is not paired with the gateway",
    advice:
      "run `openclaw devices list` to see the request of this device, and `openclaw devices approve` with its id to accept it; for OpenClaw 2026.6, see docs/hosts.md",
  },
  {
    signs: /\bunauthorized\b|^CLIENT .*(?:Credentials|Auth)\w*(?:Required|Unavailable)/i,
    exit: EXIT.usage,
    code: "INVALID_REQUEST",
    reason: "the credentials for the gateway are missing or wrong",
    advice: `${CREDENTIALS}; after too many attempts, wait a few minutes`,
  },
  {
    signs: /\b(?:protocol|version) mismatch\b/i,
    exit: EXIT.noAnswer,
    code: "PROTOCOL_MISMATCH",
    reason: "the gateway and this openclaw are incompatible releases",
    advice: "update the older of the two, then run `openclaw gateway restart`",
  },
  {
    signs: /^UNAVAILABLE retryable=true|\bPluginInstanceUnavailable|\bunavailable during gateway\b/,
    exit: EXIT.noAnswer,
    code: "UNAVAILABLE",
    isTemporary: true,
    reason: "the gateway is starting, restarting or suspended, or is reloading the plugin",
    advice: "try again in a few seconds; `openclaw gateway status` shows the gateway's state",
  },
  {
    signs: /^INVALID_REQUEST|^CLIENT .*(?:--(?:timeout|port|url)\b|\btimeout value\b)/i,
    exit: EXIT.usage,
    code: "INVALID_REQUEST",
    reason: "OpenClaw refused the request",
  },
  {
    signs: /^CLIENT /,
    exit: EXIT.noAnswer,
    code: "UNREACHABLE",
    reason: "the gateway did not answer",
    advice:
      "run `openclaw gateway status` to check the gateway, and `openclaw gateway restart` to start it; if it is slow, allow more time with `--timeout`",
  },
  {
    signs: /\baddon=false\b/,
    exit: EXIT.problem,
    code: "UNAVAILABLE",
    reason: "the plugin's native addon is missing or does not load",
    advice:
      "install the package again without --omit=optional, then run `openclaw gateway restart`; docs/install.md has the causes",
  },
  { signs: /^/, exit: EXIT.problem, reason: "the gateway cannot answer" },
];

/** Converts an error of the host's gateway client for `method`. */
export function fromGateway(error, method) {
  // The host's further lines are paths and addresses.
  const [message] = String(error?.message ?? error).split(/[\r\n]/);
  const { gatewayCode = "CLIENT", retryable, details, name } = error ?? {};
  if (gatewayCode === "INVALID_REQUEST" && message.startsWith(`${method}: `)) {
    // Our own method may quote the words of another failure.
    const shown = message.replace(`${method}: `, "");
    return usageError(shown, shown.replace(QUOTED, '"…"'));
  }
  // Newer hosts send `details`, older hosts only a message.
  const facts = `retryable=${retryable} addon=${details?.addon} scope=${details?.missingScope}`;
  const signs = `${gatewayCode} ${facts} ${name}: ${message}`;
  if (UNKNOWN_METHOD.test(signs)) {
    return new CommandError({
      exit: EXIT.noAnswer,
      code: "UNKNOWN_METHOD",
      message: `the gateway has no method ${method}`,
      advice:
        "see whether the plugin is installed on the gateway's machine: `openclaw plugins list`. Then run `openclaw plugins enable openclaw-taas-affinity` and `openclaw gateway restart`",
    });
  }
  const { reason, ...failure } = FAILURES.find((row) => row.signs.test(signs));
  return new CommandError({
    code: CODE.test(gatewayCode) ? gatewayCode : "UNAVAILABLE",
    ...failure,
    message: `${reason}: ${message}`,
    publicMessage: gatewayCode === "CLIENT" ? withCode(reason, error) : reason,
  });
}

/** Returns any error as a {@link CommandError}. */
export function asCommandError(error) {
  if (error instanceof CommandError) {
    return error;
  }
  // The gateway did answer, so the exit code is not 3.
  const reason = "the gateway's answer has an unexpected form";
  return new CommandError({
    exit: EXIT.problem,
    code: "UNEXPECTED",
    message: `${reason}: ${error?.message}`,
    publicMessage: withCode(reason, error),
  });
}

/** `text`, followed by the error's code or class name if it has one. */
function withCode(text, error) {
  const codes = [error?.code, error?.cause?.code, error?.name];
  const code = codes.find((each) => Number.isInteger(each) || CODE.test(each));
  return code === undefined || code === "Error" ? text : `${text} (${code})`;
}
