// What a model costs by the host's configuration.

import { ofProvider } from "./entries.js";

/** Whether `long` is `<provider>/<short>`. Asked for every call: it makes no text. */
const isPrefixed = (long, provider, short) =>
  long.length === provider.length + 1 + short.length &&
  long[provider.length] === "/" &&
  long.startsWith(provider) &&
  long.endsWith(short);

/** Whether an entry is that of a model, which either may name with or without the provider. */
const isEntryOf = (id, provider, modelId) =>
  id === modelId ||
  (typeof id === "string" &&
    (isPrefixed(modelId, provider, id) || isPrefixed(id, provider, modelId)));

const isPriced = (cost) =>
  cost?.input > 0 || cost?.cacheRead > 0 || cost?.cacheWrite > 0 || cost?.output > 0;

/**
 * @param {object | undefined} config the host's
 * @param {string} provider
 * @param {string} modelId
 * @returns {{ input: number, cacheRead: number, cacheWrite: number, output: number } | undefined} US dollars for a
 *   million tokens, as the model's entry has them; `undefined` where it has none, or where all are 0
 */
export function pricesOf(config, provider, modelId) {
  if (typeof provider !== "string") {
    return undefined;
  }
  const providers = config?.models?.providers;
  const models = (providers?.[provider] ?? ofProvider(providers, provider))?.models;
  if (!Array.isArray(models)) {
    return undefined;
  }
  for (const model of models) {
    if (isEntryOf(model?.id, provider, modelId)) {
      return isPriced(model.cost) ? model.cost : undefined;
    }
  }
  return undefined;
}
