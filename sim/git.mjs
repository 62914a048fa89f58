// Makes git repositories for workspaces with the machine's git. The user's git configuration has no effect.

import { execFileSync, spawnSync } from "node:child_process";

const AUTHOR = { NAME: "Nobody", EMAIL: "nobody@example.com", DATE: "2026-01-01T00:00:00Z" };
const PERSONS = Object.entries(AUTHOR).flatMap(([key, value]) => [
  [`GIT_AUTHOR_${key}`, value],
  [`GIT_COMMITTER_${key}`, value],
]);

// A git hook sets variables that point to its own repository.
const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith("GIT_"));

/** An environment in which git reads no configuration of user or system. */
export const GIT_ENV = {
  ...Object.fromEntries([...inherited, ...PERSONS]),
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CONFIG_SYSTEM: "/dev/null",
};

/** Whether git is installed. On macOS without developer tools, running `git` would open a window. */
export function hasGit() {
  const answers = (command, argument) => spawnSync(command, [argument]).status === 0;
  return (
    (process.platform !== "darwin" || answers("xcode-select", "-p")) && answers("git", "--version")
  );
}

/** @throws {Error} with git's message */
export function git(directory, ...args) {
  return execFileSync("git", args, {
    cwd: directory,
    env: GIT_ENV,
    encoding: "utf8",
    stdio: "pipe",
  });
}

/**
 * Makes a directory a repository with one commit of all its files.
 *
 * @param {string} directory
 * @param {string} branch
 */
export function commitAll(directory, branch) {
  git(directory, "init", "--quiet");
  git(directory, "checkout", "--quiet", "-b", branch);
  git(directory, "add", "--all");
  git(directory, "commit", "--quiet", "--message=Add all files");
}
