// The host's own repairs around our wrapper: for which models, in which order, and what becomes of a
// model whose repair this host does not have.

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";

import { createCompat } from "../lib/host/compat.js";
import { REPAIRS } from "../lib/host/repairs.js";
import { hostRules, readWrappers, skippedRepairs } from "./support/host-repairs.mjs";

const HOST = fileURLToPath(new URL("../sim/host/node_modules/", import.meta.url));

const completions = (id, more) => ({
  id,
  api: "openai-completions",
  provider: "cloudsigma",
  ...more,
});

/** Helpers that write down which of them were asked, in the order in which a payload meets them. */
function fakeSdk({ without, endpointClass = "custom", knownProviderFamily } = {}) {
  const noting = (name) => (stream) => (model, context, options) =>
    stream(model, context, {
      ...options,
      onPayload: (payload) => {
        payload.met.push(name);
        return options?.onPayload?.(payload, model);
      },
    });
  const sdk = {
    createDeepSeekV4OpenAICompatibleThinkingWrapper: ({ baseStreamFn, thinkingLevel }) =>
      noting(`thinking ${thinkingLevel}`)(baseStreamFn),
    createThinkingOnlyFinalTextWrapper: ({ baseStreamFn }) => noting("visible")(baseStreamFn),
    createGoogleThinkingPayloadWrapper: (stream, level) => noting(`google ${level}`)(stream),
    createOpenAIResponsesContextManagementWrapper: (stream, params) =>
      noting(`responses ${params.responsesServerCompaction}`)(stream),
    resolveProviderRequestCapabilities: () => ({ endpointClass, knownProviderFamily }),
  };
  delete sdk[without];
  return () => sdk;
}

const context = (model, more) => ({
  model,
  modelId: model.id,
  thinkingLevel: "high",
  extraParams: { responsesServerCompaction: true },
  ...more,
});

/** The payload of one call of `model` as it leaves; `undefined` where our wrapper stays away. */
async function payloadOf(model, { load = fakeSdk(), warnings = [], given, payload } = {}) {
  const sent = payload ?? { met: [], thinking: "there", messages: [] };
  const ours = async (called, _context, options) => {
    const replaced = await options?.onPayload?.(sent, called);
    return { ...(replaced ?? sent), ours: true };
  };
  const warn = (...warning) => warnings.push(warning);
  return createCompat({ warn, load }).wrap(context(model, given), ours)?.(model, "context", {});
}

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
    test(`${model.id} over ${model.api} ${JSON.stringify(model.compat ?? {})}`, async () => {
      const payload = await payloadOf(model);
      assert.deepEqual(payload.met, met);
      assert.equal(payload.ours, true);
    });
  }

  test("what does not speak as DeepSeek does gets none of its fields", async () => {
    const messages = [{ role: "assistant", content: "a", reasoning_content: "b" }, null];
    const model = completions("deepseek-v4-flash", { compat: { thinkingFormat: "openai" } });
    const payload = { met: [], thinking: "there", messages };
    assert.deepEqual(await payloadOf(model, { payload }), {
      met: [],
      messages: [{ role: "assistant", content: "a" }, null],
      ours: true,
    });
  });

  test("strictMessageKeys strips the messages, and the field comes after", async () => {
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

  test("the stream of a simple caller comes back as it is given, at once", () => {
    const { wrap } = createCompat({ warn: assert.fail, load: fakeSdk() });
    const model = completions("auto");
    assert.equal(wrap(context(model), () => "stream")(model, "context"), "stream");
  });

  test("a caller of the hook for whom the host repairs nothing gets our wrapper alone", () => {
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
    test(`${without}: our wrapper stays away from ${concerned}`, async () => {
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

  test("a module that does not load is asked for again", async () => {
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

describe("the installed host", { skip: !existsSync(HOST) && "it is not installed" }, async () => {
  const { version } = JSON.parse(readFileSync(`${HOST}openclaw/package.json`, "utf8"));
  const text = readWrappers(`${HOST}openclaw/dist`);

  /** What lib/host/repairs.js does not know of what this host skips, in words; else nothing. */
  function unknown(wrappers) {
    const skipped = skippedRepairs(wrappers);
    const known = REPAIRS.flatMap(({ replaces }) => replaces);
    const news = skipped.filter((name) => !known.includes(name));
    const gone = known.filter((name) => !skipped.includes(name));
    if (news.length > 0) {
      return `OpenClaw ${version} skips repairs behind a provider's wrapper that lib/host/repairs.js does not know: ${news}`;
    }
    if (gone.length > 0 || `${known}` !== `${skipped}`) {
      return `OpenClaw ${version} skips ${skipped} behind a provider's wrapper; lib/host/repairs.js puts back ${known}`;
    }
    return undefined;
  }

  test("skips what lib/host/repairs.js puts back, in this order", () => {
    assert.equal(unknown(text), undefined);
  });

  test("a new repair, a lost one and a new question would be noticed", () => {
    const last = "ctx.agent.streamFn = createGoogleThinkingPayloadWrapper(";
    assert.ok(text.includes(last));
    assert.match(
      unknown(text.replace(last, `ctx.agent.streamFn = createNewWrapper(1); ${last}`)),
      /^OpenClaw \S+ skips repairs .* does not know: createNewWrapper$/,
    );
    assert.match(unknown(text.replace(last, "noWrapper(")), /puts back/);
    assert.throws(() => unknown(`${text}\nif (!providerWrapperHandled) {}`), /asks 2 times/);
  });

  test("repairs the models that lib/host/repairs.js repairs", async () => {
    const { detectOpenAICompletionsCompat } = await import(
      new URL("../sim/host/node_modules/@openclaw/ai/dist/transports.mjs", import.meta.url)
    );
    const capabilities = { endpointClass: "custom" };
    const rules = hostRules(text, (model) =>
      detectOpenAICompletionsCompat(model, () => capabilities),
    );
    assert.ok(rules.names.length >= 9, `${rules.names}`);
    const ids = rules.names.flatMap((name) => [name, `a/${name.toUpperCase()}:b`, `${name}-x`]);
    const formats = [undefined, "deepseek", "openai", "zai", "qwen", "openrouter", 1];
    const places = [
      { endpointClass: "custom" },
      { endpointClass: "local" },
      { endpointClass: "deepseek-native" },
      { endpointClass: "xiaomi-native" },
      { endpointClass: "zai-native" },
      { endpointClass: "openrouter" },
      { endpointClass: "custom", knownProviderFamily: "together" },
    ];
    for (const place of places) {
      Object.assign(capabilities, { knownProviderFamily: undefined, ...place });
      for (const baseUrl of ["https://taas.example/v1", "https://api.together.xyz/v1"]) {
        for (const thinkingFormat of formats) {
          for (const api of ["openai-completions", "openai-responses"]) {
            for (const id of ids) {
              const model = completions(id, { api, baseUrl, compat: { thinkingFormat } });
              const { met, thinking } = await payloadOf(model, { load: fakeSdk(place) });
              const what = JSON.stringify({ model, place });
              const native = rules.thinking(model) && rules.native(model);
              const thinks = native || rules.mimo(model);
              assert.equal(met.includes("thinking high"), thinks, what);
              assert.equal(thinking === undefined, rules.sanitized(model), what);
              assert.equal(met.includes("visible"), rules.visible(model), what);
            }
          }
        }
      }
    }
  });
});
