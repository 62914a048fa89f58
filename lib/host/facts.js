// What the doctor judges of a gateway's configuration. It is gathered here and judged by the addon. No path,
// key, URL or value of a header is in it, and whatever the configuration is, there is an answer.

import { configuredAgents } from "./agents.js";
import { providerFacts } from "./entries.js";
import { each, isObject, reading, textOf } from "./lenient.js";
import { passedOver } from "./ownership.js";

const AGENT_LIMIT = 64;
const PLUGIN_LIMIT = 16;

/** Of several agents, those without a workspace of their own. */
function withoutWorkspace(config) {
  const agents = configuredAgents(config);
  return agents.length < 2
    ? []
    : each(agents, agents.length, ({ id, workspace }) =>
        typeof workspace === "string" && workspace.trim() !== "" ? undefined : textOf(id),
      ).slice(0, AGENT_LIMIT);
}

/**
 * What the addon's doctor judges, as plain data.
 *
 * @param {import("./host.js").Host} host
 * @param {{ built: string | undefined, version: string }} addon
 */
export function factsOf({ config, settings, providers }, { built, version }) {
  const known = reading(config, undefined);
  const hostConfig = isObject(known) ? known : {};
  const { owned, unasked } = passedOver(providers);
  return {
    affinity: settings.affinity,
    notUnderstood: settings.notUnderstood,
    binary: built ?? null,
    package: version,
    owned: owned.map(({ provider, plugins }) => ({
      provider,
      plugins: each(plugins, PLUGIN_LIMIT, textOf),
    })),
    unasked,
    providers: isObject(known)
      ? each(providers, providers.length, (id) => providerFacts(hostConfig, id))
      : null,
    agentsWithoutWorkspace: reading(() => withoutWorkspace(hostConfig), []),
  };
}
