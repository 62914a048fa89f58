// Which image of the addon serves this copy of the package. A managed update puts each version into a
// directory of its own, so that a running gateway maps a second library beside the first; the table
// of captures must be one all the same.

import { getEnvironmentData, setEnvironmentData } from "node:worker_threads";

import { loadNative } from "./native.js";

/** The interface between this JavaScript and the addon. Raised in both whenever it changes. */
export const INTERFACE = 8;

const IMAGES = Symbol.for("openclaw-taas-affinity.images");

/** The directory of the image that serves an interface, handed down to worker threads. */
const directoryKey = (number) => `openclaw-taas-affinity.directory.${number}`;

/** @returns {Map<number, object>} by interface number, the images that serve this thread */
const images = () => (globalThis[IMAGES] ??= new Map());

/**
 * The addon for the package in `rootDir`: an image of its interface that is in the process already,
 * wherever that lies, else its own.
 *
 * @param {string} rootDir the package's real directory
 * @returns {{ native: import("../native.js").Native, built: string }} `built` is the version of the
 *   package's own binary
 * @throws {Error} where there is no binary for this machine, it cannot be loaded, or it does not fit
 */
export function imageFor(rootDir) {
  const own = fitting(rootDir);
  if (!images().has(INTERFACE)) {
    images().set(INTERFACE, inherited() ?? own);
    setEnvironmentData(
      directoryKey(INTERFACE),
      getEnvironmentData(directoryKey(INTERFACE)) ?? rootDir,
    );
  }
  return { native: images().get(INTERFACE), built: own.version() };
}

/** The package's own binary; after an update in its place, not the one that was loaded before. */
function fitting(rootDir) {
  const speaks = (native) => native.interfaceNumber?.() ?? "none";
  const loaded = loadNative(rootDir);
  const own = speaks(loaded) === INTERFACE ? loaded : loadNative(rootDir, { anew: true });
  if (speaks(own) !== INTERFACE) {
    throw new Error(
      `the binary speaks interface ${speaks(own)} and the package ${INTERFACE}: install the package again`,
    );
  }
  return own;
}

/** The image that the thread which started this one was served by. */
function inherited() {
  const directory = getEnvironmentData(directoryKey(INTERFACE));
  try {
    return directory === undefined ? undefined : loadNative(directory);
  } catch {
    // It was removed after it had been loaded; this thread does without.
    return undefined;
  }
}

/**
 * Has `native` take over what the images of other interfaces hold, each whatever becomes of the others.
 *
 * @param {import("../native.js").Native} native
 * @param {ReturnType<typeof import("./faults.js").createFaults>} faults
 */
export function gatherInto(native, { attempt }) {
  for (const other of images().values()) {
    if (other !== native) {
      attempt("gather", "routes and algorithms of before an update may be missing", () =>
        native.takeOver(other.snapshot()),
      );
    }
  }
}
