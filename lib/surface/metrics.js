// The metrics for Prometheus. The addon writes them at each scrape.

import { registerRoute } from "./http.js";

const PATH = "/api/taas-affinity/metrics";

const TYPES = {
  prometheus: "text/plain; version=0.0.4; charset=utf-8",
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
};

/** Whether a client asks for OpenMetrics and does not prefer the text format. */
function prefersOpenMetrics(accept = "") {
  const weights = new Map();
  for (const range of accept.toLowerCase().split(",")) {
    const [type, ...parameters] = range.split(";").map((part) => part.trim());
    const quality = parameters.find((parameter) => parameter.startsWith("q="));
    const weight = quality === undefined ? 1 : Number(quality.slice(2));
    weights.set(type, Math.max(weight, weights.get(type) ?? 0));
  }
  const weight = weights.get("application/openmetrics-text") ?? 0;
  return weight > 0 && weight >= (weights.get("text/plain") ?? 0);
}

/**
 * @param {import("../call/hooks.js").Parts} parts
 * @param {import("../methods.js").Ask} ask
 */
export function registerMetrics(parts, ask) {
  registerRoute(parts, {
    path: PATH,
    answer({ headers: { accept } }) {
      const format = prefersOpenMetrics(accept) ? "openmetrics" : "prometheus";
      const headers = { "content-type": TYPES[format] };
      return { headers, body: ask("metrics", { format }) };
    },
  });
}
