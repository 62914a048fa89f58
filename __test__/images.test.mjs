// One table in the process, whatever is installed beside or after what: each install is a directory
// with a library of its own, which the operating system maps as an image of its own.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { pathToFileURL } from "node:url";

import { gatherInto, INTERFACE } from "../lib/images.js";
import { ROOT } from "./support/plugin.mjs";

const base = mkdtempSync(join(tmpdir(), "taas-images-"));
after(() => rmSync(base, { recursive: true }));

/** An install of its own, of another interface where `number` says so. */
function install(name, number) {
  const dir = join(base, name);
  const binaries = readdirSync(ROOT).filter((file) => file.endsWith(".node"));
  for (const file of ["index.js", "lib", "package.json", ...binaries]) {
    cpSync(join(ROOT, file), join(dir, file), { recursive: true });
  }
  if (number !== undefined) {
    const images = join(dir, "lib", "images.js");
    const source = readFileSync(images, "utf8");
    const changed = source.replace(/INTERFACE = \d+/, `INTERFACE = ${number}`);
    assert.notEqual(changed, source);
    writeFileSync(images, changed);
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

/** Runs a script in a process of its own, which may map what it likes. */
function run(script) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [
      "--input-type=module",
      "--eval",
      `
      import { agentContext, modelCall, register, routed } from ${JSON.stringify(PLUGIN)};
      const load = async (dir) => {
        const { default: entry } = await import("file://" + dir + "/index.js");
        return register({ entry, rootDir: dir });
      };
      const capture = (host, agentId) =>
        modelCall(host.provider, { context: agentContext({ agentId }), response: routed({ "x-request-id": agentId }) });
      const asked = (host, agentId) => host.ask({ agentId }).payload.capture?.taasRequestId;
      ${script}`,
    ],
    { encoding: "utf8" },
  );
  assert.equal(status, 0, stderr);
  return stdout.trim().split("\n");
}

describe("an update into another directory", () => {
  test("of the same interface is served by the image that is there", () => {
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

  test("of another interface takes over what the old image holds, and goes on holding", () => {
    const [one, two] = [install("other-1"), install("other-2", 99)];
    assert.deepEqual(
      run(`
      const old = await load(${JSON.stringify(one)});
      await capture(old, "before");
      const updated = await load(${JSON.stringify(two)});
      await capture(updated, "after");
      await capture(old, "in-flight");
      for (const host of [updated, old]) console.log(["before", "in-flight", "after"].map((id) => asked(host, id)).join());
      console.log([...old.warnings, ...updated.warnings].length);`),
      ["before,in-flight,after", "before,in-flight,after", "0"],
    );
  });

  test("of another interface goes on with the algorithms that were chosen, and with what was taken back", () => {
    const [one, two] = [install("chosen-1"), install("chosen-2", 99)];
    assert.deepEqual(
      run(`
      const set = (host, agentId, algorithm) =>
        host.methods.get("taas.autorouter.setAlgorithm").handler({ params: { agentId, algorithm }, respond() {} });
      const sent = async (host, agentId) => {
        const { headers } = await modelCall(host.provider, { context: agentContext({ agentId }) });
        return String(headers["X-TaaS-Autorouter-Algorithm"]);
      };
      const old = await load(${JSON.stringify(one)});
      for (const id of ["kept", "cleared"]) set(old, id, "cost");
      const updated = await load(${JSON.stringify(two)});
      for (const id of ["kept", "cleared"]) console.log(await sent(updated, id));
      set(updated, "cleared", null);
      updated.ask({});
      for (const id of ["kept", "cleared"]) console.log(await sent(updated, id));
      console.log([...old.warnings, ...updated.warnings].length);`),
      ["cost", "cost", "cost", "undefined", "0"],
    );
  });

  test("leaves the calls that go on to the image that began them, where Node's channel tells", () => {
    const [one, two] = [install("going-1"), install("going-2", 99)];
    assert.deepEqual(
      run(`
      import { channel } from "node:diagnostics_channel";
      const old = await load(${JSON.stringify(one)});
      const streamFn = async (_model, _context, { headers }) => {
        const request = { headers: Object.entries(headers).flat() };
        const { default: entry } = await import("file://${two}/index.js");
        // Another version's copy takes over the subscription.
        globalThis[Symbol.for("openclaw-taas-affinity.channel")].version = "0.0.0";
        const updated = register({ entry, rootDir: ${JSON.stringify(two)} });
        channel("undici:request:create").publish({ request });
        channel("undici:request:headers").publish({
          request,
          response: { statusCode: 200, headers: ["x-taas-autorouted", "true", "x-request-id", "going"] },
        });
        return updated;
      };
      const updated = await old.provider.wrapStreamFn(agentContext({ agentId: "going", streamFn }))({}, {}, {});
      const images = globalThis[Symbol.for("openclaw-taas-affinity.images")];
      console.log([...images.values()].map((native) => native.latestByAgent("going") !== null).join());
      console.log(asked(updated, "going"), updated.warnings.length);`),
      ["true,false", "going 0"],
    );
  });

  test("of another interface in the same place is loaded, and takes over", () => {
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
      for (const host of [updated, old]) console.log(["before", "after"].map((id) => asked(host, id)).join());
      console.log(updated.warnings.length);`),
      ["before,after", "before,after", "0"],
    );
  });

  test("a binary of another interface than its package is refused, and says so", () => {
    const dir = install("unfit", 99);
    cpSync(join(ROOT, "lib", "images.js"), join(dir, "lib", "images.js"));
    const [warning, hooks] = run(`
      const host = await load(${JSON.stringify(dir)});
      console.log(host.warnings.join("|"));
      console.log(host.providers.length);`);
    assert.match(
      warning,
      new RegExp(`interface 99 and the package ${INTERFACE}: install the package again`),
    );
    assert.equal(hooks, "0");
  });
});

test("what one image holds is taken over whatever becomes of another", (t) => {
  const images = Symbol.for("openclaw-taas-affinity.images");
  const before = globalThis[images];
  t.after(() => (globalThis[images] = before));
  const holding = (held) => ({ snapshot: () => held });
  const damaged = {
    snapshot() {
      throw new Error("damaged");
    },
  };
  const taken = [];
  const native = { ...holding("own"), takeOver: (held) => taken.push(held) };
  globalThis[images] = new Map(
    [damaged, holding("one"), native, damaged, holding("two")].entries(),
  );
  const faults = [];
  gatherInto(native, {
    attempt: (kind, _, action) => {
      try {
        action();
      } catch {
        faults.push(kind);
      }
    },
  });
  assert.deepEqual(taken, ["one", "two"]);
  assert.deepEqual(faults, ["gather", "gather"]);
});

test("a worker thread of the updated package is served by the image that is there", () => {
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
