/** The simulator itself: if it is wrong, nothing that other tests and the demo say is worth much. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { startTaas } from "../sim/taas.mjs";

const LONG = "A sentence that is here to fill a prompt with text. ".repeat(40);
const IDENTITY = { "X-Session-Id": "oc:1", "X-OpenClaw-Agent-Id": "main" };

async function withTaas(options, run) {
  const taas = await startTaas(options);
  try {
    return await run(taas);
  } finally {
    await taas.close();
  }
}

const PATHS = {
  "openai-completions": "/v1/chat/completions",
  "openai-responses": "/v1/responses",
  "anthropic-messages": "/v1/messages",
};

function post(taas, api, body, headers = {}) {
  return fetch(taas.url + PATHS[api], {
    method: "POST",
    headers: { "Content-Type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
}

const chat = (turns, rest = {}) => ({
  model: "m",
  messages: [
    { role: "system", content: LONG },
    ...turns.map((content, i) => ({ role: i % 2 === 0 ? "user" : "assistant", content })),
  ],
  ...rest,
});

/** The events of a server-sent stream: `{event, data}` each. */
async function events(response) {
  const text = await response.text();
  return text
    .split("\n\n")
    .filter(Boolean)
    .map((block) => {
      const field = (name) =>
        block
          .split("\n")
          .find((line) => line.startsWith(`${name}: `))
          ?.slice(name.length + 2);
      const data = field("data");
      return { event: field("event"), data: data === "[DONE]" ? data : JSON.parse(data) };
    });
}

test("a request with a session id and an agent id stays on one slot and finds its prefix", () =>
  withTaas({}, async (taas) => {
    const turns = ["first"];
    for (let turn = 0; turn < 10; turn += 1) {
      const answer = await (await post(taas, "openai-completions", chat(turns), IDENTITY)).json();
      turns.push(answer.choices[0].message.content, `again ${turn} ${LONG}`);
    }
    const slots = new Set(taas.requests.map((request) => request.slot));
    assert.equal(slots.size, 1);
    assert.equal(taas.requests[0].cachedTokens, 0);
    for (const [index, request] of taas.requests.slice(1).entries()) {
      const before = taas.requests[index].inputTokens;
      // All of the previous prompt but its unfinished last block, and nothing beyond it.
      assert.ok(request.cachedTokens > before - 65, `${request.cachedTokens} of ${before}`);
      assert.ok(request.cachedTokens <= before);
    }
    assert.ok(taas.stats().hitRate > 0.7);
  }));

test("session id and agent id can come in the body's metadata, which is not part of the prompt", () =>
  withTaas({}, async (taas) => {
    const identity = (salt) => ({
      metadata: { session_id: "oc:9", openclaw_correlation: { agent_id: "a" }, salt },
    });
    await post(taas, "openai-completions", chat(["hi"], identity("x".repeat(5000))));
    await post(taas, "openai-completions", chat(["hi"], identity("y")));
    const [first, second] = taas.requests;
    assert.equal(first.placed, "pinned");
    assert.equal(first.slot, second.slot);
    assert.equal(first.inputTokens, second.inputTokens);
    assert.ok(second.cachedTokens > 0);
  }));

test("a session id without an agent id pins nothing, and the reverse", () =>
  withTaas({ seed: "halves" }, async (taas) => {
    for (let i = 0; i < 24; i += 1) {
      const headers = i % 2 === 0 ? { "X-Session-Id": "oc:1" } : { "X-OpenClaw-Agent-Id": "main" };
      await post(taas, "openai-completions", chat(["hi"]), headers);
    }
    assert.ok(taas.requests.every((request) => request.placed === "drawn"));
    assert.ok(new Set(taas.requests.map((request) => request.slot)).size > 4);
  }));

test("equal seeds draw the same slots, and other seeds draw other slots", async () => {
  const slots = (seed) =>
    withTaas({ seed }, async (taas) => {
      for (let i = 0; i < 16; i += 1) await post(taas, "openai-completions", chat([`hi ${i}`]));
      return taas.requests.map((request) => request.slot).join();
    });
  assert.equal(await slots("one"), await slots("one"));
  assert.notEqual(await slots("one"), await slots("two"));
});

test("a change early in the prompt loses everything after it", () =>
  withTaas({ slots: 1 }, async (taas) => {
    await post(taas, "openai-completions", chat(["hi", LONG, "go"]));
    await post(taas, "openai-completions", chat(["ho", LONG, "go"]));
    const tools = [{ type: "function", function: { name: "read", parameters: {} } }];
    await post(taas, "openai-completions", chat(["hi", LONG, "go"], { tools }));
    const [, changed, withTools] = taas.requests;
    assert.ok(changed.cachedTokens > 0, "the instructions before the change are still there");
    assert.ok(changed.cachedTokens < changed.inputTokens / 1.8);
    assert.equal(withTools.cachedTokens, 0, "tools come first");
  }));

test("the cache of a slot is bounded and forgets the oldest entries", () =>
  withTaas({ slots: 1, blocksPerSlot: 20 }, async (taas) => {
    await post(taas, "openai-completions", chat(["hi"]));
    await post(taas, "openai-completions", chat(["hi"]));
    for (let i = 0; i < 3; i += 1) {
      const messages = [{ role: "user", content: `${i}${LONG}${LONG}` }];
      await post(taas, "openai-completions", { model: "m", messages });
    }
    await post(taas, "openai-completions", chat(["hi"]));
    assert.ok(taas.requests[1].cachedTokens > 0);
    assert.equal(taas.requests.at(-1).cachedTokens, 0);
  }));

test("without an identity a tool result goes to the slot that asked for the tool", () =>
  withTaas(
    {
      anonymous: "guess",
      reply: (request) =>
        request.isFollowUp ? "done" : { toolCalls: [{ name: "read", arguments: { path: "x" } }] },
    },
    async (taas) => {
      for (let i = 0; i < 20; i += 1) {
        const body = chat([`question ${i}`]);
        const answer = await (await post(taas, "openai-completions", body)).json();
        const [call] = answer.choices[0].message.tool_calls;
        body.messages.push(answer.choices[0].message, {
          role: "tool",
          tool_call_id: call.id,
          content: "text of x",
        });
        await post(taas, "openai-completions", body);
        const [asked, followed] = taas.requests.slice(-2);
        assert.equal(followed.placed, "recognised");
        assert.equal(followed.slot, asked.slot);
        assert.deepEqual(followed.toolResults, ["text of x"]);
      }
    },
  ));

test("without an identity later turns keep their slot at about 0.85, first turns at about 0.30", () =>
  withTaas({ anonymous: "guess", seed: "odds" }, async (taas) => {
    const share = async (count, body) => {
      const from = taas.requests.length;
      for (let i = 0; i < count; i += 1) await post(taas, "openai-completions", body(i));
      const seen = taas.requests.slice(from);
      return seen.filter((request) => request.placed === "guessed").length / count;
    };
    const first = await share(300, (i) => chat([`topic ${i}`]));
    const later = await share(300, () => chat(["topic 1", "yes", "go on"]));
    assert.ok(first > 0.22 && first < 0.38, `first turns: ${first}`);
    assert.ok(later > 0.79 && later < 0.91, `later turns: ${later}`);
  }));

for (const api of Object.keys(PATHS)) {
  const body = (text) => ({
    model: "m",
    stream: true,
    stream_options: { include_usage: true },
    ...{
      "openai-completions": chat([text]),
      "openai-responses": { instructions: LONG, input: [{ role: "user", content: text }] },
      "anthropic-messages": { system: LONG, messages: [{ role: "user", content: text }] },
    }[api],
  });

  test(`over ${api} a stream has several chunks and the same usage as a whole answer`, () =>
    withTaas({ slots: 1, reply: () => "one two three four five" }, async (taas) => {
      await post(taas, api, body(LONG));
      const streamed = await events(await post(taas, api, body(LONG)));
      const whole = await (await post(taas, api, { ...body(LONG), stream: false })).json();
      assert.ok(streamed.length > 5);
      const read = {
        "openai-completions": () => {
          assert.equal(streamed.at(-1).data, "[DONE]");
          const text = streamed.slice(0, -1).map((e) => e.data.choices[0]?.delta.content ?? "");
          return { text: text.join(""), usage: streamed.at(-2).data.usage };
        },
        "openai-responses": () => ({
          text: streamed
            .filter((e) => e.event === "response.output_text.delta")
            .map((e) => e.data.delta)
            .join(""),
          usage: streamed.at(-1).data.response.usage,
        }),
        "anthropic-messages": () => ({
          text: streamed
            .filter((e) => e.event === "content_block_delta")
            .map((e) => e.data.delta.text)
            .join(""),
          usage: streamed.at(-2).data.usage,
        }),
      }[api]();
      assert.equal(read.text, "one two three four five");
      assert.deepEqual(read.usage, whole.usage);
      const { inputTokens, cachedTokens } = taas.requests.at(-1);
      assert.ok(cachedTokens > 900 && cachedTokens < inputTokens);
      const { usage } = whole;
      const reported = {
        "openai-completions": [usage.prompt_tokens, usage.prompt_tokens_details?.cached_tokens],
        "openai-responses": [usage.input_tokens, usage.input_tokens_details?.cached_tokens],
        "anthropic-messages": [
          usage.input_tokens + usage.cache_read_input_tokens + usage.cache_creation_input_tokens,
          usage.cache_read_input_tokens,
        ],
      }[api];
      assert.deepEqual(reported, [inputTokens, cachedTokens]);
    }));

  test(`over ${api} a reply can call tools`, () =>
    withTaas(
      { reply: () => ({ toolCalls: [{ name: "read", arguments: { path: "a b" } }] }) },
      async (taas) => {
        const whole = await (await post(taas, api, { ...body("hi"), stream: false })).json();
        const call = {
          "openai-completions": () => whole.choices[0].message.tool_calls[0].function,
          "openai-responses": () => whole.output[0],
          "anthropic-messages": () => whole.content[0],
        }[api]();
        assert.equal(call.name, "read");
        const given = call.arguments === undefined ? call.input : JSON.parse(call.arguments);
        assert.deepEqual(given, { path: "a b" });
        const streamed = await events(await post(taas, api, body("hi")));
        assert.match(JSON.stringify(streamed), /a b/);
      },
    ));
}

test("every response with status 200 says its route and echoes the turn", () =>
  withTaas(
    {
      reply: () => ({
        text: "ok",
        headers: { "x-taas-autorouter-mode": "cheap", "X-TaaS-Thinking-Applied": null },
      }),
    },
    async (taas) => {
      const response = await post(taas, "openai-completions", chat(["hi"]), {
        "X-OpenClaw-Turn-Id": "t-1",
        "X-OpenClaw-Attempt": "1",
      });
      const header = (name) => response.headers.get(name);
      assert.equal(header("X-TaaS-Autorouted"), "true");
      assert.equal(header("X-TaaS-Autorouter-Mode"), "cheap");
      assert.equal(header("X-TaaS-Thinking-Applied"), null);
      assert.equal(header("X-TaaS-Routed-Context-Window"), "262144");
      assert.equal(header("X-OpenClaw-Turn-Id"), "t-1");
      assert.equal(header("X-OpenClaw-Attempt"), "1");
      assert.ok(
        header("X-Request-Id") && header("X-Trace-Id") && header("X-TaaS-Autorouter-Model"),
      );
    },
  ));

test("a request is recorded unchanged", () =>
  withTaas({}, async (taas) => {
    const body = chat(["hi 日本"]);
    await post(taas, "openai-completions", body, { "X-MiXed-Case": "v" });
    const [request] = taas.requests;
    assert.equal(request.rawBody, JSON.stringify(body));
    assert.deepEqual(request.body, body);
    assert.equal(request.path, "/v1/chat/completions");
    assert.equal(request.headers["x-mixed-case"], "v");
    assert.ok(request.rawHeaders.some((name) => name.toLowerCase() === "x-mixed-case"));
    assert.equal(request.firstUserText, "hi 日本");
  }));

test("TaaS can fail with a status, a reset or a cut stream, and can answer late", () =>
  withTaas(
    {
      fault: (request) =>
        [
          { status: 429, headers: { "Retry-After": "1" } },
          { reset: true },
          { reset: "midstream" },
          { delayMs: 60 },
          { chunkDelayMs: 20 },
        ][request.index],
    },
    async (taas) => {
      const streaming = chat(["hi"], { stream: true });
      const limited = await post(taas, "openai-completions", streaming);
      assert.equal(limited.status, 429);
      assert.equal(limited.headers.get("Retry-After"), "1");
      assert.equal(limited.headers.get("X-TaaS-Autorouted"), null);
      await assert.rejects(post(taas, "openai-completions", streaming));
      const cut = await post(taas, "openai-completions", streaming);
      await assert.rejects(cut.text());
      const began = Date.now();
      await (await post(taas, "openai-completions", streaming)).text();
      assert.ok(Date.now() - began >= 55);
      const slow = Date.now();
      await (await post(taas, "openai-completions", streaming)).text();
      assert.ok(Date.now() - slow >= 100);
      const seen = taas.requests.map((request) => [request.status, request.finished]);
      assert.deepEqual(seen, [
        [429, true],
        [null, false],
        [200, false],
        [200, true],
        [200, true],
      ]);
      assert.equal(taas.stats().served, 3, "a request that met a fault reached no slot");
    },
  ));

test("a request that is not a model call gets 404, and bad JSON gets 400", () =>
  withTaas({}, async (taas) => {
    assert.equal((await fetch(`${taas.url}/v1/models`)).status, 404);
    const bad = await fetch(taas.url + PATHS["openai-completions"], { method: "POST", body: "{" });
    assert.equal(bad.status, 400);
    assert.equal(taas.requests.length, 0);
    assert.equal(taas.strays.length, 2);
  }));
