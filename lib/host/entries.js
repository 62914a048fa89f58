// The provider entries of the host's configuration, for the doctor. No key, URL or header value leaves this file.

import { isObject, stringOf } from "../plain.js";
import { keysOf, listOf, mapSafely, providerValue, readSafely, shortText } from "./lenient.js";

const MODEL_LIMIT = 64;
const PINNED_LIMIT = 16;

/** The headers by which TaaS tells sessions and agents apart. */
const IDENTITY_HEADERS = new Set(["x-session-id", "x-openclaw-session-id", "x-openclaw-agent-id"]);

const RETENTIONS = ["none", "short", "long"];

/** Whether the provider may have a key. A false alarm would be worse than a missing one, so doubt counts as a key. */
function hasKey({ apiKey, auth, authHeader, headers, request }, { profiles, order }, id) {
  const names = [...keysOf(headers), ...keysOf(request?.headers)];
  return (
    isObject(apiKey) ||
    Boolean(stringOf(apiKey)?.trim()) ||
    ![undefined, "api-key"].includes(auth) ||
    authHeader === false ||
    isObject(request?.auth) ||
    names.some((name) => /authorization|api-?key|token/i.test(name)) ||
    keysOf(profiles).some(
      (name) => stringOf(profiles[name]?.provider)?.trim().toLowerCase() === id,
    ) ||
    providerValue(order, id) !== undefined
  );
}

/** The names of identity headers that the entry or its models set. */
function identityHeaders(entry, models) {
  const names = [entry, entry.request, ...models].flatMap((holder) =>
    readSafely(() => keysOf(holder?.headers), []),
  );
  const found = names.filter((name) => IDENTITY_HEADERS.has(name.toLowerCase()));
  return [...new Set(found)].slice(0, PINNED_LIMIT);
}

/** `cacheRetention` of a model: the model's own, else the default of all agents. */
function retentionOf(config, provider, modelId) {
  const { models, params } = config.agents?.defaults ?? {};
  const prefix = `${provider}/`;
  const fullId = modelId.startsWith(prefix) ? modelId : prefix + modelId;
  const own = providerValue(models, fullId.toLowerCase())?.params?.cacheRetention;
  return [own, params?.cacheRetention].find((value) => RETENTIONS.includes(value));
}

function modelFacts(config, provider, entry, model) {
  const id = shortText(model.id);
  return id === undefined
    ? undefined
    : {
        id,
        api: shortText(model.api ?? entry.api) ?? null,
        cacheControl: model.compat?.cacheControlFormat === "anthropic",
        promptCacheKey: model.compat?.supportsPromptCacheKey === true,
        retention: readSafely(() => retentionOf(config, provider, id), null),
      };
}

/** The facts of a provider's entry; `undefined` without an entry. */
export function providerFacts(config, id) {
  const entry = providerValue(config.models?.providers, id);
  if (!isObject(entry)) {
    return undefined;
  }
  const models = readSafely(() => listOf(entry.models).slice(0, MODEL_LIMIT), []);
  return {
    id,
    hasKey: readSafely(() => hasKey(entry, config.auth ?? {}, id), true),
    pinned: identityHeaders(entry, models),
    models: mapSafely(models, MODEL_LIMIT, (model) => modelFacts(config, id, entry, model)),
  };
}
