// What people look at outside of the plugin's own commands. Nothing here is on the path of a model call.
// `index.js` registers the usage provider.

import { createAsk } from "../methods.js";
import { registerMetrics } from "./metrics.js";
import { registerPage } from "./page.js";

/** @param {import("../call/hooks.js").Parts} parts */
export function registerSurfaces(parts) {
  const ask = createAsk(parts);
  registerMetrics(parts, ask);
  registerPage(parts, ask);
}
