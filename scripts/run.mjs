// Runs the commands that the npm scripts are made of.

import { spawn } from "node:child_process";
import { realpathSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** Whether a module, by its `import.meta.url`, is the one that Node was told to run. */
export const isMain = (url) =>
  process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(url);

/**
 * Runs a command in the repository, shows what it prints on standard error or, with `stdout`, on
 * standard output, and resolves to its standard output. With `quiet` only what it says on standard
 * error is shown.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, stdout?: boolean, quiet?: boolean }} [options]
 * @returns {Promise<string>}
 * @throws {Error} where the command cannot be started or does not end well
 */
export async function run(
  command,
  args,
  { cwd = ROOT, env = {}, stdout = false, quiet = false } = {},
) {
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "inherit"],
    // npm is a batch file there.
    shell: process.platform === "win32",
  });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (chunk) => {
    text += chunk;
    if (!quiet) {
      (stdout ? process.stdout : process.stderr).write(chunk);
    }
  });
  const [code, signal] = await new Promise((resolve, reject) => {
    child.on("error", reject).on("close", (...end) => resolve(end));
  }).catch((cause) => {
    throw new Error(`${command} cannot be started: ${cause.message}`, { cause });
  });
  if (code !== 0) {
    throw Object.assign(
      new Error(`${command} ${args.join(" ")} ended with ${signal ?? `code ${code}`}`),
      { stdout: text },
    );
  }
  return text;
}
