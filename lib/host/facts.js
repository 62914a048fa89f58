// What the doctor judges of a gateway's configuration. It is gathered here and judged by the addon. No path,
// key, URL or value of a header is in it, and whatever the configuration is, there is an answer.

import { providerFacts } from "./entries.js";
import { each, isObject, keysOf, listOf, reading, textOf } from "./lenient.js";
import { passedOver } from "./ownership.js";

const AGENT_LIMIT = 64;
const PLUGIN_LIMIT = 16;

/** Of several agents, those without a workspace of their own. */
function withoutWorkspace({ agents }) {
  const { entries, list } = agents ?? {};
  const named = isObject(entries)
    ? keysOf(entries).map((id) => ({
        id,
        workspace: reading(() => entries[id]?.workspace, undefined),
      }))
    : listOf(list);
  return named.length < 2
    ? []
    : each(named, named.length, ({ id, workspace }) =>
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
