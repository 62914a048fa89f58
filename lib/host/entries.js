// The entries of the providers in the host's configuration, as the doctor judges them (facts.js). No key, URL
// or value of a header is told.

import { each, isObject, keysOf, listOf, reading, textOf } from "./lenient.js";

const MODEL_LIMIT = 64;
const PINNED_LIMIT = 16;

const PINNING = new Set(["x-session-id", "x-openclaw-session-id", "x-openclaw-agent-id"]);

const RETENTIONS = ["none", "short", "long"];

/** The value under a provider's id, which the host compares without case and outer blanks. */
export function ofProvider(entries, id) {
  const key = keysOf(entries).find((name) => name.trim().toLowerCase() === id);
  return key === undefined ? undefined : entries[key];
}

/** Whether there is a key, or something that may be one: only where nothing is, there is none. */
function hasKey(entry, config, id) {
  const { apiKey, auth, authHeader, headers } = entry;
  if (isObject(apiKey) || (typeof apiKey === "string" && apiKey.trim() !== "")) {
    return true;
  }
  const isOther = auth !== undefined && auth !== "api-key";
  const names = [...keysOf(headers), ...keysOf(entry.request?.headers)];
  const isSent = names.some((name) => /authorization|api-?key|token/i.test(name));
  const { profiles, order } = config.auth ?? {};
  const hasProfile = keysOf(profiles).some((name) => {
    const provider = profiles[name]?.provider;
    return typeof provider === "string" && provider.trim().toLowerCase() === id;
  });
  const isOrdered = ofProvider(order, id) !== undefined;
  return (
    isOther ||
    authHeader === false ||
    isObject(entry.request?.auth) ||
    isSent ||
    hasProfile ||
    isOrdered
  );
}

/** Names of headers that say whose a request is, in the entries of a provider and its models. */
function pinnedIn(entry, models) {
  const holders = [entry, entry.request, ...models];
  const names = holders.flatMap((holder) =>
    reading(() => keysOf(holder?.headers).filter((name) => PINNING.has(name.toLowerCase())), []),
  );
  return [...new Set(names)].slice(0, PINNED_LIMIT);
}

/** `cacheRetention` of a model for agents that say nothing of it: its own, else the default of all. */
function retentionOf(config, provider, modelId) {
  const defaults = config.agents?.defaults;
  const { models, params } = defaults ?? {};
  const bare = modelId.startsWith(`${provider}/`) ? modelId.slice(provider.length + 1) : modelId;
  const own = ofProvider(models, `${provider}/${bare}`.toLowerCase())?.params?.cacheRetention;
  return [own, params?.cacheRetention].find((value) => RETENTIONS.includes(value)) ?? null;
}

function modelFacts(config, provider, entry, model) {
  const id = textOf(model.id);
  return id === undefined
    ? undefined
    : {
        id,
        api: textOf(model.api ?? entry.api) ?? null,
        cacheControl: model.compat?.cacheControlFormat === "anthropic",
        promptCacheKey: model.compat?.supportsPromptCacheKey === true,
        retention: reading(() => retentionOf(config, provider, id), null),
      };
}

/** What there is to judge of a provider's entry; `undefined` where it has none. */
export function providerFacts(config, id) {
  const entry = ofProvider(config.models?.providers, id);
  if (!isObject(entry)) {
    return undefined;
  }
  const models = reading(() => listOf(entry.models).slice(0, MODEL_LIMIT), []);
  return {
    id,
    hasKey: reading(() => hasKey(entry, config, id), true),
    pinned: pinnedIn(entry, models),
    models: each(models, MODEL_LIMIT, (model) => modelFacts(config, id, entry, model)),
  };
}
