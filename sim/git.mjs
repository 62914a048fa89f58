// Git repositories for workspaces, made by the machine's own git and always in the same way, whatever
// its user has configured.

import { execFileSync, spawnSync } from "node:child_process";

const NOBODY = { NAME: "Nobody", EMAIL: "nobody@example.com", DATE: "2026-01-01T00:00:00Z" };
const PERSONS = Object.entries(NOBODY).flatMap(([key, value]) => [
  [`GIT_AUTHOR_${key}`, value],
  [`GIT_COMMITTER_${key}`, value],
]);

// Within a hook of git, its variables lead to the repository that the hook belongs to.
const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith("GIT_"));

/** The environment of a git that reads nobody's configuration. */
export const GIT_ENV = {
  ...Object.fromEntries([...inherited, ...PERSONS]),
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CONFIG_SYSTEM: "/dev/null",
};

/** Whether there is a git. On macOS a stand-in opens a window where the developer tools are missing. */
export function hasGit() {
  const answers = (command, argument) => spawnSync(command, [argument]).status === 0;
  return (
    (process.platform !== "darwin" || answers("xcode-select", "-p")) && answers("git", "--version")
  );
}

/** @throws {Error} with what git says, where it fails */
export function git(directory, ...args) {
  return execFileSync("git", args, {
    cwd: directory,
    env: GIT_ENV,
    encoding: "utf8",
    stdio: "pipe",
  });
}

/**
 * Makes a directory a repository with one commit, of all that is in it.
 *
 * @param {string} directory
 * @param {string} branch
 */
export function commitAll(directory, branch) {
  git(directory, "init", "--quiet");
  git(directory, "checkout", "--quiet", "-b", branch);
  git(directory, "add", "--all");
  git(directory, "commit", "--quiet", "--message=All that is here");
}
