// Fail open: whatever goes wrong in here, the model call goes out as its caller made it, and one
// warning for each kind of fault says so in the gateway's log.

import { shared } from "./addon/shared.js";

/** Enough for any message of ours; what comes from elsewhere may be of any length. */
const LINE_LIMIT = 2000;

/** What could end a line, command a terminal that shows it, or turn or hide what follows. */
const CONTROLS = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu;

/** An error whose message anybody may read: it has no path and no user name. Its `cause` is for the log alone. */
export class PublicError extends Error {}

const IN_LOG = "the gateway's log says why";

/** Whether anybody may read the message of whatever was thrown, even where looking at it throws again. */
export function isPublic(error) {
  try {
    return error instanceof PublicError;
  } catch {
    return false;
  }
}

/** What people in a chat and callers of gateway methods may read of whatever was thrown. */
export function publicMessageOf(error) {
  if (!isPublic(error)) {
    return `something went wrong in the plugin; ${IN_LOG}`;
  }
  return error.cause === undefined ? error.message : `${error.message}; ${IN_LOG}`;
}

/** The message of whatever was thrown, for the log, even where reading it throws again. */
export function messageOf(error) {
  try {
    if (isPublic(error) && error.cause !== undefined) {
      return `${error.message}: ${messageOf(error.cause)}`;
    }
    return String(error instanceof Error ? error.message : error);
  } catch {
    return "an error that cannot be printed";
  }
}

/** `text` as a single line for people, of at most `limit` characters. */
export const oneLine = (text, limit = LINE_LIMIT) =>
  text.slice(0, limit).toWellFormed().replace(CONTROLS, " ");

/**
 * @typedef {(kind: string, consequence: string, error: unknown) => void} Warn
 * says `consequence` and why, once for each `kind`, however many copies of this module there are
 */

/**
 * @typedef {object} Log
 * @property {Warn} warn
 * @property {<T>(kind: string, consequence: string, action: () => T) => T | undefined} attempt returns what `action`
 *   returns; if that throws, it warns and returns `undefined`
 * @property {(line: string) => void} info
 * @property {((line: string) => void) | undefined} debug for the people who debug a gateway, if there are any
 */

/**
 * @param {{ info(message: string): void, warn(message: string): void }} logger the host's
 * @param {boolean} isDebugging
 * @returns {Log}
 */
export function createLog(logger, isDebugging) {
  const write = (level, line) => {
    try {
      logger[level](oneLine(`taas-affinity: ${line}`));
    } catch {
      // A logger that throws must not fail the call either.
    }
  };

  function warn(kind, consequence, error) {
    if (!shared.warned.has(kind)) {
      shared.warned.add(kind);
      write("warn", `${consequence}: ${messageOf(error)} (said once)`);
    }
  }

  function attempt(kind, consequence, action) {
    try {
      return action();
    } catch (error) {
      warn(kind, consequence, error);
      return undefined;
    }
  }

  const info = (line) => write("info", line);
  return { warn, attempt, info, debug: isDebugging ? info : undefined };
}
