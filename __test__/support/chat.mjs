// Chat commands on the real gateway.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

/** Sends a command such as `/status` to an agent, and returns the text of the reply. */
export async function chatReply(gateway, message, { agent = "main", session = "main" } = {}) {
  const sessionKey = `agent:${agent}:${session}`;
  const idempotencyKey = randomUUID();
  const sent = await gateway.call("chat.send", { sessionKey, message, idempotencyKey });
  assert.equal(sent.ok, true, JSON.stringify(sent));
  for (let waits = 0; waits < 600; waits += 1) {
    const { payload } = await gateway.call("chat.history", { sessionKey, limit: 20 });
    const reply = payload?.messages.findLast(
      (said) => said.role === "assistant" && said.idempotencyKey === idempotencyKey,
    );
    if (reply !== undefined) {
      return reply.content.map(({ text }) => text).join("\n");
    }
    await sleep(100);
  }
  throw new Error(`no reply to ${message}\n${gateway.log()}`);
}

/** The usage line of the reply to `/status`; `undefined` if it has none. */
export async function usageLine(gateway, to) {
  const status = await chatReply(gateway, "/status", to);
  assert.match(status, /OpenClaw \d/);
  return /^📊 Usage: (.*)$/m.exec(status)?.[1];
}

/** The plugin's entries of the host's usage pages. */
export async function usageEntries(gateway) {
  const { ok, payload, error } = await gateway.call("usage.status", {});
  assert.equal(ok, true, JSON.stringify(error));
  return payload.providers.filter(({ provider, displayName }) =>
    /taas|cloudsigma/i.test(provider + displayName),
  );
}
