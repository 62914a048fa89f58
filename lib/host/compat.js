// Keeps the host's repairs. For some models the host repairs payloads and responses, but not if a plugin wraps the
// stream function. This plugin wraps it, so it puts the same repairs around its own wrapper.

import { createRequire } from "node:module";

import { REPAIRS } from "./repairs.js";

/**
 * @param {object} parts
 * @param {import("../log.js").Warn} parts.warn
 * @param {(specifier: string) => object} [parts.load] loads a module of the host's SDK. The host resolves these modules
 *   for its plugins, and `require` needs no waiting
 */
export function createCompat({ warn, load = createRequire(import.meta.url) }) {
  /** A helper of the host's SDK. Only the helpers that a model needs are loaded. */
  function sdk(name, module = "provider-stream-shared") {
    const helper = load(`openclaw/plugin-sdk/${module}`)[name];
    if (typeof helper !== "function") {
      throw new Error(`this OpenClaw has no ${name}`);
    }
    return helper;
  }

  const repaired = (stream, context, model, options) =>
    REPAIRS.filter(({ concerns }) => concerns(model)).reduce(
      (inner, { around }) => around(inner, context, sdk, model, options),
      stream,
    );

  /**
   * Puts the host's repairs around `ours`, the plugin's stream function for an agent run. Returns `undefined` if the host
   * lacks a helper that the model needs.
   */
  function wrap(context, ours) {
    // The host's other caller of this hook gives no level and needs no repairs.
    if (!("thinkingLevel" in context)) {
      return ours;
    }
    try {
      repaired(ours, context, context.model ?? {});
    } catch (error) {
      warn("compat", `requests of ${context.modelId} and similar models lack metadata`, error);
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
