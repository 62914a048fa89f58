// The usual way: the same, with the repository hints by two synchronous `git` calls a request.

import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";

import { createIdeal } from "./ideal.mjs";

const git = (cwd, ...args) =>
  execFileSync("git", args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();

function rootOf(workspace) {
  for (let dir = workspace; ; dir = dirname(dir)) {
    if (existsSync(join(dir, ".git"))) return dir;
    if (dir === dirname(dir)) return undefined;
  }
}

function readHints(workspace) {
  if (workspace === undefined) return undefined;
  const root = rootOf(workspace);
  if (root === undefined) return undefined;
  try {
    const branch = git(workspace, "rev-parse", "--abbrev-ref", "HEAD");
    const status = git(workspace, "status", "--porcelain", "--untracked-files=no");
    return {
      repo_name: basename(root),
      ...(branch === "HEAD" ? {} : { git_branch_hint: branch }),
      git_dirty_hint: status !== "",
    };
  } catch {
    return { repo_name: basename(root) };
  }
}

export default { ...createIdeal(readHints), id: "usual" };
