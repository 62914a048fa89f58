// Fail open: whatever goes wrong in here, the model call goes out as its caller made it, and one
// warning for each kind of fault says so in the gateway's log.

// The host imports this module several times in one process, and the copies share nothing else.
const WARNED = Symbol.for("openclaw-taas-affinity.warned");

/** The message of whatever was thrown, even where reading it throws again. */
export function messageOf(error) {
  try {
    return String(error instanceof Error ? error.message : error);
  } catch {
    return "an error that cannot be printed";
  }
}

/**
 * A function that warns once for each kind of fault, however many copies of this module there are.
 *
 * @param {{ warn(message: string): void }} logger
 * @returns {(kind: string, consequence: string, error: unknown) => void}
 */
export function createWarn(logger) {
  globalThis[WARNED] ??= new Set();
  const warned = globalThis[WARNED];
  return (kind, consequence, error) => {
    if (warned.has(kind)) {
      return;
    }
    warned.add(kind);
    try {
      logger.warn(`taas-affinity: ${consequence}: ${messageOf(error)} (said once)`);
    } catch {
      // A logger that throws must not fail the call either.
    }
  };
}
