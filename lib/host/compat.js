// What the host leaves out because of our wrapper, put back around it.
//
// For some models the host repairs payloads and answers itself, but only where no provider's
// `wrapStreamFn` returns a function of its own. Ours does, so the same repairs are laid around it.

import { createRequire } from "node:module";

import { REPAIRS } from "./repairs.js";

/** The host's SDK helpers by the module that has them. */
const MODULES = {
  createDeepSeekV4OpenAICompatibleThinkingWrapper: "provider-stream-shared",
  createThinkingOnlyFinalTextWrapper: "provider-stream-shared",
  createGoogleThinkingPayloadWrapper: "provider-stream-shared",
  createOpenAIResponsesContextManagementWrapper: "provider-stream-family",
  resolveProviderRequestCapabilities: "provider-http",
};

/** A helper of the host by its name. Only what is needed is loaded; what failed is tried again. */
function createSdk(load) {
  const helpers = new Map();
  return (name) => {
    if (!helpers.has(name)) {
      const helper = load(`openclaw/plugin-sdk/${MODULES[name]}`)[name];
      if (typeof helper !== "function") {
        throw new Error(`this OpenClaw has no ${name}`);
      }
      helpers.set(name, helper);
    }
    return helpers.get(name);
  };
}

/**
 * @param {object} parts
 * @param {import("../log.js").Warn} parts.warn
 * @param {(specifier: string) => object} [parts.load] loads a module of the host's SDK. The host
 *   answers for them where the plugin asks, and `require` is the one that answers at once.
 */
export function createCompat({ warn, load = createRequire(import.meta.url) }) {
  const sdk = createSdk(load);

  function repaired(stream, context, model, options) {
    let result = stream;
    for (const { concerns, around } of REPAIRS) {
      if (concerns(model)) {
        result = around(result, context, sdk, model, options);
      }
    }
    return result;
  }

  /**
   * `ours`, our wrapper of an agent run, with the host's repairs around it; `undefined` where the
   * host lacks a helper that the model needs, and so our wrapper has to stay away.
   */
  function wrap(context, ours) {
    // The host has another caller of the hook, which repairs nothing and names no level of thinking.
    if (!("thinkingLevel" in context)) {
      return ours;
    }
    try {
      repaired(ours, context, context.model ?? {});
    } catch (error) {
      warn("compat", `requests of ${context.modelId} and the like go out untouched`, error);
      return undefined;
    }
    return function stream(model, streamContext, options, ...rest) {
      let repairing = ours;
      try {
        repairing = repaired(ours, context, model, options);
      } catch (error) {
        warn("compat-call", "a request went out without the host's repairs", error);
      }
      return Reflect.apply(repairing, this, [model, streamContext, options, ...rest]);
    };
  }

  return { wrap };
}
