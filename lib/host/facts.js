// Gathers the facts that the addon's doctor checks. They have no path, key, URL or header value. Any configuration gets
// an answer.

import { isObject } from "../plain.js";
import { configuredAgents } from "./agents.js";
import { keysOf, listOf, mapSafely, providerValue, readSafely, shortText } from "./lenient.js";
import { bypassedProviders } from "./ownership.js";
import { shortId } from "./prices.js";

const AGENT_LIMIT = 64;
const KNOWN_LIMIT = 256;
const MODEL_LIMIT = 64;

/** The headers by which TaaS tells sessions and agents apart. */
const IDENTITY_HEADERS = new Set(["x-session-id", "x-openclaw-session-id", "x-openclaw-agent-id"]);

/** Whether the provider may have a key. A false alarm would be worse than a missing one, so doubt counts as a key. */
function hasKey(entry, { profiles, order }, id) {
  const { apiKey, auth = "api-key", authHeader, headers, request } = entry;
  const names = [...keysOf(headers), ...keysOf(request?.headers)];
  const owners = keysOf(profiles).map((name) => shortText(profiles[name]?.provider));
  return (
    isObject(apiKey) ||
    Boolean(shortText(apiKey)?.trim()) ||
    auth !== "api-key" ||
    authHeader === false ||
    isObject(request?.auth) ||
    names.some((name) => /authorization|api-?key|token/i.test(name)) ||
    owners.some((owner) => owner?.trim().toLowerCase() === id) ||
    providerValue(order, id) !== undefined
  );
}

/** `cacheRetention` of a model: the model's own, else the default of all agents. */
function retentionOf(config, provider, modelId) {
  const { models, params } = config.agents?.defaults ?? {};
  const fullId = `${provider}/${shortId(modelId, provider)}`.toLowerCase();
  return shortText(providerValue(models, fullId)?.params?.cacheRetention ?? params?.cacheRetention);
}

/** The facts of a provider's entry; `undefined` without an entry. */
function providerFacts(config, id) {
  const entry = providerValue(config.models?.providers, id);
  if (!isObject(entry)) {
    return undefined;
  }
  const models = listOf(entry.models).slice(0, MODEL_LIMIT);
  const headers = [entry, entry.request, ...models].flatMap((holder) => keysOf(holder?.headers));
  return {
    id,
    hasKey: hasKey(entry, config.auth ?? {}, id),
    pinned: [...new Set(headers.filter((name) => IDENTITY_HEADERS.has(name.toLowerCase())))],
    models: mapSafely(models, (model) => {
      const modelId = shortText(model.id);
      return (
        modelId && {
          id: modelId,
          api: shortText(model.api ?? entry.api),
          cacheControl: model.compat?.cacheControlFormat === "anthropic",
          promptCacheKey: model.compat?.supportsPromptCacheKey === true,
          retention: retentionOf(config, id, modelId),
        }
      );
    }),
  };
}

/** The ids of the configured agents. Without configured agents, the host has the agent `main`. */
function agentIds(config) {
  const agents = configuredAgents(config);
  const ids = agents.length > 0 ? mapSafely(agents, ({ id }) => shortText(id)) : ["main"];
  return ids.length > KNOWN_LIMIT ? null : ids;
}

/** The agents without a workspace of their own, if the gateway has several agents. */
function agentsWithoutWorkspace(config) {
  const agents = configuredAgents(config);
  const lacking = agents.filter(({ workspace }) => !shortText(workspace)?.trim());
  return agents.length > 1
    ? mapSafely(lacking, ({ id }) => shortText(id)).slice(0, AGENT_LIMIT)
    : [];
}

/**
 * The facts in the form in which the addon reads them.
 *
 * @param {import("./host.js").Host} host
 * @param {{ built: string | undefined, version: string }} addon
 */
export function factsOf({ config: currentConfig, settings, providers }, { built, version }) {
  const config = readSafely(currentConfig);
  const bypassed = bypassedProviders(providers);
  const called = bypassed.filter(({ calls }) => calls > 0);
  return {
    affinity: settings.affinity,
    notUnderstood: settings.invalid,
    binary: built,
    package: version,
    owned: bypassed.map(({ provider, owners }) => ({
      provider,
      plugins: mapSafely(owners, shortText),
    })),
    unasked: Object.fromEntries(called.map(({ provider, calls }) => [provider, calls])),
    providers: isObject(config) ? mapSafely(providers, (id) => providerFacts(config, id)) : null,
    agents: isObject(config) ? readSafely(() => agentIds(config), null) : null,
    agentsWithoutWorkspace: readSafely(() => agentsWithoutWorkspace(config), []),
  };
}
