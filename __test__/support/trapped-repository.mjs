// A git repository whose configuration and files try to make git run a script.

import { execFileSync } from "node:child_process";
import { existsSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Makes a repository with one commit on the branch `dev` in a workspace of the gateway.
 *
 * @param {string} workspace
 * @param {{ root: string, environment: NodeJS.ProcessEnv }} gateway
 * @returns {{ git: (...args: string[]) => void, trap: string, wasRun: () => boolean }} `trap` is the path of the script,
 *   `wasRun` says whether anything ran the script
 */
export function makeTrappedRepository(workspace, { root, environment }) {
  const sprung = join(root, "sprung");
  const git = (...args) =>
    execFileSync("git", ["-c", "user.name=a", "-c", "user.email=a@example.com", ...args], {
      cwd: workspace,
      env: environment,
    });
  git("init", "-q", "-b", "dev");
  writeFileSync(join(workspace, "notes.txt"), "one\n");
  git("add", "notes.txt");
  git("commit", "-q", "-m", "first");
  const trap = join(workspace, "trap.sh");
  writeFileSync(trap, `#!/bin/sh\ntouch '${sprung}'\ncat\n`, { mode: 0o755 });
  for (const [key, value] of [
    ["core.hooksPath", workspace],
    ["core.sshCommand", trap],
    ["filter.trap.clean", trap],
    ["filter.trap.process", trap],
    ["diff.trap.textconv", trap],
    ["diff.external", trap],
    ["core.pager", trap],
    ["core.editor", trap],
  ]) {
    git("config", key, value);
  }
  for (const name of ["post-index-change", "pre-commit", "fsmonitor-watchman"]) {
    symlinkSync(trap, join(workspace, name));
  }
  return { git, trap, wasRun: () => existsSync(sprung) };
}
