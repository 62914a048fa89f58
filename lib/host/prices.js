// What a call costs, by the prices in OpenClaw's configuration and with OpenClaw's own arithmetic
// (`calculateUsageCost`). All prices are US dollars for a million tokens.

import { ofProvider } from "./entries.js";

/** JavaScript's whole numbers end here. A larger count is a fault of the gateway, and would hide all others in a sum. */
const COUNT_LIMIT = 2 ** 53;

/** Whether `long` is `<provider>/<short>`. Asked for every call: it makes no text. */
const isPrefixed = (long, provider, short) =>
  long.length === provider.length + 1 + short.length &&
  long[provider.length] === "/" &&
  long.startsWith(provider) &&
  long.endsWith(short);

/** Whether two ids name the same model, each with or without the provider. */
const isSameModel = (id, provider, modelId) =>
  id === modelId ||
  (typeof id === "string" &&
    (isPrefixed(modelId, provider, id) || isPrefixed(id, provider, modelId)));

const isTier = (tier) =>
  Number.isFinite(tier?.range?.[0]) &&
  [tier.input, tier.output, tier.cacheRead, tier.cacheWrite].every(Number.isFinite);

/** The tiers that OpenClaw uses, the smallest prompts first. */
const tiersOf = ({ tieredPricing }) =>
  Array.isArray(tieredPricing)
    ? tieredPricing.filter(isTier).sort((one, other) => one.range[0] - other.range[0])
    : [];

/** OpenClaw writes 0 for a price that it does not know. */
const hasPromptPrice = ({ input, cacheRead, cacheWrite }) =>
  input > 0 || cacheRead > 0 || cacheWrite > 0;

/** A model's `cost`, if it says what a prompt costs. */
const priced = (cost) =>
  cost && (hasPromptPrice(cost) || tiersOf(cost).some(hasPromptPrice)) ? cost : undefined;

/**
 * @param {object | undefined} config the host's
 * @param {string} provider
 * @param {string} modelId
 * @returns {object | undefined} the `cost` of the model's entry; `undefined` if it does not say what a prompt costs
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
  return priced(models.find((model) => isSameModel(model?.id, provider, modelId))?.cost);
}

/** The prices for a prompt of this size: those of its tier, else the flat ones. */
function ratesFor(cost, promptTokens) {
  const tiers = tiersOf(cost);
  const begun = tiers.filter(({ range: [start] }) => promptTokens >= start);
  const hasEnd = ({ range: [start, end] }) => Number.isFinite(end) && end > start;
  return (
    begun.find((tier) => !hasEnd(tier) || promptTokens < tier.range[1]) ??
    begun.at(-1) ??
    tiers[0] ??
    cost
  );
}

const countOf = (value) =>
  typeof value === "number" && value > 0 && value < COUNT_LIMIT ? value : 0;

const priceOf = (value) => (Number.isFinite(value) ? value : 0);

/** What the tokens cost, in US dollars. */
function calculated(usage, cost) {
  const input = countOf(usage?.input);
  const cached = countOf(usage?.cacheRead);
  const written = countOf(usage?.cacheWrite);
  const writtenForAnHour = Math.min(written, countOf(usage?.cacheWrite1h));
  const prompt = input + cached + written;
  const rates = ratesFor(cost, prompt);
  const inputPrice = priceOf(rates.input);
  const promptCost =
    input * inputPrice +
    cached * priceOf(rates.cacheRead) +
    (written - writtenForAnHour) * priceOf(rates.cacheWrite) +
    writtenForAnHour * inputPrice * 2;
  return {
    promptCost: promptCost / 1e6,
    uncachedCost: (prompt * inputPrice) / 1e6,
    outputCost: (countOf(usage?.output) * priceOf(rates.output)) / 1e6,
  };
}

/**
 * What a call cost.
 *
 * OpenClaw prices a call as one of the model that was asked for. If another model answered and has prices, those
 * count. OpenClaw's own total comes before a calculated one where it is about the same prices, or where the provider
 * billed it: it knows more, such as the price of a service tier.
 *
 * @param {import("../call/call.js").Call} call
 * @param {string | undefined} model that answered
 * @param {object | undefined} usage of the call's message
 * @returns {{ promptCost: number, uncachedCost: number, outputCost: number } | undefined} US dollars. `uncachedCost` is
 *   what the prompt would have cost if nothing had been cached. `undefined` without prices
 */
export function costOf({ config, provider, modelId, cost }, model, usage) {
  const entry = model && pricesOf(config, provider, model);
  const isOther = entry && !isSameModel(modelId, provider, model);
  const prices = isOther ? entry : (priced(cost) ?? entry);
  if (!prices) {
    return undefined;
  }
  const costs = calculated(usage, prices);
  const { total, totalOrigin } = usage?.cost ?? {};
  const isBilled = totalOrigin === "provider-billed";
  // Until OpenClaw has calculated a total, it is 0.
  const isKnown = Number.isFinite(total) && (isBilled ? total >= 0 : total > 0 && !isOther);
  const sum = costs.promptCost + costs.outputCost;
  if (isKnown && sum > 0) {
    for (const key of Object.keys(costs)) {
      costs[key] *= total / sum;
    }
  }
  return costs;
}
