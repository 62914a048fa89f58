// The host skips its own repairs where our wrapper is. The plugin puts them back, or leaves the model to the host.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { createCompat } from "../lib/host/compat.js";
import { completions, context, fakeSdk, payloadOf } from "./support/repairs.mjs";

describe("repairs", () => {
  for (const [model, met] of [
    [completions("auto"), []],
    [completions("deepseek-v4-flash"), ["thinking high"]],
    [completions("vendor/DeepSeek-V4-Pro:free"), ["thinking high"]],
    [
      completions("deepseek-v4-flash", { compat: { thinkingFormat: "deepseek" } }),
      ["thinking high"],
    ],
    [completions("deepseek-v4"), []],
    [completions("mimo-v2.5"), ["thinking high"]],
    [completions("mimo-v2-omni"), ["thinking high", "visible"]],
    [{ id: "deepseek-v4-flash", api: "anthropic-messages" }, []],
    [{ id: "gemini-3-pro", api: "google-generative-ai" }, ["google high"]],
    [{ id: "gpt-5.5", api: "openai-responses" }, ["responses true"]],
  ]) {
    test(`the plugin runs the host's repairs for ${model.id} over ${model.api} with ${JSON.stringify(model.compat ?? {})}`, async () => {
      const payload = await payloadOf(model);
      assert.deepEqual(payload.met, met);
      assert.equal(payload.ours, true);
    });
  }

  test("a model that does not speak DeepSeek's format gets no DeepSeek fields", async () => {
    const messages = [{ role: "assistant", content: "a", reasoning_content: "b" }, null];
    const model = completions("deepseek-v4-flash", { compat: { thinkingFormat: "openai" } });
    const payload = { met: [], thinking: "there", messages };
    assert.deepEqual(await payloadOf(model, { payload }), {
      met: [],
      messages: [{ role: "assistant", content: "a" }, null],
      ours: true,
    });
  });

  test("strictMessageKeys strips the messages before the reasoning field is added", async () => {
    const model = completions("deepseek-v4-flash", { compat: { strictMessageKeys: true } });
    const payload = () => ({
      met: [],
      messages: [
        { role: "user", content: "u" },
        { role: "assistant", content: "a" },
      ],
    });
    const { messages } = await payloadOf(model, { payload: payload() });
    assert.deepEqual(messages[1], { role: "assistant", content: "a", reasoning_content: "" });
    const off = await payloadOf(model, { payload: payload(), given: { thinkingLevel: "off" } });
    assert.deepEqual(off.messages, payload().messages);
  });

  test("a synchronous caller gets the stream synchronously", () => {
    const { wrap } = createCompat({ warn: assert.fail, load: fakeSdk() });
    const model = completions("auto");
    assert.equal(wrap(context(model), () => "stream")(model, "context"), "stream");
  });

  test("a caller for whom the host repairs nothing gets only our wrapper", () => {
    const { wrap } = createCompat({ warn: assert.fail, load: assert.fail });
    const ours = () => {};
    assert.equal(wrap({ model: completions("deepseek-v4-flash") }, ours), ours);
  });
});

describe("a host without a helper", () => {
  const MODELS = [
    completions("auto"),
    completions("deepseek-v4-flash"),
    completions("deepseek-v4-pro", { compat: { thinkingFormat: "openai" } }),
    completions("mimo-v2-omni"),
    completions("mimo-v2.5"),
    { id: "gemini-3-pro", api: "google-generative-ai" },
    { id: "gpt-5.5", api: "openai-responses" },
    { id: "claude-opus-4-6", api: "anthropic-messages" },
  ];
  for (const [without, concerned] of Object.entries({
    createDeepSeekV4OpenAICompatibleThinkingWrapper: [
      "deepseek-v4-flash",
      "mimo-v2-omni",
      "mimo-v2.5",
    ],
    createThinkingOnlyFinalTextWrapper: ["mimo-v2-omni"],
    createGoogleThinkingPayloadWrapper: ["gemini-3-pro"],
    createOpenAIResponsesContextManagementWrapper: ["gpt-5.5"],
    resolveProviderRequestCapabilities: ["deepseek-v4-flash"],
  })) {
    test(`without ${without} the plugin does not wrap ${concerned}`, async () => {
      for (const model of MODELS) {
        const warnings = [];
        const payload = await payloadOf(model, { load: fakeSdk({ without }), warnings });
        const away = concerned.includes(model.id);
        assert.equal(payload === undefined, away, model.id);
        assert.equal(warnings.length, away ? 1 : 0);
        if (away) {
          const [kind, consequence, error] = warnings[0];
          assert.equal(kind, "compat");
          assert.ok(consequence.includes(model.id));
          assert.ok(error.message.includes(without));
        }
      }
    });
  }

  test("a host module that failed to load is loaded again for the next call", async () => {
    const model = completions("mimo-v2.5");
    const sdk = fakeSdk();
    const warnings = [];
    let fails = true;
    const load = (name) => {
      if (fails) throw new Error(`cannot load ${name}`);
      return sdk(name);
    };
    const { wrap } = createCompat({ warn: (...warning) => warnings.push(warning), load });
    assert.equal(
      wrap(context(model), () => {}),
      undefined,
    );
    assert.match(
      warnings[0][2].message,
      /cannot load openclaw\/plugin-sdk\/provider-stream-shared/,
    );
    fails = false;
    assert.equal(typeof wrap(context(model), () => {}), "function");
  });
});
