// What the package weighs: the binary, and what `npm install` puts on a disk.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { ROOT } from "../scripts/run.mjs";

const npm = (cwd, ...args) =>
  execFileSync("npm", args, { cwd, encoding: "utf8", shell: process.platform === "win32" });

function weigh(directory) {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  const bytes = files.map((file) => statSync(join(file.parentPath, file.name)).size);
  return { files: files.length, bytes: bytes.reduce((sum, one) => sum + one, 0) };
}

/** Sizes in bytes. The package of a platform is its binary and a manifest, and is counted as such. */
export function sizes() {
  const name = readdirSync(ROOT).find((file) => file.endsWith(".node"));
  const binary = statSync(join(ROOT, name)).size;
  const directory = mkdtempSync(join(tmpdir(), "taas-affinity-size-"));
  try {
    const packed = npm(ROOT, "pack", "--json", "--ignore-scripts", "--pack-destination", directory);
    const [{ filename }] = JSON.parse(packed);
    writeFileSync(join(directory, "package.json"), '{"private":true}');
    npm(
      directory,
      ..."install --offline --omit=dev --omit=optional --ignore-scripts --no-audit".split(" "),
      `./${filename}`,
    );
    return { name, binary, installed: weigh(join(directory, "node_modules")) };
  } finally {
    rmSync(directory, { recursive: true });
  }
}
