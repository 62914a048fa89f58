// Brings everything that the demo and the tests need: the tools of this package, the OpenClaw that
// it is tested with (and the Node that OpenClaw needs), and the addon. What is there is kept. With
// `--without-host`, for what needs no OpenClaw, that is left out.

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

/**
 * @param {{ host?: boolean, registry?: boolean }} [options] `host` for what runs a gateway, `registry`
 *   for the tests of the ways to install
 */
export async function setup({ host = true, registry = false } = {}) {
  // The build needs them, and keeps one core busy: the other can unpack meanwhile.
  await install("the tools of this package", ".");
  await Promise.all([
    host && install("OpenClaw and its Node (about 700 MB, a minute or two)", "sim/host"),
    registry && install("a registry and ClawHub's judge, for the tests", "__test__/registry"),
    build(),
  ]);
}

if (isMain(import.meta.url)) {
  await setup({ host: !process.argv.includes("--without-host") });
}
