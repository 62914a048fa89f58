// Selects the addon for this copy of the package. A managed update installs each version in a directory of its own. Copies
// from several directories must still share one store, so they share one addon.

import { homedir, hostname } from "node:os";
import { fileURLToPath } from "node:url";
import { getEnvironmentData, setEnvironmentData } from "node:worker_threads";

import { PublicError } from "../log.js";
import { loadNative, MANIFEST } from "./native.js";
import { INTERFACE, shared } from "./shared.js";

const { version } = MANIFEST;

/** Worker threads inherit the addon's directory under this key. */
const DIRECTORY = `openclaw-taas-affinity.directory.${INTERFACE}`;

/**
 * @typedef {object} Addon
 * @property {typeof import("../../native.js")} native
 * @property {import("../../native.js").Gateway} gateway
 * @property {string} version of the package
 * @property {string} built the version of the package's own binary
 */

/**
 * @param {string | undefined} rootDir the package's real directory
 * @param {import("../host/settings.js").Settings} settings
 * @param {import("../log.js").Warn} warn
 * @returns {Addon}
 * @throws {Error} if this machine has no binary, or the binary does not load or has another interface
 */
export function loadAddon(rootDir, { gitHints, namespace }, warn) {
  const directory = rootDir ?? fileURLToPath(new URL("../..", import.meta.url));
  const own = ownAddon(directory);
  shared.addon.native ??= inheritedAddon() ?? own;
  setEnvironmentData(DIRECTORY, getEnvironmentData(DIRECTORY) ?? directory);
  const { native } = shared.addon;
  const built = own.version();
  if (built !== version) {
    warn(
      `version ${built}`,
      "the native addon and the package have different versions and may not fit together",
      `addon ${built ?? "unknown"}, package ${version}: restart the gateway, and if that does not help, install the package again`,
    );
  }
  const gateway = new native.Gateway(version, hostname(), home(), gitHints, namespace);
  return { native, gateway, version, built };
}

/** The user's home directory; `null` for a user without one. */
function home() {
  try {
    return homedir();
  } catch {
    return null;
  }
}

/** The package's own addon. An update in place replaces a file that is already loaded. */
function ownAddon(directory) {
  const interfaceOf = (native) => native.interfaceNumber?.() ?? "none";
  const loaded = loadNative(directory);
  const own = interfaceOf(loaded) === INTERFACE ? loaded : loadNative(directory, { anew: true });
  if (interfaceOf(own) !== INTERFACE) {
    throw new PublicError(
      `the native addon has interface ${interfaceOf(own)} and the package ${INTERFACE}: install the package again`,
    );
  }
  return own;
}

/** The addon of the thread that started this thread. */
function inheritedAddon() {
  const directory = getEnvironmentData(DIRECTORY);
  try {
    return directory === undefined ? undefined : loadNative(directory);
  } catch {
    // The directory was removed after the other thread had loaded the addon.
    return undefined;
  }
}
