// `npm run test:hosts` runs the suite of `__test__/hosts` on every OpenClaw release that the plugin
// supports, one after the other, and prints what holds on which as a table. `npm run test:hosts --
// 2026.6.9` runs it on that one only. `oldest`, `newest` and `beta` are names too, the last for the newest beta if one is
// newer than all releases. `--write` writes the table into docs/hosts.md.
//
// A host is installed into a temporary directory (550 to 1,100 MB) and removed after its run. Where
// OPENCLAW_HOSTS names a directory, what it has of them, each in one named by its version, is used and
// left there.
//
// Only the version of OpenClaw itself is pinned, not what it depends on: six lock files of 4,500 lines
// would be read by nobody, and whoever installs an old release today gets the dependencies of today too.
// The newest release, which all other tests run on, has its lock file in `sim/host`.

import { existsSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run as runTests } from "node:test";
import { spec } from "node:test/reporters";

import { nextVersion, packRelease } from "../__test__/support/release.mjs";
import { compareVersions, hostPaths, RELEASES } from "../sim/hosts.mjs";
import { writeInto } from "./document.mjs";
import { hostsReport } from "./hosts-report.mjs";
import { readJson } from "./platforms.mjs";
import { ROOT, run } from "./run.mjs";
import { setup } from "./setup.mjs";

const SUITE = join(ROOT, "__test__", "hosts", "hosts.test.mjs");
const { optionalDependencies: NODES } = readJson(join(ROOT, "sim", "host", "package.json"));

/** The newest beta, where it is newer than what is tested anyway. */
async function betas() {
  const view = await run("npm", ["view", "openclaw", "versions", "--json"], { quiet: true });
  const newest = JSON.parse(view)
    .filter((version) => version.includes("-beta."))
    .sort(compareVersions)
    .at(-1);
  if (newest !== undefined && compareVersions(newest, RELEASES.at(-1)) > 0) {
    return [newest];
  }
  console.log(`no beta is newer than ${RELEASES.at(-1)}`);
  return [];
}

/** Installs a release, and calls `use` with the directory where it is. */
async function withHost(version, use) {
  const kept = process.env.OPENCLAW_HOSTS && join(process.env.OPENCLAW_HOSTS, version);
  if (kept && existsSync(kept)) {
    return await use(kept);
  }
  const directory = mkdtempSync(join(realpathSync(tmpdir()), "openclaw-host-"));
  const remove = () => rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
  process.once("exit", remove);
  try {
    const manifest = {
      private: true,
      dependencies: { openclaw: version },
      optionalDependencies: NODES,
    };
    writeFileSync(join(directory, "package.json"), JSON.stringify(manifest));
    const options = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
    await run("npm", ["install", ...options], { cwd: directory, quiet: true });
    return await use(directory);
  } finally {
    remove();
    process.removeListener("exit", remove);
  }
}

/** Runs the suite on the host in `directory`; what each of its tests came to, by its name. */
async function suite(directory) {
  process.env.OPENCLAW_HOST = directory;
  const results = new Map();
  const events = runTests({ files: [SUITE] });
  const note = (outcome) => (event) => {
    // Where the file cannot be run, it is reported as a test that failed.
    results.set(event.name, { outcome, reason: event.skip });
  };
  events.on("test:pass", note("passed")).on("test:fail", note("failed"));
  await new Promise((resolve, reject) => {
    const shown = events.compose(new spec());
    shown.on("data", (text) => process.stdout.write(text));
    shown.on("end", resolve).on("error", reject);
  });
  return results;
}

// A host that was being tested is removed then, too.
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));

const seconds = (from) => Math.round((Date.now() - from) / 1000);

const WRITE = "--write";
const wanted = process.argv.slice(2).filter((name) => name !== WRITE);
const NAMES = {
  oldest: () => [RELEASES[0]],
  newest: () => [RELEASES.at(-1)],
  beta: betas,
};
const versions = [];
for (const name of wanted.length > 0 ? wanted : RELEASES) {
  versions.push(...((await NAMES[name]?.()) ?? [name]));
}

if (versions.length > 0) {
  await setup({ host: false, registry: true });
  console.error("test:hosts: packing this version and the next");
  const releases = [await packRelease(), await packRelease(nextVersion())];
  process.env.TAAS_AFFINITY_RELEASES = JSON.stringify(releases);
}

const hosts = [];
for (const version of versions) {
  const began = Date.now();
  console.log(`\n=== OpenClaw ${version}`);
  try {
    await withHost(version, async (directory) => {
      const installed = seconds(began);
      const node = await run(hostPaths(directory).node, ["--version"], { quiet: true });
      const results = await suite(directory);
      const times = `${installed} + ${seconds(began) - installed} s`;
      hosts.push({ version, node: node.trim(), results, times });
    });
  } catch (error) {
    console.log(error);
    const results = new Map([["the suite runs", { outcome: "failed" }]]);
    hosts.push({ version, node: "", results, times: `${seconds(began)} s` });
  }
}

hosts.sort((one, other) => compareVersions(one.version, other.version));
const notes = [];
/** "yes" only because a test said so in this run. */
function cell(result) {
  if (result === undefined) return "";
  if (result.outcome === "failed") return "FAILED";
  if (result.reason === undefined) return "yes";
  if (!notes.includes(result.reason)) notes.push(result.reason);
  return `no (${notes.indexOf(result.reason) + 1})`;
}

const names = [...new Set(hosts.flatMap(({ results }) => [...results.keys()]))];
const rows = [
  ["Node of the run", ...hosts.map(({ node }) => node)],
  ...names.map((name) => [name, ...hosts.map(({ results }) => cell(results.get(name)))]),
  ["time: install + run", ...hosts.map(({ times }) => times)],
];
const found = [hosts.map(({ version }) => version), rows, notes];
console.log(`\n${hostsReport(...found, false)}`);
if (process.argv.includes(WRITE)) {
  writeInto("docs/hosts.md", "test:hosts", `\n${hostsReport(...found, true)}\n`);
}

const outcomes = hosts.flatMap(({ results }) => [...results.values()]);
const failed = outcomes.filter(({ outcome }) => outcome === "failed").length;
console.log(`\n${outcomes.length - failed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
