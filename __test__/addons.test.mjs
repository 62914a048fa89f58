// One store in the process, however many installs there are. Each install has a library of its own in its own directory,
// and the operating system loads each library separately.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { pathToFileURL } from "node:url";

import { INTERFACE } from "../lib/addon/shared.js";
import { ROOT } from "./support/plugin.mjs";

const base = mkdtempSync(join(tmpdir(), "taas-addons-"));
after(() => rmSync(base, { recursive: true }));

/** An install of its own, of another interface where `number` says so. */
function install(name, number) {
  const dir = join(base, name);
  const binaries = readdirSync(ROOT).filter((file) => file.endsWith(".node"));
  for (const file of ["index.js", "lib", "package.json", ...binaries]) {
    cpSync(join(ROOT, file), join(dir, file), { recursive: true });
  }
  if (number !== undefined) {
    const shared = join(dir, "lib", "addon", "shared.js");
    const source = readFileSync(shared, "utf8");
    const changed = source.replace(/INTERFACE = \d+/, `INTERFACE = ${number}`);
    assert.notEqual(changed, source);
    writeFileSync(shared, changed);
    // Beside the package a plain file is found first, and it answers for the library behind it.
    for (const binary of binaries) {
      cpSync(join(dir, binary), join(dir, `real-${binary}`));
      rmSync(join(dir, binary));
      const build = binary.slice(0, -".node".length).split(".").at(-1);
      const platform = join(dir, "node_modules", `openclaw-taas-affinity-${build}`);
      cpSync(join(ROOT, "package.json"), join(platform, "package.json"));
      writeFileSync(
        join(platform, "package.json"),
        JSON.stringify({ name: `openclaw-taas-affinity-${build}`, main: "index.cjs" }),
      );
      writeFileSync(
        join(platform, "index.cjs"),
        `module.exports = { ...require("../../real-${binary}"), interfaceNumber: () => ${number} };`,
      );
    }
  }
  return dir;
}

const PLUGIN = pathToFileURL(join(ROOT, "__test__/support/plugin.mjs")).href;

/** Runs a script in a process of its own, which may map what it likes, with the host in miniature at hand. */
const run = (script) =>
  runBare(`
      import { agentContext, modelCall, register, routed } from ${JSON.stringify(PLUGIN)};
      const load = async (dir) => {
        const { default: entry } = await import("file://" + dir + "/index.js");
        return register({ entry, rootDir: dir });
      };
      const capture = (host, agentId) =>
        modelCall(host.provider, { context: agentContext({ agentId }), response: routed({ "x-request-id": agentId }) });
      const asked = (host, agentId) => host.ask({ agentId }).payload.capture?.taasRequestId;
      ${script}`);

/** The same with nothing at hand. */
function runBare(script) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--input-type=module", "--eval", script],
    { encoding: "utf8" },
  );
  assert.equal(status, 0, stderr);
  return stdout.trim().split("\n");
}

describe("an update into another directory", () => {
  test("an update with the same interface keeps using the loaded addon", () => {
    const [one, two] = [install("same-1"), install("same-2")];
    assert.deepEqual(
      run(`
      const old = await load(${JSON.stringify(one)});
      await capture(old, "before");
      const updated = await load(${JSON.stringify(two)});
      await capture(old, "in-flight");
      await capture(updated, "after");
      for (const host of [old, updated]) console.log(["before", "in-flight", "after"].map((id) => asked(host, id)).join());
      console.log([...old.warnings, ...updated.warnings].length);`),
      ["before,in-flight,after", "before,in-flight,after", "0"],
    );
  });

  test("an update with another interface starts empty and leaves calls, routes and algorithms to the old addon", () => {
    const [one, two] = [install("other-1"), install("other-2", 99)];
    assert.deepEqual(
      run(`
      import { channel } from "node:diagnostics_channel";
      const answers = (host, ids) => console.log(ids.map((id) => asked(host, id) ?? "none").join());
      const old = await load(${JSON.stringify(one)});
      await capture(old, "before");
      let updated;
      const streamFn = async (_model, _context, { headers }) => {
        const request = { headers: Object.entries(headers).flat() };
        channel("undici:request:create").publish({ request });
        updated = await load(${JSON.stringify(two)});
        channel("undici:request:headers").publish({
          request,
          response: { statusCode: 200, headers: ["x-taas-autorouted", "true", "x-request-id", "in-flight"] },
        });
      };
      await old.provider.wrapStreamFn(agentContext({ agentId: "in-flight", streamFn }))({}, {}, {});
      await capture(updated, "after");
      answers(updated, ["before", "in-flight", "after"]);
      answers(old, ["before", "in-flight", "after"]);
      console.log([...old.warnings, ...updated.warnings].length);`),
      ["none,none,after", "before,in-flight,none", "0"],
    );
  });

  test("an update with another interface in the same directory is loaded and starts empty", () => {
    const [place, next] = [install("place"), install("next", 99)];
    assert.deepEqual(
      run(`
      import { cpSync, rmSync } from "node:fs";
      const old = await load(${JSON.stringify(place)});
      await capture(old, "before");
      rmSync(${JSON.stringify(place)}, { recursive: true });
      cpSync(${JSON.stringify(next)}, ${JSON.stringify(place)}, { recursive: true });
      const { default: entry } = await import("file://${next}/index.js");
      const updated = register({ entry, rootDir: ${JSON.stringify(place)} });
      await capture(updated, "after");
      console.log(["before", "after"].map((id) => asked(updated, id) ?? "none").join());
      console.log(updated.warnings.length);`),
      ["none,after", "0"],
    );
  });

  test("a binary with another interface than its package is refused with a message", () => {
    const dir = install("unfit", 99);
    cpSync(join(ROOT, "lib", "addon", "shared.js"), join(dir, "lib", "addon", "shared.js"));
    const [warning, hooks] = run(`
      const host = await load(${JSON.stringify(dir)});
      console.log(host.warnings.join("|"));
      console.log(host.providers.filter(({ hookAliases }) => hookAliases).length);`);
    assert.match(
      warning,
      new RegExp(`interface 99 and the package ${INTERFACE}: install the package again`),
    );
    assert.equal(hooks, "0");
  });
});

describe("a global of the plugin's name", () => {
  for (const [what, value] of [
    ["a number", "7"],
    ["a foreign object", "{ calls: null }"],
    ["a record of another version", "Object.freeze({ version: 1, addon: {} })"],
    ["a frozen function", "Object.freeze(() => {})"],
    ["half a record of this version", `Object.freeze({ version: ${INTERFACE}, addon: {} })`],
    ["an object that cannot be read", "new Proxy({}, { get() { throw new Error('mine'); } })"],
  ]) {
    test(`a global that is ${what} stays unchanged, and copies still share their calls and routes`, () => {
      const [one, two] = [install(`global-1-${what}`), install(`global-2-${what}`)];
      assert.deepEqual(
        runBare(`
        const key = Symbol.for("openclaw-taas-affinity");
        const value = ${value};
        globalThis[key] = value;
        const { agentContext, modelCall, register, routed } = await import(${JSON.stringify(PLUGIN)});
        const load = async (dir) => {
          const { default: entry } = await import("file://" + dir + "/index.js");
          return register({ entry, rootDir: dir });
        };
        const wraps = await load(${JSON.stringify(one)});
        const turns = await load(${JSON.stringify(two)});
        const provider = {
          wrapStreamFn: wraps.provider.wrapStreamFn,
          resolveTransportTurnState: turns.provider.resolveTransportTurnState,
        };
        const { turnState } = await modelCall(provider, { response: routed({ "x-request-id": "r" }) });
        console.log(turnState.headers["X-OpenClaw-Agent-Id"]);
        console.log(turns.ask({ agentId: "new-agent-2" }).payload.capture.taasRequestId);
        console.log(globalThis[key] === value, [...wraps.warnings, ...turns.warnings].length);`),
        ["new-agent-2", "r", "true 0"],
      );
    });
  }
});

test("a worker thread of the updated package keeps using the loaded addon", () => {
  const [one, two] = [install("thread-1"), install("thread-2")];
  assert.deepEqual(
    run(`
    import { Worker } from "node:worker_threads";
    const old = await load(${JSON.stringify(one)});
    await capture(old, "main-thread");
    const script = \`
      import { agentContext, modelCall, register, routed } from ${JSON.stringify(PLUGIN)};
      import { parentPort } from "node:worker_threads";
      const { default: entry } = await import("file://${two}/index.js");
      const host = register({ entry, rootDir: ${JSON.stringify(two)} });
      await modelCall(host.provider, { context: agentContext({ agentId: "worker" }), response: routed({ "x-request-id": "worker" }) });
      parentPort.postMessage(host.ask({ agentId: "main-thread" }).payload.capture?.taasRequestId);\`;
    const worker = new Worker(new URL("data:text/javascript," + encodeURIComponent(script)));
    console.log(await new Promise((resolve, reject) => worker.on("message", resolve).on("error", reject)));
    await worker.terminate();
    console.log(asked(old, "worker"));`),
    ["main-thread", "worker"],
  );
});
