// The headers that a resolved model brings along reach the wire on every path of the host, also where
// it asks for no stream wrapper: side questions, the `pdf` tool, image description. And they are what
// names the agent of a simple completion, whose own context does not.

import { shared } from "../addon/shared.js";
import { isPlain } from "../plain.js";

/**
 * @typedef {object} Origin where the headers of a resolved model come from
 * @property {object} context what the host resolved the model with: `agentDir`, `workspaceDir`
 * @property {unknown} configured the headers that the model had before ours
 * @property {Record<string, string>} added those of ours that it lacked
 */

/** On a model that has ours: the host copies headers to add its own (`authHeader: true`). */
const ORIGIN = Symbol.for("openclaw-taas-affinity.origin");

/** @returns {Origin | undefined} of the very headers that we gave a model */
function originOfHeaders(headers) {
  return headers !== null && typeof headers === "object" ? shared.origins.get(headers) : undefined;
}

/** @returns {Origin | undefined} of a model that we gave headers, or of a copy of it */
export const originOf = (model) => originOfHeaders(model?.headers) ?? model?.[ORIGIN];

/** The headers that the configuration gave a model, less ours. */
export function configuredHeaders(model) {
  const headers = model?.headers;
  const origin = originOfHeaders(headers);
  if (origin !== undefined) {
    return origin.configured;
  }
  const added = model?.[ORIGIN]?.added;
  return added !== undefined && isPlain(headers)
    ? Object.fromEntries(Object.entries(headers).filter(([name, value]) => added[name] !== value))
    : headers;
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
  const added = {};
  const set = new Set(Object.keys(configured ?? {}).map((name) => name.toLowerCase()));
  for (const [name, value] of Object.entries(headers)) {
    if (!set.has(name.toLowerCase())) {
      added[name] = value;
    }
  }
  const { agentDir, workspaceDir, agentId } = context;
  const origin = { context: { agentDir, workspaceDir, agentId }, configured, added };
  const all = { ...configured, ...added };
  shared.origins.set(all, origin);
  return { ...model, headers: all, [ORIGIN]: origin };
}
