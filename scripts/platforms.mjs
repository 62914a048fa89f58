// What a platform package is, by the targets of `package.json`. The rest of the packaging reads it
// here: the version bump, the packages themselves, the builds, the tests.

import { readFileSync } from "node:fs";

/** What npm and Node call the parts of a Rust target. */
const SYSTEMS = {
  "unknown-linux-gnu": { os: "linux", libc: "glibc", suffix: "-gnu" },
  "unknown-linux-musl": { os: "linux", libc: "musl", suffix: "-musl" },
  "apple-darwin": { os: "darwin", suffix: "" },
  "pc-windows-msvc": { os: "win32", suffix: "-msvc" },
};
const CPUS = { x86_64: "x64", aarch64: "arm64" };

export const readJson = (path) => JSON.parse(readFileSync(path, "utf8"));

/**
 * One platform that there is a package for.
 *
 * @typedef {object} Platform
 * @property {string} target Rust's name for it
 * @property {string} build the end of the package's name, such as `linux-x64-gnu`
 * @property {string} name the package
 * @property {string} file the binary in it
 * @property {string} os
 * @property {string} cpu
 * @property {string} [libc]
 */

/**
 * The platforms, in the order of `package.json`.
 *
 * @param {{ name: string, napi: { binaryName: string, targets: string[] } }} manifest
 * @returns {Platform[]}
 */
export function platforms({ name, napi }) {
  return napi.targets.map((target) => {
    const [architecture, ...rest] = target.split("-");
    const { os, libc, suffix } = SYSTEMS[rest.join("-")];
    const cpu = CPUS[architecture];
    const build = `${os}-${cpu}${suffix}`;
    return {
      target,
      build,
      name: `${name}-${build}`,
      file: `${napi.binaryName}.${build}.node`,
      os,
      cpu,
      ...(libc && { libc }),
    };
  });
}
