// What is published: its names, versions and contents agree wherever they stand.

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { inspectBinary } from "../scripts/inspect-binary.mjs";
import { packAll } from "../scripts/packages.mjs";
import { platforms, readJson } from "../scripts/platforms.mjs";
import { publish } from "../scripts/publish.mjs";
import { ROOT } from "./support/plugin.mjs";

const VERSIONED = [
  "Cargo.lock",
  "Cargo.toml",
  "openclaw.plugin.json",
  "package-lock.json",
  "package.json",
];

function temporary(t) {
  const directory = mkdtempSync(join(tmpdir(), "taas-affinity-"));
  t.after(() => rmSync(directory, { recursive: true }));
  return directory;
}

/** Every place where the version stands, by name. */
function versions(root) {
  const manifest = readJson(join(root, "package.json"));
  const lock = readJson(join(root, "package-lock.json"));
  const text = (name) => readFileSync(join(root, name), "utf8");
  const found = {
    "package.json": manifest.version,
    "package-lock.json": lock.version,
    "package-lock.json, root": lock.packages[""].version,
    "openclaw.plugin.json": readJson(join(root, "openclaw.plugin.json")).version,
    "Cargo.toml": /\[workspace\.package\]\nversion = "(.*)"/.exec(text("Cargo.toml"))[1],
  };
  for (const path of ["Cargo.lock"]) {
    for (const [, name, version] of text(path).matchAll(
      /name = "(openclaw-taas-affinity|taas-affinity)"\nversion = "(.*)"/g,
    )) {
      found[`${path}, ${name}`] = version;
    }
  }
  for (const { name } of platforms(manifest)) {
    found[`optionalDependencies, ${name}`] = manifest.optionalDependencies[name];
    found[`package-lock.json, ${name}`] = lock.packages[`node_modules/${name}`]?.version;
    found[`package-lock.json, root, ${name}`] = lock.packages[""].optionalDependencies[name];
  }
  return found;
}

function assertVersions(root, expected) {
  for (const [where, version] of Object.entries(versions(root))) {
    assert.equal(version, expected, `${where}; npm run bump puts it right`);
  }
}

test("the eight platform packages are the only dependencies", () => {
  const manifest = readJson(join(ROOT, "package.json"));
  const names = platforms(manifest).map(({ name }) => name);
  assert.deepEqual(names.map((name) => name.slice("openclaw-taas-affinity-".length)).sort(), [
    "darwin-arm64",
    "darwin-x64",
    "linux-arm64-gnu",
    "linux-arm64-musl",
    "linux-x64-gnu",
    "linux-x64-musl",
    "win32-arm64-msvc",
    "win32-x64-msvc",
  ]);
  assert.deepEqual(Object.keys(manifest.optionalDependencies).sort(), [...names].sort());
  assert.deepEqual(manifest.openclaw.install.requiredPlatformPackages, names);
  assert.equal(manifest.dependencies, undefined);
});

test("every file names the same version", () => {
  assertVersions(ROOT, readJson(join(ROOT, "package.json")).version);
});

test("npm run bump sets the version in every file", (t) => {
  const directory = temporary(t);
  for (const name of [...VERSIONED, "scripts"]) {
    cpSync(join(ROOT, name), join(directory, name), { recursive: true });
  }
  const bump = (...args) =>
    spawnSync(process.execPath, ["scripts/bump.mjs", ...args], {
      cwd: directory,
      encoding: "utf8",
    });
  assert.equal(bump("12.34.56-beta.7").status, 0);
  assertVersions(directory, "12.34.56-beta.7");
  assert.match(bump("next").stderr, /not a version: next/);
  // Back again it is what is checked in, byte for byte.
  bump(readJson(join(ROOT, "package.json")).version);
  for (const name of VERSIONED) {
    assert.equal(
      readFileSync(join(directory, name), "utf8"),
      readFileSync(join(ROOT, name), "utf8"),
      `${name}; npm run bump puts it right`,
    );
  }
});

test("the main tarball contains the code and the documents in less than 100 KB", async (t) => {
  // Throws where the list of files, the size or the manifest is not what it should be.
  const { mainTarball } = await packAll({ destination: temporary(t), made: [] });
  assert.match(mainTarball, /openclaw-taas-affinity-\d+\.\d+\.\d+\.tgz$/);
});

test("a binary describes its own platform, and a file that is not an addon is refused", async (t) => {
  const [, addon] = readdirSync(ROOT)
    .join("\n")
    .match(/^(openclaw-taas-affinity\..*\.node)$/m);
  const { format, needs, libraries, exports } = await inspectBinary(join(ROOT, addon));
  const system = { linux: "ELF", darwin: "Mach-O", win32: "PE" }[process.platform];
  assert.match(format, new RegExp(`^${system} (x86-64|AArch64|arm64|ARM64)$`));
  assert.match(needs, /^(glibc 2\.\d+|musl|macOS \d+\.\d+|Windows NT \d+\.\d+)$/);
  assert.ok(libraries.length > 0);
  assert.ok(exports.includes("napi_register_module_v1"));

  const directory = temporary(t);
  const cut = join(directory, "cut.node");
  writeFileSync(cut, readFileSync(join(ROOT, addon)).subarray(0, 100_000));
  const text = join(directory, "text.node");
  writeFileSync(text, "This is no binary, and is as long as the header of one.".repeat(10));
  for (const path of [cut, text, join(directory, "missing.node")]) {
    await assert.rejects(inspectBinary(path), (error) => error.message.includes(path));
  }
});

test("the licences of every linked crate lie beside the binary", () => {
  const { targets } = readJson(join(ROOT, "package.json")).napi;
  const options = ["--locked", "--edges", "normal,no-proc-macro", "--prefix", "none"];
  const { status, stdout, stderr } = spawnSync(
    "cargo",
    ["tree", ...options, ...targets.flatMap((target) => ["--target", target])],
    { cwd: ROOT, encoding: "utf8" },
  );
  assert.equal(status, 0, stderr);
  // Without those that have a path, which are ours.
  const linked = new Set(
    [...stdout.matchAll(/^(\S+) v(\S+)(?: \(\*\))?$/gm)].map(
      ([, name, version]) => `${name} ${version}`,
    ),
  );
  assert.ok(linked.size > 50, stdout);
  const text = readFileSync(join(ROOT, "THIRD-PARTY-LICENSES.txt"), "utf8").split("\n");
  const missing = [...linked].filter((crate) => !text.includes(crate));
  assert.deepEqual(missing, [], "npm run licenses puts it right");
});

test("npm publish fails on a developer's machine", async () => {
  const token = process.env.ACTIONS_ID_TOKEN_REQUEST_URL;
  delete process.env.ACTIONS_ID_TOKEN_REQUEST_URL;
  try {
    const registry = "https://registry.invalid/";
    await assert.rejects(publish({ directory: ROOT, registry }), /only the release workflow/);
  } finally {
    if (token !== undefined) {
      process.env.ACTIONS_ID_TOKEN_REQUEST_URL = token;
    }
  }
});

test("no npm script runs implicitly before another script", () => {
  const { stdout } = spawnSync("npm", ["config", "get", "ignore-scripts"], {
    cwd: ROOT,
    encoding: "utf8",
    shell: process.platform === "win32",
  });
  assert.equal(stdout.trim(), "true");
});

test("a script knows that it is the main module, also under a path with a blank or a link", (t) => {
  const directory = mkdtempSync(join(tmpdir(), "a blank "));
  t.after(() => rmSync(directory, { recursive: true }));
  mkdirSync(join(directory, "scripts"));
  cpSync(join(ROOT, "scripts", "run.mjs"), join(directory, "scripts", "run.mjs"));
  const script = join(directory, "scripts", "it.mjs");
  const other = join(directory, "scripts", "other.mjs");
  writeFileSync(
    script,
    'import { isMain } from "./run.mjs"; console.log(isMain(import.meta.url));',
  );
  writeFileSync(other, 'import "./it.mjs";');
  const linked = join(directory, "linked");
  symlinkSync(join(directory, "scripts"), linked, "junction");
  const run = (file) => execFileSync(process.execPath, [file], { encoding: "utf8" });
  assert.equal(run(script), "true\n");
  assert.equal(run(join(linked, "it.mjs")), "true\n");
  assert.equal(run(other), "false\n");
});
