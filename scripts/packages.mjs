// The packages that are published, from the binaries in `artifacts/`: `npm/*` for the platforms, and
// everything as tarballs in `dist/`, checked. `npm run packages -- --all` wants every platform, and
// `--checksums` writes only the checksums anew.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

import { platforms, readJson } from "./platforms.mjs";
import { isMain, ROOT, run } from "./run.mjs";

const MAIN_LIMIT = 100 * 1024;
const BINARY_LIMIT = 2 * 1024 * 1024;

/** Of what is linked into the binaries: `npm run licenses` writes it. */
const THIRD_PARTY = "THIRD-PARTY-LICENSES.txt";

/** What the main package consists of. Sources, tests and binaries are no part of it. */
const mainFiles = (root) =>
  [
    "DESIGN.md",
    "LICENSE",
    "README.md",
    "SECURITY.md",
    "index.d.ts",
    "index.js",
    "openclaw.plugin.json",
    "package.json",
    ...readdirSync(join(root, "examples")).map((name) => `examples/${name}`),
    ...["lib", "lib/addon", "lib/call", "lib/command", "lib/host", "lib/surface", "docs"].flatMap(
      (directory) =>
        readdirSync(join(root, directory))
          .filter((name) => name.endsWith(directory === "docs" ? ".md" : ".js"))
          .map((name) => `${directory}/${name}`),
    ),
  ].sort();

const napi = (root) => join(root, "node_modules", "@napi-rs", "cli", "dist", "cli.js");

/**
 * Makes `npm/*` anew, one package for each platform that `binaries` has a binary for.
 *
 * @param {{ root?: string, binaries: string, all?: boolean }} options
 * @returns {Promise<import("./platforms.mjs").Platform[]>} what there is a package for
 */
export async function makePlatformPackages({ root = ROOT, binaries, all = false }) {
  const manifest = readJson(join(root, "package.json"));
  rmSync(join(root, "npm"), { recursive: true, force: true });
  await run(process.execPath, [napi(ROOT), "create-npm-dirs"], { cwd: root, quiet: true });
  const made = [];
  for (const platform of platforms(manifest)) {
    const directory = join(root, "npm", platform.build);
    const binary = join(binaries, platform.file);
    if (!existsSync(binary)) {
      if (all) {
        throw new Error(`${binary} is missing`);
      }
      rmSync(directory, { recursive: true });
      continue;
    }
    copyFileSync(binary, join(directory, platform.file));
    for (const name of ["LICENSE", THIRD_PARTY]) {
      copyFileSync(join(ROOT, name), join(directory, name));
    }
    const path = join(directory, "package.json");
    const { publishConfig, repository } = manifest;
    // npm skips an optional package without a word if its own Node is older than `engines`.
    const { engines: _, ...rest } = readJson(path);
    const full = { ...rest, ...(repository && { repository }), publishConfig };
    full.files.push(THIRD_PARTY);
    writeFileSync(path, `${JSON.stringify(full, null, 2)}\n`);
    made.push(platform);
  }
  return made;
}

/** Packs a directory and returns what npm says of the tarball. */
async function pack(directory, destination) {
  const args = ["pack", "--json", "--ignore-scripts", "--pack-destination", destination];
  const listing = await run("npm", args, { cwd: directory, quiet: true });
  const [{ filename, files, size }] = JSON.parse(listing);
  return {
    path: join(destination, filename),
    size,
    files: files.map(({ path }) => path).sort(),
    manifest: readJson(join(directory, "package.json")),
  };
}

/** What holds for every package: nothing runs at installation, nothing else is installed. */
function checkManifest({ manifest, path }, version) {
  const { scripts = {}, dependencies = {}, publishConfig } = manifest;
  const hooks = ["preinstall", "install", "postinstall", "prepare"].filter((name) => scripts[name]);
  assert.ok(hooks.length === 0, `${path}: install scripts ${hooks}`);
  assert.ok(Object.keys(dependencies).length === 0, `${path}: dependencies`);
  assert.ok(manifest.version === version, `${path}: version ${manifest.version}, not ${version}`);
  assert.ok(publishConfig?.provenance === true, `${path}: may be published without provenance`);
}

function checkFiles({ path, files }, expected) {
  assert.ok(
    JSON.stringify(files) === JSON.stringify(expected),
    `${path} holds ${files.join(", ")}; it should hold ${expected.join(", ")}`,
  );
}

/**
 * Packs the platform packages and the main package, and checks what is in each.
 *
 * @param {{ root?: string, destination: string, made: import("./platforms.mjs").Platform[],
 *   binaryLimit?: number }} options
 * @returns {Promise<{ platformTarballs: string[], mainTarball: string }>}
 */
export async function packAll({ root = ROOT, destination, made, binaryLimit = BINARY_LIMIT }) {
  rmSync(destination, { recursive: true, force: true });
  mkdirSync(destination, { recursive: true });
  const { version } = readJson(join(root, "package.json"));
  const platformTarballs = [];
  for (const { build, file, os, cpu, libc } of made) {
    const directory = join(root, "npm", build);
    const tarball = await pack(directory, destination);
    checkManifest(tarball, version);
    checkFiles(tarball, ["LICENSE", "README.md", THIRD_PARTY, file, "package.json"].sort());
    const { manifest, path } = tarball;
    assert.ok(
      JSON.stringify([manifest.os, manifest.cpu, manifest.libc]) ===
        JSON.stringify([[os], [cpu], libc && [libc]]),
      `${path}: os, cpu or libc`,
    );
    assert.ok(manifest.main === file, `${path}: main`);
    assert.ok(manifest.engines === undefined, `${path}: engines, so an older npm leaves it out`);
    const { size } = statSync(join(directory, file));
    assert.ok(size < binaryLimit, `${path}: a binary of ${size} bytes`);
    platformTarballs.push(path);
  }
  const main = await pack(root, destination);
  checkManifest(main, version);
  checkFiles(main, mainFiles(root));
  assert.ok(main.size < MAIN_LIMIT, `${main.path}: ${main.size} bytes`);
  return { platformTarballs, mainTarball: main.path };
}

/** Writes `SHA256SUMS` beside the tarballs, in the form that `sha256sum --check` reads. */
function writeChecksums(destination) {
  const lines = readdirSync(destination)
    .filter((name) => name !== "SHA256SUMS")
    .sort()
    .map((name) => {
      const digest = createHash("sha256").update(readFileSync(join(destination, name)));
      return `${digest.digest("hex")}  ${name}\n`;
    });
  writeFileSync(join(destination, "SHA256SUMS"), lines.join(""));
}

if (isMain(import.meta.url)) {
  const destination = join(ROOT, "dist");
  if (!process.argv.includes("--checksums")) {
    const all = process.argv.includes("--all");
    const made = await makePlatformPackages({ binaries: join(ROOT, "artifacts"), all });
    await packAll({ destination, made });
  }
  writeChecksums(destination);
  console.log(readdirSync(destination).join("\n"));
}
