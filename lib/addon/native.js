// Loads the native addon that fits this machine.

import { existsSync, realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

import { PublicError } from "../log.js";

const NAME = "openclaw-taas-affinity";

/** What there is a binary for: `process.platform`-`process.arch`, and the builds that fit it. */
const BUILDS = {
  "darwin-arm64": ["darwin-arm64"],
  "darwin-x64": ["darwin-x64"],
  "linux-arm64": ["linux-arm64-gnu", "linux-arm64-musl"],
  "linux-x64": ["linux-x64-gnu", "linux-x64-musl"],
  "win32-arm64": ["win32-arm64-msvc"],
  "win32-x64": ["win32-x64-msvc"],
};

/** Which C library Node runs on. Asked for only where it decides, since a report takes milliseconds. */
function libc() {
  const { report } = process;
  const { excludeNetwork } = report;
  // Looking network interfaces up would take the report most of its time.
  report.excludeNetwork = true;
  try {
    return report.getReport().header.glibcVersionRuntime ? "gnu" : "musl";
  } finally {
    report.excludeNetwork = excludeNetwork;
  }
}

/** The path of one build: the file beside the package (a checkout), else the platform package. */
function locate(require, rootDir, build) {
  const beside = join(rootDir, `${NAME}.${build}.node`);
  if (existsSync(beside)) {
    return beside;
  }
  try {
    return require.resolve(`${NAME}-${build}`);
  } catch (error) {
    if (error.code === "MODULE_NOT_FOUND") {
      return undefined;
    }
    throw error;
  }
}

/** The machine as a message names it: platform, arch and, where there are several, the C library. */
function machineName(platform, builds) {
  return builds.length > 1 ? `${platform} (${libc() === "gnu" ? "glibc" : "musl"})` : platform;
}

/** This machine, as a message names it. */
export function machine() {
  const platform = `${process.platform}-${process.arch}`;
  return machineName(platform, BUILDS[platform] ?? []);
}

function notFound(platform, builds) {
  return new PublicError(
    `there is no native binary for ${machineName(platform, builds)} beside the package or in a ` +
      `platform package. Supported are ${Object.values(BUILDS).flat().join(", ")}. ` +
      "npm leaves optional dependencies out with --omit=optional, and when a lock file or " +
      "node_modules was made on another platform: remove both and install again. To build the " +
      "binary from source, with Rust, in a checkout: npm ci && npm run build",
  );
}

/** What was loaded, by the package's directory: the host registers again and again. */
const loaded = new Map();

/**
 * The addon, loaded by its real path. The host runs this module from private snapshots of the
 * package, one for each copy; a library loaded from there would be a separate image with a capture
 * table of its own. By the real path there is one image, and one table, for the whole process.
 *
 * @param {string} rootDir the package's real directory
 * @param {{ anew?: boolean }} [options] `anew` where the file has been replaced since it was loaded
 * @returns {typeof import("../../native.js")}
 * @throws {Error} where there is no binary for this machine, or it cannot be loaded
 */
export function loadNative(rootDir, { anew = false } = {}) {
  if (anew || !loaded.has(rootDir)) {
    loaded.set(rootDir, load(rootDir, anew));
  }
  return loaded.get(rootDir);
}

function load(rootDir, anew) {
  const require = createRequire(join(rootDir, "package.json"));
  const platform = `${process.platform}-${process.arch}`;
  const builds = BUILDS[platform] ?? [];
  const found = builds.flatMap((build) => {
    const path = locate(require, rootDir, build);
    return path === undefined ? [] : [{ build, path }];
  });
  if (found.length === 0) {
    throw notFound(platform, builds);
  }
  // npm installs the one that fits; both are there where other tools or other machines did.
  const { path } =
    (found.length > 1 && found.find(({ build }) => build.endsWith(libc()))) || found[0];
  if (anew) {
    delete require.cache[realpathSync(path)];
  }
  try {
    return require(path);
  } catch (cause) {
    throw new PublicError(`the native binary does not load on ${machineName(platform, builds)}`, {
      cause: new Error(`${path}: ${cause.message}`, { cause }),
    });
  }
}
