// Calls of models that the host repairs, with made-up helpers of the host's SDK.

import { createCompat } from "../../lib/host/compat.js";

export const completions = (id, more) => ({
  id,
  api: "openai-completions",
  provider: "cloudsigma",
  ...more,
});

/** Helpers that write down which of them were asked, in the order in which a payload meets them. */
export function fakeSdk({ without, endpointClass = "custom", knownProviderFamily } = {}) {
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

export const context = (model, more) => ({
  model,
  modelId: model.id,
  thinkingLevel: "high",
  extraParams: { responsesServerCompaction: true },
  ...more,
});

/** The payload of one call of `model` as it leaves; `undefined` where our wrapper stays away. */
export async function payloadOf(model, { load = fakeSdk(), warnings = [], given, payload } = {}) {
  const sent = payload ?? { met: [], thinking: "there", messages: [] };
  const ours = async (called, _context, options) => {
    const replaced = await options?.onPayload?.(sent, called);
    return { ...(replaced ?? sent), ours: true };
  };
  const warn = (...warning) => warnings.push(warning);
  return createCompat({ warn, load }).wrap(context(model, given), ours)?.(model, "context", {});
}
