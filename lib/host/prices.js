// Calculates the cost of a call from the prices in OpenClaw's configuration, as OpenClaw does (`calculateUsageCost`).
// All prices are US dollars for a million tokens.

import { providerValue } from "./lenient.js";

/** The id of a model without its provider. */
export const shortId = (id, provider) =>
  typeof id === "string" && id.startsWith(`${provider}/`) ? id.slice(provider.length + 1) : id;

const isTier = (tier) =>
  Number.isFinite(tier?.range?.[0]) &&
  [tier.input, tier.output, tier.cacheRead, tier.cacheWrite].every(Number.isFinite);

/** The valid price tiers, from the smallest prompts to the largest. */
const tiersOf = ({ tieredPricing }) =>
  Array.isArray(tieredPricing)
    ? tieredPricing.filter(isTier).sort((one, other) => one.range[0] - other.range[0])
    : [];

/** For OpenClaw, a price of 0 is an unknown price. */
const hasPromptPrice = ({ input, cacheRead, cacheWrite }) =>
  input > 0 || cacheRead > 0 || cacheWrite > 0;

/** `cost` if it contains a price of prompts. */
const priced = (cost) =>
  cost && (hasPromptPrice(cost) || tiersOf(cost).some(hasPromptPrice)) ? cost : undefined;

/**
 * @param {object | undefined} config the host's
 * @param {string} provider
 * @param {string} modelId
 * @returns {object | undefined} the `cost` of the model's entry, if it contains a price of prompts
 */
export function pricesOf(config, provider, modelId) {
  const models = providerValue(config?.models?.providers, provider)?.models;
  const id = shortId(modelId, provider);
  return Array.isArray(models)
    ? priced(models.find((model) => shortId(model?.id, provider) === id)?.cost)
    : undefined;
}

/** The prices of the tier for a prompt of this size; without tiers, the flat prices. */
function ratesFor(cost, promptTokens) {
  const tiers = tiersOf(cost);
  const begun = tiers.filter(({ range: [start] }) => promptTokens >= start);
  return (
    // A tier without an end has all larger prompts.
    begun.find(({ range: [start, end] }) => !(end > start) || promptTokens < end) ??
    begun.at(-1) ??
    tiers[0] ??
    cost
  );
}

const countOf = (value) => (Number.isFinite(value) && value > 0 ? value : 0);

const priceOf = (value) => (Number.isFinite(value) ? value : 0);

/** The costs of the tokens in millionths of a US dollar. */
function calculated(usage, cost) {
  const input = countOf(usage?.input);
  const cached = countOf(usage?.cacheRead);
  const written = countOf(usage?.cacheWrite);
  const writtenForAnHour = Math.min(written, countOf(usage?.cacheWrite1h));
  const prompt = input + cached + written;
  const rates = ratesFor(cost, prompt);
  const inputPrice = priceOf(rates.input);
  return {
    promptCost:
      (input + 2 * writtenForAnHour) * inputPrice +
      cached * priceOf(rates.cacheRead) +
      (written - writtenForAnHour) * priceOf(rates.cacheWrite),
    uncachedCost: prompt * inputPrice,
    outputCost: countOf(usage?.output) * priceOf(rates.output),
  };
}

/**
 * The costs of a call.
 *
 * OpenClaw uses the prices of the requested model. If another model answered and has prices, this function uses those.
 * OpenClaw's own total has priority if the same prices apply or if the provider billed the total. That total includes
 * more, such as the price of a service tier.
 *
 * @param {import("../call/call.js").Call} call
 * @param {string | undefined} model that answered
 * @param {object | undefined} usage of the call's message
 * @returns {{ promptCost: number, uncachedCost: number, outputCost: number } | undefined} US dollars. `uncachedCost` is
 *   the cost of the same prompt without a cache. `undefined` without prices
 */
export function costOf({ config, provider, modelId, cost }, model, usage) {
  const entry = model && pricesOf(config, provider, model);
  const isOther = entry && shortId(modelId, provider) !== shortId(model, provider);
  const prices = isOther ? entry : (priced(cost) ?? entry);
  if (!prices) {
    return undefined;
  }
  const { promptCost, uncachedCost, outputCost } = calculated(usage, prices);
  const { total, totalOrigin } = usage?.cost ?? {};
  const isBilled = totalOrigin === "provider-billed";
  // OpenClaw's total is 0 until OpenClaw has calculated it.
  const isKnown = Number.isFinite(total) && (isBilled ? total >= 0 : total > 0 && !isOther);
  const sum = promptCost + outputCost;
  const scale = isKnown && sum > 0 ? total / sum : 1e-6;
  return {
    promptCost: promptCost * scale,
    uncachedCost: uncachedCost * scale,
    outputCost: outputCost * scale,
  };
}
