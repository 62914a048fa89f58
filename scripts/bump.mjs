// `npm run bump 1.2.3` sets the version everywhere it stands. With the version that there is, it puts
// right what has come apart, such as a lock file that npm has written anew.
//
// npm leaves an optional dependency out of the lock file where the registry does not have it, which
// is so for the platform packages of a version until that is published; `npm ci` then refuses the
// lock file. So their entries are written here. They name no tarball and no checksum: there is none
// yet, and what a checkout runs on is the binary that is built in it.

import { readFileSync, writeFileSync } from "node:fs";

import { platforms, readJson } from "./platforms.mjs";

const SEMVER = /^\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?$/;

const writeJson = (path, value) => writeFileSync(path, `${JSON.stringify(value, null, 2)}\n`);

function rewrite(path, pattern, replacement) {
  const text = readFileSync(path, "utf8");
  if (!pattern.test(text)) {
    throw new Error(`${path} has no version where one is expected`);
  }
  pattern.lastIndex = 0;
  writeFileSync(path, text.replace(pattern, replacement));
}

const manifest = readJson("package.json");
const version = process.argv[2] ?? manifest.version;
if (!SEMVER.test(version)) {
  throw new Error(`not a version: ${version}; usage: npm run bump 1.2.3`);
}

const own = platforms(manifest);
manifest.version = version;
// In npm's own order, or npm would write the lock file anew.
const names = own.map(({ name }) => name).sort();
manifest.optionalDependencies = Object.fromEntries(names.map((name) => [name, version]));
manifest.openclaw.install.requiredPlatformPackages = own.map(({ name }) => name);
writeJson("package.json", manifest);

const lock = readJson("package-lock.json");
lock.version = version;
const { name, license, devDependencies, engines } = manifest;
const { optionalDependencies } = manifest;
const modules = Object.fromEntries(
  Object.entries(lock.packages).filter(
    ([path]) => path !== "" && !path.startsWith(`node_modules/${name}-`),
  ),
);
for (const { name: path, os, cpu, libc } of own) {
  modules[`node_modules/${path}`] = {
    version,
    cpu: [cpu],
    ...(libc && { libc: [libc] }),
    license,
    optional: true,
    os: [os],
    engines,
  };
}
lock.packages = {
  "": { name, version, license, devDependencies, engines, optionalDependencies },
  ...Object.fromEntries(
    Object.entries(modules).sort(([one], [other]) => one.localeCompare(other, "en")),
  ),
};
writeJson("package-lock.json", lock);

rewrite("openclaw.plugin.json", /^ {2}"version": ".*"/m, `  "version": "${version}"`);
rewrite("Cargo.toml", /(?<=^\[workspace\.package\]\nversion = ").*(?=")/m, version);
// The crates of the workspace: this one, the core and the repository's.
rewrite(
  "Cargo.lock",
  /(?<=^name = "(?:openclaw-)?taas-affinity(?:-repo)?"\nversion = ").*(?=")/gm,
  version,
);
console.error(`${name} ${version}`);
