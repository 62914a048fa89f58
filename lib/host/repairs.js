// The host's repairs: the models that need them, and the host's helpers in the host's order. The host exports the
// helpers but not the models, so a test compares the models here with the installed host.
//
// The host applies its repairs outside of the model's other wrappers, and this plugin inside. Only `strictMessageKeys`
// shows the difference.

import { isObject } from "../plain.js";

const DEEPSEEK_V4 = /^deepseek-v4-(?:flash|pro)$/;
const MIMO_REASONING = /^mimo-v2(?:-pro|-omni|\.5|\.5-pro|\.6-flash|\.6-pro|\.6-pro-ultraspeed)$/;
/** MiMo models whose reasoning can be their whole answer. */
const MIMO_REASONING_ONLY = /^mimo-v2-(?:pro|omni)$/;

/** Whether `names` has the model's name in `vendor/name:variant`. */
const isCompletions = ({ api, id }, names) =>
  api === "openai-completions" &&
  names.test(String(id).trim().toLowerCase().split(":", 1)[0].split("/").pop());

/** Whether the API of a DeepSeek V4 model has DeepSeek's own fields. */
function speaksDeepSeek({ api, baseUrl, provider, id: modelId, compat }, sdk) {
  if (typeof compat?.thinkingFormat === "string") {
    return compat.thinkingFormat === "deepseek";
  }
  const call = { provider, api, baseUrl, capability: "llm", transport: "stream", modelId, compat };
  const capabilities = sdk("resolveProviderRequestCapabilities", "provider-http");
  const { endpointClass, knownProviderFamily } = capabilities(call);
  const isOther =
    ["zai-native", "openrouter"].includes(endpointClass) ||
    knownProviderFamily === "together" ||
    /api\.together\.(?:ai|xyz)/.test(baseUrl);
  return ["deepseek-native", "xiaomi-native"].includes(endpointClass) || !isOther;
}

const messagesOf = (payload) =>
  Array.isArray(payload?.messages) ? payload.messages.filter(isObject) : [];

/** `stream`, whose payloads go through `onPayload`. `next` is the hook that the caller gave. */
const withPayload = (stream, onPayload) => (model, context, options) => {
  const next = (payload) => options?.onPayload?.(payload, model);
  return stream(model, context, { ...options, onPayload: (payload) => onPayload(payload, next) });
};

/** Removes the fields of DeepSeek's own API. */
const withoutThinking = (stream) =>
  withPayload(stream, (payload, next) => {
    for (const message of messagesOf(payload)) {
      delete message.reasoning_content;
    }
    delete payload?.thinking;
    return next(payload);
  });

/** Restores the field that `strictMessageKeys` removes. Without this plugin, the host repairs after it removes. */
const withReasoningKept = (stream) =>
  withPayload(stream, async (payload, next) => {
    const replaced = await next(payload);
    for (const message of messagesOf(replaced ?? payload)) {
      if (message.role === "assistant") {
        message.reasoning_content ??= "";
      }
    }
    return replaced;
  });

/** Adds the fields of DeepSeek's own API: whether to think, how hard, and the earlier reasoning. */
function withThinking(stream, { thinkingLevel }, sdk, model, options) {
  const level = String(options?.reasoning ?? thinkingLevel).toLowerCase();
  const isStrict = model.compat?.strictMessageKeys === true && !["off", "none"].includes(level);
  return sdk("createDeepSeekV4OpenAICompatibleThinkingWrapper")({
    baseStreamFn: isStrict ? withReasoningKept(stream) : stream,
    thinkingLevel,
    shouldPatchModel: () => true,
  });
}

/** From the innermost repair to the outermost. A test has the host's wrappers in this order. Most models need no repair. */
export const REPAIRS = [
  {
    concerns: (model) => isCompletions(model, DEEPSEEK_V4),
    around: (stream, context, sdk, model, options) =>
      speaksDeepSeek(model, sdk)
        ? withThinking(stream, context, sdk, model, options)
        : withoutThinking(stream),
  },
  {
    concerns: (model) => isCompletions(model, MIMO_REASONING),
    around: withThinking,
  },
  {
    concerns: (model) => isCompletions(model, MIMO_REASONING_ONLY),
    around: (baseStreamFn, _context, sdk) =>
      sdk("createThinkingOnlyFinalTextWrapper")({
        baseStreamFn,
        shouldPatchModel: () => true,
      }),
  },
  {
    concerns: (model) => model.api === "google-generative-ai",
    around: (stream, { thinkingLevel }, sdk) =>
      sdk("createGoogleThinkingPayloadWrapper")(stream, thinkingLevel),
  },
  {
    concerns: (model) => /responses/i.test(model.api),
    around: (stream, { extraParams }, sdk) =>
      sdk("createOpenAIResponsesContextManagementWrapper", "provider-stream-family")(
        stream,
        extraParams,
      ),
  },
];
