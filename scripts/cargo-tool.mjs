// Tools that cargo installs, each of one version, into a folder of this checkout.

import { existsSync } from "node:fs";
import { join } from "node:path";

import { ROOT, run } from "./run.mjs";

/**
 * The path of a tool's program; the first call compiles it, which takes minutes.
 *
 * @param {string} name
 * @param {string} version
 * @param {...string} options of `cargo install`
 */
export async function cargoTool(name, version, ...options) {
  const root = join(ROOT, "node_modules", ".cache", name, version);
  const program = join(root, "bin", process.platform === "win32" ? `${name}.exe` : name);
  if (!existsSync(program)) {
    const args = ["install", name, "--version", version, "--locked", "--root", root, ...options];
    await run("cargo", args);
  }
  return program;
}
