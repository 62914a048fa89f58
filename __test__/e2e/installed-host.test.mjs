// The files of the installed OpenClaw agree with what the plugin and its tests assume. No gateway is started.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";

import { hostRules, readWrappers, skippedRepairs } from "../support/host-repairs.mjs";
import { completions, fakeSdk, payloadOf } from "../support/repairs.mjs";

const HOST = new URL("../../sim/host/node_modules/", import.meta.url);

/** The host's wrappers that lib/host/repairs.js puts back, in its order. The first row of REPAIRS puts back two. */
const PUT_BACK = [
  "createDeepSeekV4OpenAICompatibleThinkingWrapper",
  "createDeepSeekV4NonNativeCompatSanitizerWrapper",
  "createDeepSeekV4OpenAICompatibleThinkingWrapper",
  "createThinkingOnlyFinalTextWrapper",
  "createGoogleThinkingPayloadWrapper",
  "createOpenAIResponsesContextManagementWrapper",
];

describe("the installed OpenClaw", () => {
  const versionOf = (directory) =>
    JSON.parse(readFileSync(new URL("package.json", directory))).version;
  const version = versionOf(new URL("openclaw/", HOST));
  const text = readWrappers(fileURLToPath(new URL("openclaw/dist", HOST)));

  /** What lib/host/repairs.js does not know of what this host skips, in words; else nothing. */
  function unknown(wrappers) {
    const skipped = skippedRepairs(wrappers);
    const news = skipped.filter((name) => !PUT_BACK.includes(name));
    const gone = PUT_BACK.filter((name) => !skipped.includes(name));
    if (news.length > 0) {
      return `OpenClaw ${version} skips repairs behind a provider's wrapper that lib/host/repairs.js does not know: ${news}`;
    }
    if (gone.length > 0 || `${PUT_BACK}` !== `${skipped}`) {
      return `OpenClaw ${version} skips ${skipped} behind a provider's wrapper; lib/host/repairs.js puts back ${PUT_BACK}`;
    }
    return undefined;
  }

  test("OpenClaw skips the repairs that lib/host/repairs.js puts back, in the same order", () => {
    assert.equal(unknown(text), undefined);
  });

  test("the comparison notices a new repair, a lost repair and a new condition", () => {
    const last = "ctx.agent.streamFn = createGoogleThinkingPayloadWrapper(";
    assert.ok(text.includes(last));
    assert.match(
      unknown(text.replace(last, `ctx.agent.streamFn = createNewWrapper(1); ${last}`)),
      /^OpenClaw \S+ skips repairs .* does not know: createNewWrapper$/,
    );
    assert.match(unknown(text.replace(last, "noWrapper(")), /puts back/);
    assert.throws(() => unknown(`${text}\nif (!providerWrapperHandled) {}`), /asks 2 times/);
  });

  test("OpenClaw repairs the models that lib/host/repairs.js repairs", async () => {
    const { detectOpenAICompletionsCompat } = await import(
      new URL("@openclaw/ai/dist/transports.mjs", HOST)
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

  test("the unit tests run the commands with the commander of OpenClaw", () => {
    const tests = new URL("../../node_modules/commander/", import.meta.url);
    assert.equal(versionOf(tests), versionOf(new URL("commander/", HOST)));
  });
});
