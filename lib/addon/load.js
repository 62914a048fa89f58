// Which addon serves this copy of the package. A managed update puts each version into a directory of its own, so that
// a running gateway maps a second library beside the first; the store must be one all the same.

import { readFileSync } from "node:fs";
import { homedir, hostname } from "node:os";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { getEnvironmentData, setEnvironmentData } from "node:worker_threads";

import { PublicError } from "../log.js";
import { loadNative } from "./native.js";
import { INTERFACE, shared } from "./shared.js";

const PACKAGE = new URL("../../package.json", import.meta.url);
const { version } = JSON.parse(readFileSync(PACKAGE, "utf8"));

/** The directory of the addon that serves this interface, handed down to worker threads. */
const DIRECTORY = `openclaw-taas-affinity.directory.${INTERFACE}`;

/**
 * @typedef {object} Addon
 * @property {typeof import("../../native.js")} native
 * @property {import("../../native.js").Gateway} gateway
 * @property {string} version of the package
 * @property {string} built the version of the package's own binary
 */

/**
 * The addon, and what it decides for this gateway.
 *
 * @param {string | undefined} rootDir the package's real directory
 * @param {import("../host/settings.js").Settings} settings
 * @param {import("../log.js").Warn} warn
 * @returns {Addon}
 * @throws {Error} where there is no binary for this machine, it cannot be loaded, or it does not fit
 */
export function loadAddon(rootDir, { gitHints, namespace }, warn) {
  const { native, built } = addonFor(rootDir ?? dirname(fileURLToPath(PACKAGE)));
  if (built !== version) {
    warn(
      `version ${built}`,
      "the binary and the package are of different versions, which may not fit",
      `binary ${built ?? "unknown"}, package ${version}: restart the gateway, and if that does not help, install the package again`,
    );
  }
  const gateway = new native.Gateway(version, hostname(), home(), gitHints, namespace);
  return { native, gateway, version, built };
}

/** The user's home directory. Without one, and without a passwd entry, only `~` is not understood. */
function home() {
  try {
    return homedir();
  } catch {
    return null;
  }
}

/** The addon of this interface that is in the process already, wherever that lies, else the package's own. */
function addonFor(rootDir) {
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

/** The addon that serves the thread which started this one. */
function inherited() {
  const directory = getEnvironmentData(DIRECTORY);
  try {
    return directory === undefined ? undefined : loadNative(directory);
  } catch {
    // It was removed after it had been loaded; this thread does without.
    return undefined;
  }
}
