// The headers of resolved models. They reach the wire even if the host asks for no stream wrapper: in side questions, the
// `pdf` tool and image descriptions. They also name the agent of a simple completion, because its own context does not.

import { shared } from "../addon/shared.js";
import { isObject, isPlain } from "../plain.js";

/**
 * @typedef {object} Origin describes the headers that the plugin gave a model
 * @property {object} context the parts of the hook's context that name the agent
 * @property {unknown} configured the headers that the model had before
 * @property {Record<string, string>} added the headers that the plugin added
 */

/** The host copies a model's headers to add its own (`authHeader: true`). The model keeps this property. */
const ORIGIN = Symbol.for("openclaw-taas-affinity.origin");

const originOfHeaders = (headers) => (isObject(headers) ? shared.origins.get(headers) : undefined);

/** @returns {Origin | undefined} of a model that the plugin gave headers, or of its copy */
export const originOf = (model) => originOfHeaders(model?.headers) ?? model?.[ORIGIN];

/** A model's headers without the plugin's. */
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
 * `model` with those of `headers` that it lacks; `undefined` if the model or its headers are not plain objects.
 *
 * @param {unknown} model
 * @param {object} context the hook's
 * @param {Record<string, string>} headers
 */
export function withOrigin(model, { agentDir, workspaceDir, agentId }, headers) {
  const configured = configuredHeaders(model);
  if (!isPlain(model) || !isPlain(configured ?? {})) {
    return undefined;
  }
  const present = new Set(Object.keys(configured ?? {}).map((name) => name.toLowerCase()));
  const added = Object.fromEntries(
    Object.entries(headers).filter(([name]) => !present.has(name.toLowerCase())),
  );
  const origin = { context: { agentDir, workspaceDir, agentId }, configured, added };
  const all = { ...configured, ...added };
  shared.origins.set(all, origin);
  return { ...model, headers: all, [ORIGIN]: origin };
}
