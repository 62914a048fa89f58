// The headers that a resolved model brings along reach the wire on every path of the host, also where
// it asks for no stream wrapper: side questions, the `pdf` tool, image description. And they are what
// names the agent of a simple completion, whose own context does not.

import { isPlain } from "./options.js";

// A model is resolved by one copy of this module and streamed by another.
const ORIGINS = Symbol.for("openclaw-taas-affinity.origins");

/**
 * @typedef {object} Origin where the headers of a resolved model come from
 * @property {object} context what the host resolved the model with: `agentDir`, `workspaceDir`
 * @property {unknown} configured the headers that the model had before ours
 */

/** @returns {WeakMap<object, Origin>} by the very headers that we gave a model */
const origins = () => (globalThis[ORIGINS] ??= new WeakMap());

/** @returns {Origin | undefined} of a model whose headers are ours */
export function originOf(model) {
  const headers = model?.headers;
  return headers !== null && typeof headers === "object" ? origins().get(headers) : undefined;
}

/** The headers that the configuration gave a model, less ours. */
export function configuredHeaders(model) {
  const origin = originOf(model);
  return origin === undefined ? model?.headers : origin.configured;
}

/**
 * `model` with those of `headers` that it lacks; `undefined` where it is no object of keys.
 *
 * @param {unknown} model
 * @param {object} context the hook's
 * @param {Record<string, string>} headers
 */
export function withOrigin(model, context, headers) {
  const configured = configuredHeaders(model);
  if (!isPlain(model) || !isPlain(configured ?? {})) {
    return undefined;
  }
  const all = { ...configured };
  const set = new Set(Object.keys(all).map((name) => name.toLowerCase()));
  for (const [name, value] of Object.entries(headers)) {
    if (!set.has(name.toLowerCase())) {
      all[name] = value;
    }
  }
  const { agentDir, workspaceDir, agentId } = context;
  origins().set(all, { context: { agentDir, workspaceDir, agentId }, configured });
  return { ...model, headers: all };
}
