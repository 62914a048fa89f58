// Agents without earlier calls, their calls, and what the gateway methods say about them.

import assert from "node:assert/strict";
import { afterEach } from "node:test";
import { setImmediate } from "node:timers/promises";

import { agentContext } from "./plugin.mjs";

/** Makes each test of a file fail if a rejection was not handled. */
export function failOnUnhandledRejections() {
  const rejections = [];
  process.on("unhandledRejection", (error) => rejections.push(error));
  afterEach(async () => {
    await setImmediate();
    assert.deepEqual(rejections, [], "an unhandled rejection ends the gateway");
  });
}

let count = 0;

/** The context of an agent that made no calls yet, with its own workspace. */
export function newAgent() {
  count += 1;
  const agentId = `usage-${process.pid}-${count}`;
  return agentContext({ agentId, workspaceDir: `/tmp/${agentId}`, agentDir: undefined });
}

/** Asks a gateway method. Throws an error answer. */
export function ask(host, method, params) {
  let answer;
  const respond = (ok, payload, error) => {
    if (!ok) throw new Error(`${error.code} ${error.message}`);
    answer = payload;
  };
  host.methods.get(method).handler({ params, respond });
  return answer;
}

export const statusOf = (host, { agentId }) =>
  ask(host, "taas.affinity.status", { agentId }).agents[0] ?? { requests: 0 };

/** Calls `streamFn` through the plugin, and returns what the caller gets. */
export async function call(
  host,
  context,
  streamFn,
  { hook = "wrapStreamFn", model = {}, options = {} } = {},
) {
  const returned = host.provider[hook]({ ...context, streamFn })(model, "context", options);
  const seen = await Promise.resolve(returned).catch((error) => error);
  await setImmediate();
  return { returned, seen };
}
