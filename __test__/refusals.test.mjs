// Which answers of the host a turn is asked again for.

import assert from "node:assert/strict";
import { test } from "node:test";

import { patiently } from "../sim/refusals.mjs";

const OK = { ok: true };
const refused = (message) => ({ ok: false, error: { code: "UNAVAILABLE", message } });
const BUSY = refused("Error: another OpenClaw process owns state-lifecycle");

/** Asks what gives `answers`, the last of them from then on: the answer, and how often it asked. */
async function ask(t, ...answers) {
  const printed = t.mock.method(console, "error", () => {});
  let asked = 0;
  const answer = await patiently(
    async () => {
      asked += 1;
      return answers[Math.min(asked, answers.length) - 1];
    },
    { pauseMs: 0 },
  );
  assert.equal(printed.mock.callCount(), asked - 1, "each refusal is printed");
  return { answer, asked };
}

test("a refused request is repeated until the host answers", async (t) => {
  const edit = refused("the configuration was superseded");
  const cleanup = refused("Error: Agent database cleanup failed");
  assert.deepEqual(await ask(t, BUSY, edit, cleanup, OK), { answer: OK, asked: 4 });
});

test("a request that gets an answer or another error is sent once", async (t) => {
  const failed = refused("TypeError: Cannot read properties of undefined");
  for (const answer of [OK, failed]) {
    assert.deepEqual(await ask(t, answer, OK), { answer, asked: 1 });
  }
});

test("a host that always refuses is not asked forever", async (t) => {
  const { answer, asked } = await ask(t, BUSY);
  assert.equal(answer, BUSY);
  assert.ok(asked <= 10);
});
