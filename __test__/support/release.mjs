// Releases of this package for the tests: packed as the release workflow packs them, published to the
// registry of the test, with the binary of this machine.

import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { makePlatformPackages, packAll } from "../../scripts/packages.mjs";
import { platforms, readJson } from "../../scripts/platforms.mjs";
import { publish } from "../../scripts/publish.mjs";
import { ROOT, run } from "../../scripts/run.mjs";

const LIBRARIES = {
  linux: "libopenclaw_taas_affinity.so",
  darwin: "libopenclaw_taas_affinity.dylib",
  win32: "openclaw_taas_affinity.dll",
};

function temporary() {
  const directory = mkdtempSync(join(realpathSync(tmpdir()), "taas-affinity-"));
  process.once("exit", () => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/**
 * Copies what is in the repository, as one has it after a clone: no `node_modules`, no binary.
 *
 * @param {string} directory
 * @param {{ lock?: boolean }} [options] without `lock`, no lock file either
 */
export function copyCheckout(directory, { lock = true } = {}) {
  const listing = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
  const files = execFileSync("git", listing, { cwd: ROOT, encoding: "utf8" }).split("\0");
  for (const file of files) {
    if (file !== "" && (lock || file !== "package-lock.json")) {
      cpSync(join(ROOT, file), join(directory, file));
    }
  }
  return directory;
}

/** The version after the one of this checkout. */
export function nextVersion() {
  const { version } = readJson(join(ROOT, "package.json"));
  const [major, minor, patch] = version.split(".");
  return `${major}.${minor}.${Number.parseInt(patch, 10) + 1}`;
}

/**
 * Builds the addon from a copy of the checkout. Not optimised, because that takes a minute and would
 * show nothing more here.
 */
async function buildAddon(checkout, binaries) {
  // Where `cargo test` has the dependencies built already.
  const target = join(ROOT, "node_modules", ".cache", "cargo");
  await run("cargo", ["build", "--lib", "--locked"], {
    cwd: checkout,
    env: { CARGO_TARGET_DIR: target },
    quiet: true,
  });
  const own = readdirSync(ROOT).find((name) => name.endsWith(".node"));
  mkdirSync(binaries);
  cpSync(join(target, "debug", LIBRARIES[process.platform]), join(binaries, own));
}

/**
 * Packs this checkout as `version`, its own where none is given.
 *
 * @param {string} [version]
 * @returns {Promise<{ directory: string, mainTarball: string }>} where all tarballs are, and the main one
 */
export async function packRelease(version) {
  const root = copyCheckout(temporary());
  let binaries = ROOT;
  if (version !== undefined) {
    await run(process.execPath, ["scripts/bump.mjs", version], { cwd: root, quiet: true });
    binaries = join(root, "built");
    await buildAddon(root, binaries);
  }
  const made = await makePlatformPackages({ root, binaries });
  if (made.length !== 1) {
    throw new Error(
      `one binary was expected beside the package, not ${made.length}: npm run build`,
    );
  }
  const directory = join(root, "dist");
  // An unoptimised binary is larger than a released one may be.
  const limit = version === undefined ? {} : { binaryLimit: Number.POSITIVE_INFINITY };
  const { mainTarball } = await packAll({ root, destination: directory, made, ...limit });
  return { directory, mainTarball };
}

/**
 * Packs this checkout as `version` and publishes it.
 *
 * @param {{ registry: { url: string, env: NodeJS.ProcessEnv }, version?: string }} options
 * @returns {Promise<string>} the main package's tarball
 */
export async function release({ registry, version }) {
  const { directory, mainTarball } = await packRelease(version);
  await publish({ directory, registry: registry.url, env: registry.env });
  return mainTarball;
}

export const platformNames = platforms(readJson(join(ROOT, "package.json"))).map(
  ({ name }) => name,
);
