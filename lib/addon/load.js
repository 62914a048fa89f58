// Which library image of the addon serves this copy of the package. A managed update puts each version into a directory
// of its own, so that a running gateway maps a second library beside the first; the store must be one all the same.

import { getEnvironmentData, setEnvironmentData } from "node:worker_threads";

import { PublicError } from "../log.js";
import { loadNative } from "./native.js";
import { INTERFACE, shared } from "./shared.js";

/** The directory of the image that serves this interface, handed down to worker threads. */
const DIRECTORY = `openclaw-taas-affinity.directory.${INTERFACE}`;

/**
 * The addon for the package in `rootDir`: an image of its interface that is in the process already,
 * wherever that lies, else its own.
 *
 * @param {string} rootDir the package's real directory
 * @returns {{ native: typeof import("../../native.js"), built: string }} `built` is the version of the
 *   package's own binary
 * @throws {Error} where there is no binary for this machine, it cannot be loaded, or it does not fit
 */
export function imageFor(rootDir) {
  const own = fitting(rootDir);
  if (shared.addon.native === undefined) {
    shared.addon.native = inherited() ?? own;
    setEnvironmentData(DIRECTORY, getEnvironmentData(DIRECTORY) ?? rootDir);
  }
  return { native: shared.addon.native, built: own.version() };
}

/** The package's own binary; after an update in its place, not the one that was loaded before. */
function fitting(rootDir) {
  const speaks = (native) => native.interfaceNumber?.() ?? "none";
  const loaded = loadNative(rootDir);
  const own = speaks(loaded) === INTERFACE ? loaded : loadNative(rootDir, { anew: true });
  if (speaks(own) !== INTERFACE) {
    throw new PublicError(
      `the binary speaks interface ${speaks(own)} and the package ${INTERFACE}: install the package again`,
    );
  }
  return own;
}

/** The image that the thread which started this one was served by. */
function inherited() {
  const directory = getEnvironmentData(DIRECTORY);
  try {
    return directory === undefined ? undefined : loadNative(directory);
  } catch {
    // It was removed after it had been loaded; this thread does without.
    return undefined;
  }
}
