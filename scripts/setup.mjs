// Installs and builds everything that the demo and the tests need: the tools of this package, the addon, and the
// OpenClaw under test with the Node that it needs. What is up to date is kept. `--without-host` leaves out OpenClaw.

import { statSync } from "node:fs";
import { join } from "node:path";

import { isMain, ROOT, run } from "./run.mjs";

/** Installs from the lock file, unless what is installed is at least as new as the lock file. */
async function install(what, directory) {
  const changed = (name) =>
    statSync(join(ROOT, directory, name), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (changed("node_modules/.package-lock.json") >= changed("package-lock.json")) {
    return;
  }
  console.error(`setup: installing ${what}`);
  // OpenClaw's own install scripts refuse to run under an older Node than it needs itself.
  await run("npm", ["ci", "--ignore-scripts", "--loglevel=error"], { cwd: join(ROOT, directory) });
}

async function build() {
  console.error("setup: building the addon");
  try {
    await run("npm", ["run", "build"]);
  } catch (cause) {
    throw new Error(`${cause.message}; Rust is needed: https://rustup.rs`, { cause });
  }
}

/** Compiles the tests here, so that a test run shows the time that tests take. */
async function buildRustTests() {
  console.error("setup: compiling the Rust tests");
  await run("cargo", ["test", "--workspace", "--locked", "--no-run", "--quiet"]);
}

/**
 * @param {{ host?: boolean, registry?: boolean, rustTests?: boolean }} [options] `host` installs OpenClaw, `registry`
 *   installs what the tests of the ways to install need, `rustTests` compiles the Rust tests
 */
export async function setup({ host = true, registry = false, rustTests = false } = {}) {
  // The build needs them, and keeps one core busy: the other can unpack meanwhile.
  await install("the tools of this package", ".");
  await Promise.all([
    host && install("OpenClaw and its Node (about 700 MB, a minute or two)", "sim/host"),
    registry && install("a registry and ClawHub's judge, for the tests", "__test__/registry"),
    build(),
  ]);
  if (rustTests) {
    await buildRustTests();
  }
}

if (isMain(import.meta.url)) {
  await setup({ host: !process.argv.includes("--without-host") });
}
