// The metrics for Prometheus. The addon writes them at each scrape.

import { registerRoute } from "./http.js";

const PATH = "/api/taas-affinity/metrics";

const TYPES = {
  prometheus: "text/plain; version=0.0.4; charset=utf-8",
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
};

/**
 * @param {import("../call/hooks.js").Parts} parts
 * @param {import("../methods.js").Ask} ask
 */
export function registerMetrics(parts, ask) {
  registerRoute(parts, {
    path: PATH,
    answer({ headers: { accept } }) {
      const format = accept?.includes("application/openmetrics-text")
        ? "openmetrics"
        : "prometheus";
      return { headers: { "content-type": TYPES[format] }, body: ask("metrics", { format }) };
    },
  });
}
