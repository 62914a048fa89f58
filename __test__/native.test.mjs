// Which binary is loaded on which machine, and what is said where none is.

import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";

import { loadNative } from "../lib/addon/native.js";
import { platforms, readJson } from "../scripts/platforms.mjs";
import { forgetWarnings, METHOD, ROOT, register, VERSION } from "./support/plugin.mjs";

const NAME = "openclaw-taas-affinity";
const BUILDS = platforms(readJson(join(ROOT, "package.json"))).map(({ build }) => build);
/** The binary that was built for this machine. */
const OWN = readdirSync(ROOT).find((name) => name.endsWith(".node"));
const OWN_BUILD = OWN.slice(NAME.length + 1, -".node".length);

let directory;
const machine = {
  platform: process.platform,
  arch: process.arch,
  getReport: process.report.getReport,
};

beforeEach(() => {
  forgetWarnings();
  directory = mkdtempSync(join(tmpdir(), "taas-affinity-"));
});

afterEach(() => {
  beOn(machine);
  rmSync(directory, { recursive: true });
});

/** Makes this process look like one on another machine. */
function beOn({ platform, arch, getReport }) {
  Object.defineProperty(process, "platform", { value: platform });
  Object.defineProperty(process, "arch", { value: arch });
  process.report.getReport = getReport;
}

const glibc = () => ({ header: { glibcVersionRuntime: "2.17" } });
const musl = () => ({ header: {} });

const beside = (build) => join(directory, `${NAME}.${build}.node`);

/** A platform package as npm would install it. */
function installed(build, main = "index.cjs") {
  const path = join(directory, "node_modules", `${NAME}-${build}`);
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, "package.json"), JSON.stringify({ main }));
  return join(path, main);
}

/** Something that can be told from other builds, and is no library. */
const script = (build) => `module.exports = { build: ${JSON.stringify(build)} };`;

function failure() {
  try {
    loadNative(directory);
  } catch (error) {
    return error;
  }
  assert.fail("it was loaded");
}

describe("the platform package", () => {
  for (const build of BUILDS) {
    test(`the platform package of ${build} is loaded on that platform`, () => {
      const [platform, arch, libc] = build.split("-");
      beOn({ platform, arch, getReport: libc === "musl" ? musl : glibc });
      for (const other of BUILDS) {
        writeFileSync(installed(other), script(other));
      }
      assert.deepEqual(loadNative(directory), { build });
    });
  }

  test("a platform package without an alternative is loaded without asking for the C library", () => {
    beOn({ platform: "linux", arch: "x64", getReport: () => assert.fail("asked") });
    writeFileSync(installed("linux-x64-musl"), script("musl"));
    assert.deepEqual(loadNative(directory), { build: "musl" });
  });

  test("a binary beside the package takes precedence over the platform package", () => {
    writeFileSync(installed(OWN_BUILD), script("package"));
    copyFileSync(join(ROOT, OWN), beside(OWN_BUILD));
    assert.equal(loadNative(directory).version(), VERSION);
  });

  test("a platform package that throws is reported with its own error, not as missing", () => {
    writeFileSync(installed(OWN_BUILD), "throw new RangeError('of its own');");
    const { message, cause } = failure();
    assert.match(message, /does not load on /);
    assert.match(cause.message, /: of its own$/);
    assert.ok(cause.cause instanceof RangeError);
  });

  test("a platform package that cannot be resolved for another reason is not reported as missing", () => {
    const path = installed(OWN_BUILD);
    writeFileSync(join(path, "..", "package.json"), "{ not JSON");
    assert.notEqual(failure().code, "MODULE_NOT_FOUND");
    assert.match(failure().message, /JSON|package config/i);
  });
});

describe("no binary", () => {
  for (const [what, on, named] of [
    ["musl", { platform: "linux", arch: "arm64", getReport: musl }, "linux-arm64 (musl)"],
    ["glibc", { platform: "linux", arch: "x64", getReport: glibc }, "linux-x64 (glibc)"],
    ["macOS", { platform: "darwin", arch: "arm64", getReport: musl }, "darwin-arm64 "],
    ["an unsupported machine", { platform: "aix", arch: "ppc64", getReport: musl }, "aix-ppc64 "],
  ]) {
    test(`${what} gives one message that says what is missing, what is installed and what to do`, () => {
      beOn(on);
      const { message } = failure();
      for (const text of [named, ...BUILDS, "--omit=optional", "npm ci && npm run build"]) {
        assert.ok(message.includes(text), `${text}: ${message}`);
      }
    });
  }

  test("the gateway method gives the same message, with one warning", () => {
    const first = register({ rootDir: directory });
    const second = register({ rootDir: directory });
    const { ok, error } = second.ask({});
    assert.equal(ok, false);
    assert.equal(error.message, `${METHOD}: ${failure().message}`);
    assert.equal(first.warnings.length + second.warnings.length, 1);
  });
});

test("asking for the C library does not change the settings of process.report", () => {
  for (const before of [true, false]) {
    process.report.excludeNetwork = before;
    for (const getReport of [glibc, () => assert.fail("boom")]) {
      beOn({ platform: "linux", arch: "x64", getReport });
      failure();
      assert.equal(process.report.excludeNetwork, before);
    }
  }
  process.report.excludeNetwork = false;
});

test("the path of a binary that does not load is only in the log", async () => {
  forgetWarnings();
  writeFileSync(beside(OWN_BUILD), "no library");
  const { message, cause } = failure();
  assert.ok(message.includes(`${process.platform}-${process.arch}`), message);
  assert.ok(cause.message.includes(beside(OWN_BUILD)), cause.message);
  const commands = [];
  const host = register({
    rootDir: directory,
    registerCommand: (command) => commands.push(command),
  });
  assert.equal(host.warnings.length, 1);
  assert.ok(host.warnings[0].includes(beside(OWN_BUILD)), host.warnings[0]);
  const refused = [...host.methods].map(([name, { handler }]) => {
    let said;
    handler({ params: {}, respond: (_, __, error) => (said = error.message) });
    assert.equal(said, `${name}: ${message}; the gateway's log says why`);
    return said;
  });
  assert.equal(refused.length, 5);
  const { text } = await commands[0].handler({ agentId: "main", args: "" });
  assert.equal(text, `TaaS affinity cannot answer: ${message}; the gateway's log says why`);
});

test("a foreign error is only in the log", () => {
  forgetWarnings();
  writeFileSync(
    installed(OWN_BUILD),
    `module.exports = new Proxy({}, { get() { throw new Error("/home/a-user/secret"); } });`,
  );
  const host = register({ rootDir: directory });
  const { error } = host.ask({});
  assert.doesNotMatch(error.message, /[/\\]/);
  assert.match(error.message, /the gateway's log says why/);
  assert.match(host.warnings.join(), /untouched.*secret/);
});

test("a binary of another version works, with one warning that names both", () => {
  const real = JSON.stringify(join(ROOT, OWN));
  const old = `module.exports = { ...require(${real}), version: () => "0.0.1" };`;
  writeFileSync(installed(OWN_BUILD), old);
  const first = register({ rootDir: directory });
  const second = register({ rootDir: directory });
  const warnings = [...first.warnings, ...second.warnings];
  assert.equal(warnings.length, 1, warnings.join("\n"));
  assert.ok(warnings[0].includes(`addon 0.0.1, package ${VERSION}`), warnings[0]);
  assert.match(warnings[0], /restart the gateway/);
  assert.equal(second.ask({}).ok, true);
});
