/**
 * Where the plugin stands against what people would use instead.
 *
 *     npm run bench [-- --json] [-- --write] [-- --quick] [-- --only calls,parts,…]
 *
 * Contestants run in alternating blocks of the same process, and ratios between neighbouring blocks
 * are the result: absolute times change with the machine and with what else it is doing. Everything
 * runs under the Node that the host runs under. With `--json`, standard output carries one JSON
 * object and nothing else; progress goes to standard error. `--write` writes the tables into
 * BENCHMARKS.md too. `--quick` is for trying, not for telling.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { cpus, release, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { writeInto } from "../scripts/document.mjs";
import { ROOT } from "../scripts/run.mjs";
import { wrap } from "../scripts/terminal.mjs";
import { hostPaths } from "../sim/hosts.mjs";
import { report } from "./report.mjs";
import { makeRepository } from "./repository.mjs";
import { sizes } from "./sizes.mjs";
import { spread } from "./stats.mjs";

const { values: options } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
    quick: { type: "boolean", default: false },
    only: { type: "string" },
  },
});
const { quick } = options;
if (options.write && (quick || options.only)) throw new Error("--write is for a whole run");
const { node } = hostPaths();
const say = (text) => console.error(wrap(`bench: ${text}`));

/** Runs one of the files beside this one in a process of its own and returns what it found. */
async function child(file, argument, flags = ["--expose-gc"]) {
  const args = [...flags, join("bench", file)];
  args.push(typeof argument === "string" ? argument : JSON.stringify(argument));
  return JSON.parse(await quietly(args));
}

/** Standard output of a child; what it says on standard error is shown. */
function quietly(args, { mayFail = false } = {}) {
  const { status, signal, stdout, error } = spawnSync(node, args, {
    cwd: ROOT,
    encoding: "utf8",
    maxBuffer: 1 << 28,
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (error) throw error;
  if (status !== 0 && !mayFail)
    throw new Error(`${args.join(" ")} ended with ${signal ?? `code ${status}`}`);
  return stdout;
}

const RIVALS = ["plugin", "ideal", "nothing"];
const SCENARIOS = [
  { name: "10 KB, 10 messages, 10 response headers" },
  { name: "1 MB", bytes: 1e6 },
  { name: "20 MB", bytes: 20e6 },
  { name: "10,000 messages", messages: 10_000, bytes: 1e6 },
  { name: "1,000 calls in flight", inFlight: 1000, rounds: quick ? 4 : 20 },
  { name: "2 response headers", headers: 2 },
  { name: "40 response headers", headers: 40 },
  { name: "a response without a route", variant: "not autorouted" },
  { name: "a caller with metadata, headers and hooks of its own", variant: "caller's own" },
  { name: "a simple completion (no workspace)", variant: "simple completion" },
  { name: "a new identity for every call", variant: "new owners", calls: 100 },
].map((scenario) => ({ contestants: RIVALS, ...scenario }));

/** The plugin's own tests, against the ideal rival: how much of the same work it does. */
function conformance() {
  const files = ["wire", "route"].map((name) => join("__test__", `${name}.test.mjs`));
  const flags = ["--test", "--test-reporter=tap", "--import", "./bench/conformance/redirect.mjs"];
  const text = quietly([...flags, ...files], { mayFail: true });
  const count = (what) => Number(new RegExp(`^# ${what} (\\d+)$`, "m").exec(text)[1]);
  return { passed: count("pass"), failed: count("fail") };
}

const calls = () => child("calls.mjs", { quick, scenarios: SCENARIOS });

async function withRepositories(sizesOf, body) {
  const root = mkdtempSync(join(realpathSync(tmpdir()), "taas-affinity-bench-"));
  try {
    const repositories = {};
    for (const files of sizesOf) {
      say(`making a repository of ${files} files`);
      repositories[files] = join(root, `files-${files}`);
      await makeRepository(repositories[files], files);
    }
    return await body(repositories);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/** The same calls where there is a repository, as often as they can be made. */
const repositories = () =>
  withRepositories(quick ? [100, 1000] : [100, 100_000], (made) =>
    child("calls.mjs", {
      quick,
      scenarios: Object.entries(made).map(([files, repository]) => ({
        name: `${files} files`,
        contestants: ["plugin", "ideal", "usual", "nothing"],
        repository,
        rounds: quick ? 4 : 15,
      })),
    }),
  );

/** What asking git costs, and whom: the processes, and the event loop of a gateway of 1.6 GB. */
const git = () =>
  withRepositories([100], ({ 100: repository }) =>
    child("git.mjs", { repository, probes: quick ? 3 : 20, bytes: quick ? 1e8 : 1.6e9 }),
  );

async function start() {
  const found = { plugin: [], ideal: [], nothing: [] };
  for (let round = 0; round < (quick ? 3 : 15); round += 1) {
    for (const name of Object.keys(found)) found[name].push(await child("start.mjs", name));
  }
  return Object.fromEntries(
    Object.entries(found).map(([name, runs]) => [
      name,
      Object.fromEntries(
        Object.keys(runs[0]).map((key) => [key, spread(runs.map((one) => one[key]))]),
      ),
    ]),
  );
}

async function memory() {
  // By default V8's young generation grows with the garbage, by more than all that is looked for here.
  const flags = ["--expose-gc", "--max-semi-space-size=1"];
  const calls = quick ? 20_000 : 1_000_000;
  const found = [];
  for (const contestant of RIVALS) {
    found.push(await child("memory.mjs", { contestant, calls }, flags));
    say(`memory of ${contestant}`);
  }
  return found;
}

/** Calls of the event-loop thread that are about files or processes, between the marks. */
function trace() {
  return withRepositories([100], ({ 100: repository }) => {
    const root = mkdtempSync(join(tmpdir(), "taas-affinity-trace-"));
    const file = join(root, "trace.txt");
    try {
      const command = [node, join("bench", "trace.mjs"), repository];
      // Without -f only the first thread is traced, which is the event loop's; the probing one runs freely.
      const strace = spawnSync("strace", ["-qq", "-y", "-s", "64", "-o", file, ...command], {
        cwd: ROOT,
        stdio: ["ignore", "ignore", "ignore"],
      });
      if (strace.error || strace.status !== 0) {
        return { traced: false, why: strace.error?.message ?? `strace: code ${strace.status}` };
      }
      return { traced: true, ...readTrace(readFileSync(file, "utf8")) };
    } finally {
      rmSync(root, { recursive: true });
    }
  });
}

const ABOUT_FILES_OR_PROCESSES =
  /^(?:open|creat|stat|lstat|fstat|newfstatat|statx|access|faccessat|readlink|getdents|pread|read$|readv|unlink|rename|mkdir|rmdir|chdir|getcwd|fork|vfork|clone|execve|wait|kill|tgkill|pipe|mmap_file)/;

function readTrace(text) {
  let steady = false;
  const counts = {};
  const offending = [];
  for (const call of text.split("\n")) {
    if (call.includes("steady state begins")) steady = true;
    else if (call.includes("steady state ends")) steady = false;
    else if (steady) {
      const name = /^\w+/.exec(call)?.[0];
      if (name === undefined) continue;
      counts[name] = (counts[name] ?? 0) + 1;
      // The loop wakes itself and V8's threads through eventfds and pipes, which are no files.
      if (ABOUT_FILES_OR_PROCESSES.test(name) && !/^read\(\d+<(?:anon_inode|pipe):/.test(call)) {
        offending.push(call);
      }
    }
  }
  return { calls: 200, counts, offending: offending.slice(0, 20), offences: offending.length };
}

const SECTIONS = {
  conformance,
  calls,
  repositories,
  git,
  parts: () => child("parts.mjs", { quick }),
  start,
  memory,
  threads: () => child("threads.mjs", { quick }, []),
  trace,
  gateway: () => child("gateway.mjs", { turns: quick ? 6 : 60 }, []),
  demo: () => child("demo.mjs", {}, []),
  sizes,
};

const wanted = options.only?.split(",") ?? Object.keys(SECTIONS);
const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
const tool = (command) => spawnSync(command, ["--version"], { encoding: "utf8" }).stdout.trim();
const results = {
  about: {
    plugin: version,
    date: new Date().toISOString().slice(0, 10),
    node: tool(node),
    rustc: tool("rustc"),
    git: tool("git"),
    cpu: `${cpus().length} x ${cpus()[0].model}`,
    memory: `${Math.round(totalmem() / 2 ** 30)} GB`,
    system: `${process.platform} ${release()}`,
    quick,
  },
};
for (const name of wanted) {
  if (SECTIONS[name] === undefined) throw new Error(`no such section: ${name}`);
  say(name);
  results[name] = await SECTIONS[name]();
}
process.stdout.write(options.json ? `${JSON.stringify(results)}\n` : report(results));
if (options.write) {
  writeInto("BENCHMARKS.md", "bench", `\n${report(results, { markdown: true }).trimEnd()}\n`);
}
