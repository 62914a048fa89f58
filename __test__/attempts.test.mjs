// Requests that are sent again, and algorithms that an operator set.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ask, failOnUnhandledRejections, newAgent } from "./support/agents.mjs";
import { modelCall, native, register, routed } from "./support/plugin.mjs";

failOnUnhandledRejections();

describe("a request that is sent again", () => {
  const sent = async (host, context, requestId, turn, headers = {}) => {
    const options = { requestId, headers };
    return modelCall(host.provider, { context, options, turn, response: routed() });
  };
  const attemptOf = ({ headers }) => headers["X-OpenClaw-Attempt"];

  test("a request that is sent again counts its attempts, also if the host gives no attempt", async () => {
    const host = register();
    const context = newAgent();
    const turn = (attempt) => ({ provider: "cloudsigma", turnId: "t", attempt });
    const attempts = [];
    for (let time = 0; time < 3; time += 1) {
      attempts.push(attemptOf(await sent(host, context, `${context.agentId}:model:1`, turn(1))));
    }
    assert.deepEqual(attempts, ["1", "2", "3"]);
    const { capture } = ask(host, "taas.affinity.lastRoute", { agentId: context.agentId });
    assert.equal(capture.openclawAttempt, "3");
    const without = [];
    for (let time = 0; time < 3; time += 1) {
      without.push(attemptOf(await sent(host, context, `${context.agentId}:model:2`, null)));
    }
    assert.deepEqual(without, [undefined, "2", "3"]);
    const own = { "x-openclaw-attempt": "7" };
    const again = await sent(host, context, `${context.agentId}:model:2`, turn(1), own);
    assert.deepEqual([again.headers["x-openclaw-attempt"], attemptOf(again)], ["7", undefined]);
    assert.equal(attemptOf(await sent(host, context, `${context.agentId}:model:1`, turn(9))), "9");
  });

  /** The attempts that requests carry which have the given ids and end as given. */
  async function attempts(requests) {
    const host = register();
    const context = newAgent();
    const carried = [];
    for (const [requestId, stopReason] of requests) {
      const streamFn = async (_model, _context, { headers }) => {
        carried.push(headers["X-OpenClaw-Attempt"] ?? "none");
        if (stopReason === "rejected") {
          throw new Error("no connection");
        }
        return { result: async () => ({ stopReason }) };
      };
      const stream = host.provider.wrapStreamFn({ ...context, streamFn });
      const { result } = await stream({}, {}, { requestId }).catch(() => ({}));
      await result?.();
    }
    return carried;
  }

  test("attempts are counted within a run whose request ids begin again after a failed attempt", async () => {
    assert.deepEqual(
      await attempts([
        ["tools:model:1", "toolUse"],
        ["tools:model:2", "error"],
        ["tools:model:1", "toolUse"],
        ["tools:model:2", "stop"],
      ]),
      ["none", "none", "2", "none"],
    );
    for (const failure of ["error", "aborted", "rejected"]) {
      assert.deepEqual(
        await attempts([
          [`${failure}:model:1`, failure],
          [`${failure}:model:1`, failure],
          [`${failure}:model:1`, "length"],
          [`${failure}:model:1`, "stop"],
        ]),
        ["none", "2", "3", "none"],
        failure,
      );
    }
  });

  test("an answer whose usage cannot be read is a good answer", async () => {
    const host = register();
    const context = newAgent();
    const carried = [];
    const streamFn = async (_model, _context, { headers }) => {
      carried.push(headers["X-OpenClaw-Attempt"]);
      const message = { stopReason: "stop" };
      Object.defineProperty(message, "usage", {
        get() {
          throw new Error("no usage");
        },
      });
      return { result: async () => message };
    };
    for (let time = 0; time < 2; time += 1) {
      const stream = host.provider.wrapStreamFn({ ...context, streamFn });
      await (await stream({}, {}, { requestId: "usage:model:1" })).result();
    }
    assert.deepEqual(carried, [undefined, undefined]);
  });

  test("a late answer to a run's earlier request does not end the latest request", () => {
    const { handle } = new native.Gateway("1", "h", "/", false).identity(newAgent(), {});
    const answered = JSON.stringify({ failed: false, answered: true, tellRoute: false });
    const early = native.beginCall(handle, true, "late:model:1");
    native.beginCall(handle, true, "late:model:2");
    native.endCall(handle, early.call, answered);
    const again = native.beginCall(handle, true, "late:model:2");
    assert.equal(again.attempt, 2);
    native.endCall(handle, again.call, answered);
    assert.equal(native.beginCall(handle, true, "late:model:2").attempt, undefined);
  });

  test("each run of a job with one request id is attempt 1 after a good answer", async () => {
    const job = ["job-1:model:1", "stop"];
    assert.deepEqual(await attempts([job, job, job]), ["none", "none", "none"]);
  });

  test("attempts are counted only for valid request ids, and are forgotten after many requests", async () => {
    const host = register();
    const context = newAgent();
    for (const odd of [undefined, "", 5, {}, "x".repeat(10_000)]) {
      await sent(host, context, odd, null);
      assert.equal(
        attemptOf(await sent(host, context, odd, null)),
        undefined,
        String(odd).slice(0, 9),
      );
    }
    const first = `${context.agentId}:first`;
    const { handle } = new native.Gateway("1", "h", "/", false).identity(context, {});
    const others = (from, to) => {
      for (let other = from; other < to; other += 1)
        native.beginCall(handle, true, `${context.agentId}:${other}`);
    };
    native.beginCall(handle, true, first);
    // What many agents send while one of them waits to send again.
    others(0, 2000);
    assert.equal(native.beginCall(handle, true, first).attempt, 2);
    others(2000, 7000);
    assert.equal(native.beginCall(handle, true, first).attempt, undefined);
  });
});

describe("an algorithm that an operator set", () => {
  const HEADER = "X-TaaS-Autorouter-Algorithm";
  const METHOD = "taas.autorouter.setAlgorithm";

  test("an algorithm is sent for its agent until it is removed, unless the caller sets an algorithm", async () => {
    const host = register();
    const [context, other] = [newAgent(), newAgent()];
    const headers = async (given, own = {}) =>
      (await modelCall(host.provider, { context: given, options: { headers: own } })).headers;
    assert.equal((await headers(context))[HEADER], undefined);
    ask(host, METHOD, { agentId: context.agentId, algorithm: "ttft" });
    assert.equal((await headers(context))[HEADER], "ttft");
    assert.equal((await headers(other))[HEADER], undefined);
    const own = await headers(context, { "x-taas-autorouter-algorithm": "cost" });
    assert.deepEqual([own[HEADER], own["x-taas-autorouter-algorithm"]], [undefined, "cost"]);
    ask(host, METHOD, { workspaceDir: context.workspaceDir, algorithm: "tps" });
    assert.equal((await headers(context))[HEADER], "tps");
    for (const selector of [{ workspaceDir: context.workspaceDir }, { agentId: context.agentId }]) {
      ask(host, METHOD, { ...selector, algorithm: null });
    }
    assert.equal((await headers(context))[HEADER], undefined);
  });

  test("an unknown algorithm is refused with the accepted algorithms", () => {
    const host = register();
    assert.throws(
      () => ask(host, METHOD, { agentId: "main", algorithm: "best" }),
      /^Error: INVALID_REQUEST .*algorithm must be best_fit, price_performance.*got "best"/,
    );
  });
});
