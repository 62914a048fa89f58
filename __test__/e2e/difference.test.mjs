// With the plugin, a model call is what it would have been without it. The same conversations are held
// on two gateways that differ in the plugin alone; what they send and what they answer is compared
// byte for byte, for every model that the host treats specially.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { provider, startGateway } from "../../sim/gateway.mjs";
import { commitAll } from "../../sim/git.mjs";
import { stagePlugin } from "../../sim/stage.mjs";
import { startTaas } from "../../sim/taas.mjs";
import { usageLine } from "../support/chat.mjs";
import { assertSameRequests, wire } from "../support/difference.mjs";
import { SPECIAL_MODELS } from "../support/special-models.mjs";

/** Conversations at once on each gateway. */
const AT_ONCE = 4;

const ABORTED = { id: "aborted", session: "aborted", api: "openai-completions" };
const COMPACTED = {
  ...ABORTED,
  id: "compacted/deepseek-v4-flash",
  session: "compacted",
  thinking: "high",
};
const REFUSED = { ...ABORTED, id: "refused", session: "refused" };
const MODELS = [...SPECIAL_MODELS, ABORTED, COMPACTED, REFUSED];
/** Of a provider that is none of the plugin's. */
const FOREIGN = { id: "foreign", session: "foreign", provider: "elsewhere" };

const muteModels = new Set(MODELS.filter(({ mute }) => mute).map(({ id }) => id));

function reply(request) {
  if (muteModels.has(request.model)) {
    // In one piece: of several, the host shows now the first alone, now all of them.
    return { reasoning: "I shall say it to myself alone.", pieces: 1 };
  }
  if (request.model === REFUSED.id) {
    // Enough that the host finds something to compact.
    return "word ".repeat(24_000);
  }
  const reasoning = request.model === ABORTED.id ? "" : "Let me think of it.";
  if (request.isFollowUp) {
    return { reasoning, text: "The note is read." };
  }
  if (/WIDGET/.test(request.lastUserText)) {
    return { toolCalls: [{ name: "tool_describe", arguments: { id: "show_widget" } }] };
  }
  if (/READ/.test(request.lastUserText) && request.toolNames.length > 0) {
    const read = { path: "note.txt" };
    // The host offers its tools by name, or behind one that takes a name.
    const call = request.toolNames.includes("read")
      ? { name: "read", arguments: read }
      : { name: "tool_call", arguments: { id: "read", args: read } };
    return { reasoning, toolCalls: [call] };
  }
  return { reasoning, text: "That is my answer, in a sentence of some length." };
}

/** What becomes of a request; `meanwhile` is done before one is refused as too long. */
const faults = (meanwhile) => async (request) => {
  const isTurn = request.toolNames.length > 0;
  if (request.model === REFUSED.id && isTurn && request.rawBody.includes("Go on.")) {
    await meanwhile();
    return { status: 400, message: "This model's maximum context length is 8192 tokens." };
  }
  return /STALL/.test(request.lastUserText) ? { stallAfter: 3 } : undefined;
};

const nameOf = ({ id, provider: of = "cloudsigma" }) => `${of}/${id}`;

async function start(plugin) {
  let note;
  let changes = 0;
  // By the time that a request is refused, the repository's state is another one and has been looked at.
  const taas = await startTaas({
    reply,
    fault: faults(async () => {
      changes += 1;
      writeFileSync(note, `change ${changes % 2}\n`);
      await sleep(2500);
    }),
  });
  const base = provider(taas.url);
  const gateway = await startGateway({
    plugin,
    caps: ["inline-widgets"],
    providers: {
      [FOREIGN.provider]: { ...base, models: [{ ...base.models[0], id: FOREIGN.id }] },
      cloudsigma: {
        ...base,
        models: [{ id: "auto" }, ...MODELS].map(({ id, api, compat, thinking }) => ({
          ...base.models[0],
          id,
          name: id,
          reasoning: thinking !== undefined,
          ...(api && { api }),
          ...(compat && { compat }),
        })),
      },
    },
    // One agent that has all models: an agent's first turn costs the host some seconds.
    config: {
      agents: {
        defaults: {
          // A compaction is made with the agent's own model, whatever its turns named.
          model: { primary: `cloudsigma/${COMPACTED.id}` },
          models: Object.fromEntries(
            [...MODELS, FOREIGN].map((model) => [
              nameOf(model),
              model.params ? { params: model.params } : {},
            ]),
          ),
        },
      },
    },
  });
  note = join(gateway.workspaces.main, "note.txt");
  writeFileSync(note, "a note\n");
  commitAll(gateway.workspaces.main, "main");
  return {
    taas,
    gateway,
    stop: () => Promise.all([gateway.stop(), taas.close()]),
    turn: async (model, message) => {
      const { ok, text, error } = await gateway.turn({
        message,
        model: nameOf(model),
        sessionKey: `agent:main:${model.session}`,
        ...(model.thinking && { thinking: model.thinking }),
      });
      return { ok, text, ...(error && { error }) };
    },
    requestsOf: ({ id }) => taas.requests.filter((request) => request.model === id),
  };
}

/** Holds the conversations, some at once; what came back by session. */
async function converse(side) {
  const left = [...SPECIAL_MODELS];
  const replies = {};
  const worker = async () => {
    for (let model = left.shift(); model !== undefined; model = left.shift()) {
      replies[model.session] = [
        await side.turn(model, "Say something."),
        await side.turn(model, "READ the note."),
      ];
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return replies;
}

let withPlugin;
let without;

const assertSame = (model, count) => assertSameRequests(model, count, [withPlugin, without]);

before(async () => {
  [withPlugin, without] = await Promise.all([start(stagePlugin()), start(null)]);
});

after(() => Promise.all([withPlugin?.stop(), without?.stop()]));

describe("two turns and a tool call", () => {
  let replies;
  before(async () => {
    replies = await Promise.all([converse(withPlugin), converse(without)]);
  });

  for (const model of SPECIAL_MODELS) {
    test(`${model.id} over ${model.api} sends the same requests with and without the plugin`, () => {
      const [ours, theirs] = replies.map((of) => of[model.session]);
      for (const { ok, text, error } of ours) {
        assert.ok(ok && text !== null, `a turn failed: ${JSON.stringify(error)}`);
      }
      const tools = without.requestsOf(model)[0].toolNames.length > 0 && !model.mute;
      assertSame(model, tools ? 3 : 2);
      assert.deepEqual(ours, theirs);
    });
  }

  test("the second turn of DeepSeek V4 sends its reasoning and its thinking settings", () => {
    const { body } = withPlugin.requestsOf({ id: "deepseek-v4-flash" })[1];
    assert.deepEqual(body.thinking, { type: "enabled" });
    assert.equal(body.reasoning_effort, "high");
    const said = body.messages.filter(({ role }) => role === "assistant");
    assert.deepEqual(
      said.map(({ reasoning_content }) => reasoning_content),
      ["Let me think of it."],
    );
  });

  test("an answer of MiMo with only reasoning is shown after one request", () => {
    const [first] = replies[0]["mimo-v2-omni"];
    assert.equal(first.text, "I shall say it to myself alone.");
    assert.equal(withPlugin.requestsOf({ id: "mimo-v2-omni" }).length, 2);
  });
});

test("a compaction sends the same requests with and without the plugin", async () => {
  const compact = async (side) => {
    const turns = [await side.turn(COMPACTED, "Say something.")];
    turns.push(await side.turn(COMPACTED, "READ the note."));
    const answer = await side.gateway.call("sessions.compact", { key: "agent:main:compacted" });
    turns.push(await side.turn(COMPACTED, "Go on."));
    return { turns, ok: answer.ok, compacted: answer.payload?.compacted };
  };
  const [ours, theirs] = await Promise.all([compact(withPlugin), compact(without)]);
  assert.deepEqual(ours, theirs);
  assert.deepEqual([ours.ok, ours.compacted], [true, true]);
  assert.doesNotMatch(withPlugin.gateway.log(), /another plugin hooks/);
  assertSame(COMPACTED, 5);
});

test("a context that TaaS refuses as too long sends the same requests while the repository changes", async () => {
  const converse = async (side) => {
    const turns = [];
    for (const message of ["Say one.", "Say two.", "Say three.", "Go on."]) {
      turns.push(await side.turn(REFUSED, message));
    }
    return turns;
  };
  const [ours, theirs] = await Promise.all([converse(withPlugin), converse(without)]);
  assert.deepEqual(ours, theirs);
  assert.match(ours[3].text, /Context overflow/);
  assertSame(REFUSED, 6);
  const [, , , refused, compaction, again] = withPlugin.requestsOf(REFUSED);
  const runtime = ({ body }) => body.metadata.requester_runtime;
  // The host does not send a refused body again, and compares whole bodies for that.
  assert.deepEqual(runtime(again), runtime(refused));
  // Git may be too slow for a payload on a busy machine, and then there is no hint.
  assert.notEqual(runtime(refused).git_dirty_hint, true);
  assert.notEqual(runtime(compaction).git_dirty_hint, false, "the state had changed in between");
});

test("a client that shows widgets, as the Control UI does, gets the same tools with and without the plugin", async () => {
  const describe = async (side) => {
    const message = "Describe the WIDGET tool.";
    const sent = await side.gateway.call("chat.send", {
      sessionKey: "agent:main:widgets",
      message,
      idempotencyKey: randomUUID(),
    });
    assert.equal(sent.ok, true, JSON.stringify(sent));
    for (let waited = 0; waited < 60_000 && side.requestsOf(COMPACTED).length < 7; waited += 50) {
      await sleep(50);
    }
  };
  await Promise.all([describe(withPlugin), describe(without)]);
  // Five are the compaction's.
  assertSame(COMPACTED, 7);
  const { rawBody } = withPlugin.requestsOf(COMPACTED).at(-1);
  assert.match(rawBody, /openclaw:core:show_widget/, "the tool was described");
});

test("a turn after `/status` sends the same request with and without the plugin", async () => {
  const session = "status";
  const converse = async (side) => {
    const line = await usageLine(side.gateway, { session });
    const sessionKey = `agent:main:${session}`;
    const { ok, text } = await side.gateway.turn({ message: "Say something.", sessionKey });
    return { line, answer: { ok, text } };
  };
  const [ours, theirs] = await Promise.all([converse(withPlugin), converse(without)]);
  assert.match(ours.line, /saved/, "the plugin shows its line");
  assert.equal(theirs.line, undefined);
  assert.deepEqual(ours.answer, theirs.answer);
  assert.equal(ours.answer.ok, true);
  assertSame(COMPACTED, 8);
  assert.doesNotMatch(withPlugin.requestsOf(COMPACTED).at(-1).rawBody, /tokens saved/);
});

test("an abort in the middle of a stream has the same effect with and without the plugin", async () => {
  const abort = async (side) => {
    const turn = side.turn(ABORTED, "STALL, please.");
    for (let waited = 0; waited < 30_000 && !side.requestsOf(ABORTED)[0]?.stalled; waited += 50) {
      await sleep(50);
    }
    // The host has to have read what was sent.
    await sleep(1000);
    const aborted = await side.gateway.call("chat.abort", { sessionKey: "agent:main:aborted" });
    return [aborted.ok, await turn, await side.turn(ABORTED, "Go on.")];
  };
  const [ours, theirs] = await Promise.all([abort(withPlugin), abort(without)]);
  assert.deepEqual(ours, theirs);
  assertSame(ABORTED, 2);
});

test("a simple completion sends the same request with and without the plugin", async () => {
  const model = { id: "deepseek-v4-flash" };
  const complete = async (side) => {
    const before = side.requestsOf(model).length;
    const args = ["infer", "model", "run", "--local", "--json", "--thinking", "high"];
    const { code, json } = await side.gateway.cli([
      ...args,
      "--model",
      `cloudsigma/${model.id}`,
      "--prompt",
      "say hi",
    ]);
    const requests = side.requestsOf(model).slice(before);
    return { code, outputs: json?.outputs, wire: requests.map((request) => wire(request, side)) };
  };
  const [ours, theirs] = await Promise.all([complete(withPlugin), complete(without)]);
  assert.deepEqual(ours, theirs);
  assert.equal(ours.code, 0);
  assert.equal(ours.wire.length, 1);
});

test("another provider gets the same requests with and without the plugin", async () => {
  const message = "Say something.";
  const [ours, theirs] = await Promise.all(
    [withPlugin, without].map((side) => side.turn(FOREIGN, message)),
  );
  assert.equal(ours.ok, true, JSON.stringify(ours));
  assert.deepEqual(ours, theirs);
  const [[request], [bare]] = [withPlugin, without].map((side) => side.requestsOf(FOREIGN));
  assert.deepEqual(wire(request, withPlugin), wire(bare, without));
  const names = ({ rawHeaders }) => rawHeaders.filter((_, at) => at % 2 === 0);
  assert.deepEqual(names(request), names(bare));
  assert.equal(request.body.metadata, undefined);
});

test("both gateways are alive at the end", () => {
  for (const { gateway } of [withPlugin, without]) {
    assert.equal(gateway.isAlive(), true);
    assert.doesNotMatch(gateway.log(), /unhandled|uncaught|taas-affinity: /i);
  }
});
