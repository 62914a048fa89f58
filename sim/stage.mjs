// Copies the plugin as npm would publish it, with the binary for this machine, into its own directory. OpenClaw does not
// load a plugin whose directory contains OpenClaw, and this checkout contains the host under test.

import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = resolve(fileURLToPath(new URL("..", import.meta.url)));

/**
 * Copies the package into a new directory, which is removed when this process exits.
 *
 * @param {{ binary?: boolean }} [options] `binary: false` leaves the native binary out
 */
export function stagePlugin({ binary = true } = {}) {
  const directory = mkdtempSync(join(realpathSync(tmpdir()), "taas-affinity-"));
  process.once("exit", () => rmSync(directory, { recursive: true, force: true }));
  const listing = execFileSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], {
    cwd: ROOT,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
    shell: process.platform === "win32",
  });
  const files = JSON.parse(listing)[0].files.map(({ path }) => path);
  const binaries = readdirSync(ROOT).filter((name) => name.endsWith(".node"));
  for (const name of binary ? [...files, ...binaries] : files) {
    cpSync(join(ROOT, name), join(directory, name));
  }
  return directory;
}
