// Loads the native addon that fits this machine.

import { existsSync, readFileSync, realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

import { PublicError } from "../log.js";

const NAME = "openclaw-taas-affinity";

/** The package's manifest. */
export const MANIFEST = JSON.parse(
  readFileSync(new URL("../../package.json", import.meta.url), "utf8"),
);

/** `linux-x64-gnu` and so on, with glibc before musl. */
const BUILDS = Object.keys(MANIFEST.optionalDependencies).map((name) =>
  name.slice(NAME.length + 1),
);

const platform = () => `${process.platform}-${process.arch}`;

const builds = () => BUILDS.filter((build) => `${build}-`.startsWith(`${platform()}-`));

/** Whether Node runs on musl instead of glibc. */
function isMusl() {
  const { report } = process;
  const { excludeNetwork } = report;
  // The network interfaces would take most of the report's time.
  report.excludeNetwork = true;
  try {
    return !report.getReport().header.glibcVersionRuntime;
  } finally {
    report.excludeNetwork = excludeNetwork;
  }
}

/** This machine, for messages. */
export const machine = () =>
  builds().length > 1 ? `${platform()} (${isMusl() ? "musl" : "glibc"})` : platform();

/** The path of a build: beside the package in a checkout, else in its platform package. */
function locate(require, rootDir, build) {
  const beside = join(rootDir, `${NAME}.${build}.node`);
  try {
    return existsSync(beside) ? realpathSync(beside) : require.resolve(`${NAME}-${build}`);
  } catch (error) {
    if (error.code === "MODULE_NOT_FOUND") {
      return [];
    }
    throw error;
  }
}

/**
 * Loads the addon by its real path. The host runs each copy of this module from a private snapshot of the package. By the
 * real path, all copies in the process share one library and one store.
 *
 * @param {string} rootDir the package's real directory
 * @param {{ anew?: boolean }} [options] `anew` if the file may have been replaced since it was loaded
 * @returns {typeof import("../../native.js")}
 * @throws {Error} if this machine has no binary, or the binary does not load
 */
export function loadNative(rootDir, { anew = false } = {}) {
  const require = createRequire(join(rootDir, "package.json"));
  const found = builds().flatMap((build) => locate(require, rootDir, build));
  // npm installs the build for this C library only. Other tools can install both.
  const path = found.length > 1 && isMusl() ? found[1] : found[0];
  if (path === undefined) {
    throw new PublicError(
      `there is no native addon for ${machine()} beside the package or in a platform package. ` +
        `Supported are ${BUILDS.join(", ")}. ` +
        "npm leaves optional dependencies out with --omit=optional, and when a lock file or " +
        "node_modules was made on another platform: remove both and install again. To build the " +
        "addon from source, with Rust, in a checkout: npm ci && npm run build",
    );
  }
  if (anew) {
    delete require.cache[path];
  }
  try {
    return require(path);
  } catch (cause) {
    throw new PublicError(`the native addon does not load on ${machine()}`, {
      cause: new Error(`${path}: ${cause.message}`, { cause }),
    });
  }
}
