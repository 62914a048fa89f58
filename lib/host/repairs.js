// Which models the host repairs, and how: the host's own helpers where it exports them, in the host's
// order. Which models these are it does not export; a test compares the rules here with those of the
// installed host.
//
// The host has its repairs outside of the wrappers that every model gets, and here they are inside of
// them. That makes a difference for one setting alone, `strictMessageKeys`.

const DEEPSEEK_V4 = new Set(["deepseek-v4-flash", "deepseek-v4-pro"]);
/** MiMo models whose reasoning is their answer where they say nothing else. */
const MIMO_SPEAKS_BY_REASONING = new Set(["mimo-v2-pro", "mimo-v2-omni"]);
const MIMO_REASONS = new Set([
  ...MIMO_SPEAKS_BY_REASONING,
  "mimo-v2.5",
  "mimo-v2.5-pro",
  "mimo-v2.6-flash",
  "mimo-v2.6-pro",
  "mimo-v2.6-pro-ultraspeed",
]);

/** A model's own name: `vendor/deepseek-v4-pro:free` is `deepseek-v4-pro`. */
const nameOf = (id) =>
  typeof id === "string" ? id.trim().toLowerCase().split(":", 1)[0].split("/").pop() : undefined;

const isCompletions = (model, names) =>
  model.api === "openai-completions" && names.has(nameOf(model.id));

/** Whether a DeepSeek V4 model is spoken to as DeepSeek does, by its settings or its address. */
function speaksDeepSeek(model, sdk) {
  const configured = model.compat?.thinkingFormat;
  if (typeof configured === "string") {
    return configured === "deepseek";
  }
  const { baseUrl, provider, id: modelId } = model;
  const { endpointClass, knownProviderFamily } = sdk("resolveProviderRequestCapabilities")({
    provider,
    api: "openai-completions",
    baseUrl,
    capability: "llm",
    transport: "stream",
    modelId,
    compat: model.compat,
  });
  if (endpointClass === "deepseek-native" || endpointClass === "xiaomi-native") {
    return true;
  }
  const isTogether =
    knownProviderFamily === "together" || /api\.together\.(?:ai|xyz)/.test(baseUrl ?? "");
  return !(isTogether || endpointClass === "zai-native" || endpointClass === "openrouter");
}

const messagesOf = (payload) =>
  Array.isArray(payload?.messages)
    ? payload.messages.filter((message) => message !== null && typeof message === "object")
    : [];

/** The fields of DeepSeek's own API taken out, for a place that does not know them. */
function withoutThinking(stream) {
  return (model, context, options) =>
    stream(model, context, {
      ...options,
      onPayload: (payload) => {
        for (const message of messagesOf(payload)) {
          delete message.reasoning_content;
        }
        if (payload !== null && typeof payload === "object") {
          delete payload.thinking;
        }
        return options?.onPayload?.(payload, model);
      },
    });
}

/**
 * The field that `strictMessageKeys` takes out of the messages put back. Without a wrapper, the host
 * takes out first and repairs then.
 */
function withReasoningKept(stream) {
  return (model, context, options) =>
    stream(model, context, {
      ...options,
      onPayload: async (payload) => {
        const replaced = await options?.onPayload?.(payload, model);
        for (const message of messagesOf(replaced ?? payload)) {
          if (message.role === "assistant") {
            message.reasoning_content ??= "";
          }
        }
        return replaced;
      },
    });
}

/** The fields of DeepSeek's own API: whether to think, how hard, and earlier reasoning sent back. */
function withThinking(stream, { thinkingLevel }, sdk, model, options) {
  const level = String(options?.reasoning ?? thinkingLevel).toLowerCase();
  const isStrict = model.compat?.strictMessageKeys === true && level !== "off" && level !== "none";
  return sdk("createDeepSeekV4OpenAICompatibleThinkingWrapper")({
    baseStreamFn: isStrict ? withReasoningKept(stream) : stream,
    thinkingLevel,
    shouldPatchModel: () => true,
  });
}

/**
 * `replaces` names the host's wrappers that an entry stands for, so that a test can see what is new.
 *
 * What the host would have done, from the inside to the outside; most models need none of it.
 */
export const REPAIRS = [
  {
    replaces: [
      "createDeepSeekV4OpenAICompatibleThinkingWrapper",
      "createDeepSeekV4NonNativeCompatSanitizerWrapper",
    ],
    concerns: (model) => isCompletions(model, DEEPSEEK_V4),
    around: (stream, context, sdk, model, options) =>
      speaksDeepSeek(model, sdk)
        ? withThinking(stream, context, sdk, model, options)
        : withoutThinking(stream),
  },
  {
    replaces: ["createDeepSeekV4OpenAICompatibleThinkingWrapper"],
    concerns: (model) => isCompletions(model, MIMO_REASONS),
    around: withThinking,
  },
  {
    replaces: ["createThinkingOnlyFinalTextWrapper"],
    concerns: (model) => isCompletions(model, MIMO_SPEAKS_BY_REASONING),
    around: (baseStreamFn, _context, sdk) =>
      sdk("createThinkingOnlyFinalTextWrapper")({ baseStreamFn, shouldPatchModel: () => true }),
  },
  {
    replaces: ["createGoogleThinkingPayloadWrapper"],
    concerns: (model) => model.api === "google-generative-ai",
    around: (stream, { thinkingLevel }, sdk) =>
      sdk("createGoogleThinkingPayloadWrapper")(stream, thinkingLevel),
  },
  {
    replaces: ["createOpenAIResponsesContextManagementWrapper"],
    concerns: (model) => /responses/i.test(model.api),
    around: (stream, { extraParams }, sdk) =>
      sdk("createOpenAIResponsesContextManagementWrapper")(stream, extraParams),
  },
];
