// The plugin's log. A fault in the plugin never fails a model call. It causes one warning in the gateway's log.

/** Characters of a line in the log. */
const LINE_LIMIT = 2000;

/** Characters that end a line, control a terminal, or hide or reverse the text after them. */
const CONTROLS = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu;

/** An error whose message has no path and no user name, so every user may read it. Only the log shows its `cause`. */
export class PublicError extends Error {}

/** Whether `error` is a {@link PublicError}. A proxy can throw at this question. */
export function isPublic(error) {
  try {
    return error instanceof PublicError;
  } catch {
    return false;
  }
}

/** The part of an error's message that chats and callers of gateway methods may read. */
export function publicMessageOf(error) {
  const message = isPublic(error) ? error.message : "something went wrong in the plugin";
  return isPublic(error) && error.cause === undefined
    ? message
    : `${message}; the gateway's log says why`;
}

/** The whole message of a thrown value, for the log only. */
function messageOf(error) {
  try {
    if (isPublic(error) && error.cause !== undefined) {
      return `${error.message}: ${messageOf(error.cause)}`;
    }
    return String(error instanceof Error ? error.message : error);
  } catch {
    return "an error that cannot be printed";
  }
}

/** `text` as a single line of at most `limit` characters. */
export const oneLine = (text, limit = LINE_LIMIT) =>
  text.slice(0, limit).toWellFormed().replace(CONTROLS, " ");

/**
 * @typedef {(kind: string, consequence: string, error: unknown) => void} Warn
 * writes `consequence` and the reason once for each `kind`
 *
 * @typedef {object} Log
 * @property {Warn} warn
 * @property {<T>(kind: string, consequence: string, action: () => T) => T | undefined} attempt returns the result of
 *   `action`; if `action` throws, warns and returns `undefined`
 * @property {(line: string) => void} info
 * @property {((line: string) => void) | undefined} debug is missing unless debug lines are on
 */

/**
 * @param {{ info(message: string): void, warn(message: string): void }} logger the host's
 * @param {boolean} isDebugging
 * @param {Set<string>} warned the kinds of faults that the log already has
 * @returns {Log}
 */
export function createLog(logger, isDebugging, warned) {
  const write = (level, line) => {
    try {
      logger[level](oneLine(`taas-affinity: ${line}`));
    } catch {
      // A logger that throws must not fail the model call.
    }
  };

  function warn(kind, consequence, error) {
    if (!warned.has(kind)) {
      warned.add(kind);
      write("warn", `${consequence}: ${messageOf(error)} (said once)`);
    }
  }

  function attempt(kind, consequence, action) {
    try {
      return action();
    } catch (error) {
      return warn(kind, consequence, error);
    }
  }

  const info = (line) => write("info", line);
  return { warn, attempt, info, debug: isDebugging ? info : undefined };
}
