// What a binary says of itself. The tool in `inspect-binary/` reads it, and refuses what it does not
// expect, since every release is checked by it.

import { run } from "./run.mjs";

const TOOL = ["run", "--quiet", "--locked", "-p", "inspect-binary", "--"];

/**
 * @param {string} path
 * @returns {Promise<{ format: string, needs: string, libraries: string[], exports: string[] }>}
 *   `needs` is the lowest C library or system that it says it runs on
 * @throws {Error} with the path, where it is no addon as we build it; why is on standard error
 */
export async function inspectBinary(path) {
  return JSON.parse(await run("cargo", [...TOOL, path], { quiet: true }));
}
