// Git repositories of a given size, made by the real git.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";

import { GIT_ENV, git } from "../sim/git.mjs";

/**
 * A clean checkout of `files` files, a hundred in each directory.
 *
 * @param {string} directory
 * @param {number} files
 */
export async function makeRepository(directory, files) {
  mkdirSync(directory, { recursive: true });
  git(directory, "init", "--quiet", "--initial-branch=main");
  const child = spawn("git", ["fast-import", "--quiet"], {
    cwd: directory,
    env: GIT_ENV,
    stdio: ["pipe", "ignore", "inherit"],
  });
  const ended = once(child, "close");
  const write = async (text) => {
    if (!child.stdin.write(text)) await once(child.stdin, "drain");
  };
  await write("commit refs/heads/main\ncommitter Bench <bench@example.com> 1700000000 +0000\n");
  await write("data 5\nfiles\n");
  for (let file = 0; file < files; file += 1) {
    const text = `file ${file}\n`;
    const path = `dir-${Math.floor(file / 100)}/file-${file}.txt`;
    await write(`M 100644 inline ${path}\ndata ${text.length}\n${text}\n`);
  }
  child.stdin.end("done\n");
  const [code] = await ended;
  if (code !== 0) throw new Error(`git fast-import ended with code ${code}`);
  git(directory, "-c", "core.fsync=none", "reset", "--quiet", "--hard", "main");
}
