// Copies of the module share one addon. A broken addon leaves the host working.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import {
  agentContext,
  forgetWarnings,
  METHOD,
  modelCall,
  native,
  ROOT,
  register,
  routed,
} from "./support/plugin.mjs";

beforeEach(forgetWarnings);

describe("the addon", () => {
  test("a panic of the addon becomes an ordinary error", () => {
    assert.throws(() => native.selfTestPanic(), /a panic on purpose/);
    assert.throws(() => native.selfTestPanic(), Error);
  });

  test("arguments of the wrong kind are errors of the addon", () => {
    assert.throws(() => native.injectRequest({}, {}));
    assert.throws(() => native.isHeaderSafe(5));
    assert.throws(() => new native.Affinity(1, 2, 3, 4));
  });

  for (const [what, breakIt] of [
    ["missing", () => {}],
    [
      "broken",
      (dir) => {
        for (const libc of ["gnu", "musl"]) {
          const build = `${process.platform}-${process.arch}-${libc}`;
          writeFileSync(join(dir, `openclaw-taas-affinity.${build}.node`), "no library");
        }
        for (const build of [`${process.platform}-${process.arch}`, `win32-${process.arch}-msvc`]) {
          writeFileSync(join(dir, `openclaw-taas-affinity.${build}.node`), "no library");
        }
      },
    ],
  ]) {
    test(`with a ${what} binary the method says so, one warning is logged and no call is hooked`, (t) => {
      const dir = mkdtempSync(join(tmpdir(), "taas-affinity-"));
      t.after(() => rmSync(dir, { recursive: true }));
      breakIt(dir);
      const first = register({ rootDir: dir });
      const second = register({ rootDir: dir });
      for (const { provider } of [first, second]) {
        assert.equal(provider.hookAliases, undefined);
        assert.equal(provider.wrapStreamFn, undefined);
      }
      assert.equal(first.warnings.length + second.warnings.length, 1);
      const { ok, error } = second.ask({});
      assert.equal(ok, false);
      assert.equal(error.code, "UNAVAILABLE");
      for (const text of [METHOD, `${process.platform}-${process.arch}`]) {
        assert.ok(error.message.includes(text), error.message);
      }
      if (what === "missing") {
        assert.match(error.message, /npm ci && npm run build/);
        assert.match(error.message, /--omit=optional/);
      }
    });
  }
});

describe("copies of the module", () => {
  /** A private snapshot of the package, as the host makes one for every copy that it imports. */
  async function snapshot(t) {
    const dir = mkdtempSync(join(tmpdir(), "taas-affinity-"));
    t.after(() => rmSync(dir, { recursive: true }));
    for (const name of ["index.js", "lib", "package.json"]) {
      cpSync(join(ROOT, name), join(dir, name), { recursive: true });
    }
    const { default: entry } = await import(pathToFileURL(join(dir, "index.js")).href);
    return { dir, entry };
  }

  test("copies of the module share one addon, so one copy answers what another captured", async (t) => {
    const hooks = register({ entry: (await snapshot(t)).entry });
    const methods = register({ entry: (await snapshot(t)).entry });
    const context = agentContext({ agentId: "shared" });
    await modelCall(hooks.provider, { context, response: routed({ "x-request-id": "one" }) });
    assert.equal(methods.ask({ agentId: "shared" }).payload.capture.taasRequestId, "one");
  });

  test("copies of the module share their calls, so one copy wraps and another gives the turn state", async (t) => {
    const wraps = register({ entry: (await snapshot(t)).entry });
    const turns = register({ entry: (await snapshot(t)).entry });
    const provider = {
      wrapStreamFn: wraps.provider.wrapStreamFn,
      resolveTransportTurnState: turns.provider.resolveTransportTurnState,
    };
    const call = await modelCall(provider, { turn: { turnId: "t-7", attempt: 1 } });
    assert.equal(call.turnState.headers["X-OpenClaw-Turn-Id"], "t-7");
  });

  test("register can be called any number of times", () => {
    for (let round = 0; round < 100; round += 1) {
      assert.equal(register().providers.length, 1);
    }
  });

  test("worker threads read and write the same table", () => {
    // In a process of its own, so that a crash is seen as one.
    const script = `
      import { Worker, isMainThread } from "node:worker_threads";
      import { loadNative } from ${JSON.stringify(pathToFileURL(join(ROOT, "lib/addon/native.js")).href)};
      const native = loadNative(${JSON.stringify(ROOT)});
      const gateway = new native.Gateway("1", "h", "/", false);
      const isKnown = (agentId) =>
        JSON.parse(gateway.ask("taas.affinity.lastRoute", JSON.stringify({ agentId }), {})).capture !== null;
      const capture = (agentId) => {
        const { handle } = gateway.identity({ agentId, workspaceDir: "/w" }, {});
        native.captureResponse(handle, JSON.stringify({ headers: { "x-taas-autorouted": "true" } }));
      };
      if (isMainThread) {
        capture("main-thread");
        const ends = Array.from({ length: 8 }, () => new Promise((resolve, reject) => {
          new Worker(new URL(import.meta.url)).on("error", reject).on("exit", resolve);
        }));
        await Promise.all(ends);
        console.log(isKnown("worker-thread"));
      } else {
        if (!isKnown("main-thread")) throw new Error("another table");
        for (let i = 0; i < 1000; i += 1) capture("worker-thread");
      }`;
    const dir = mkdtempSync(join(tmpdir(), "taas-affinity-"));
    try {
      const file = join(dir, "threads.mjs");
      writeFileSync(file, script);
      const { status, stdout, stderr } = spawnSync(process.execPath, [file], { encoding: "utf8" });
      assert.equal(stderr, "");
      assert.equal(stdout, "true\n");
      assert.equal(status, 0);
    } finally {
      rmSync(dir, { recursive: true });
    }
  });
});
