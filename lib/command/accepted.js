// Limits of the gateway methods that help texts name. The methods check them; a test compares both.

/** The algorithms that `taas.autorouter.setAlgorithm` accepts. */
export const ALGORITHMS = ["best_fit", "price_performance", "savings_curve", "cost", "ttft", "tps"];

/** The kinds of routes that `taas.affinity.routes` accepts. */
export const KINDS = ["run", "completion"];

/** Rows of `openclaw taas routes`: the number without `--limit`, and the highest that the method accepts. */
export const ROUTES = { usual: 20, highest: 4096 };
