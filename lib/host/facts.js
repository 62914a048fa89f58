// Gathers the facts that the addon's doctor checks. They have no path, key, URL or header value. Any configuration gets
// an answer.

import { isObject } from "../plain.js";
import { configuredAgents } from "./agents.js";
import { providerFacts } from "./entries.js";
import { mapSafely, readSafely, shortText } from "./lenient.js";
import { bypassedProviders } from "./ownership.js";

const AGENT_LIMIT = 64;
const PLUGIN_LIMIT = 16;

/** The agents without a workspace of their own, if the gateway has several agents. */
function agentsWithoutWorkspace(config) {
  const agents = configuredAgents(config);
  const lacking = agents.filter(({ workspace }) => !shortText(workspace)?.trim());
  return agents.length < 2
    ? []
    : mapSafely(lacking, lacking.length, ({ id }) => shortText(id)).slice(0, AGENT_LIMIT);
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
    binary: built ?? null,
    package: version,
    owned: bypassed.map(({ provider, owners }) => ({
      provider,
      plugins: mapSafely(owners, PLUGIN_LIMIT, shortText),
    })),
    unasked: Object.fromEntries(called.map(({ provider, calls }) => [provider, calls])),
    providers: isObject(config)
      ? mapSafely(providers, providers.length, (id) => providerFacts(config, id))
      : null,
    agentsWithoutWorkspace: readSafely(() => agentsWithoutWorkspace(config), []),
  };
}
