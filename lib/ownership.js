// One plugin alone may hook a provider, and the host passes over all others without a word. Whoever
// installs this one is told.

import { unlessPromise } from "./lenient.js";

const OWN_ID = "openclaw-taas-affinity";

/** CloudSigma's own provider plugin. */
const CLOUDSIGMA = "cloudsigma";

// The copies of this module share nothing else; see index.js.
const ASKED = Symbol.for("openclaw-taas-affinity.asked");

// What was seen of other plugins: the owners of a provider, and calls that passed us over.
const SEEN = Symbol.for("openclaw-taas-affinity.passed-over");

globalThis[ASKED] ??= new Set();
const asked = globalThis[ASKED];

/** Notes that the host asks our hooks for the provider. */
export const noteAsked = (provider) => asked.add(provider);

/** Whether the host has asked our hooks for the provider. */
export const wasAsked = (provider) => asked.has(provider);

/** Whether calls of the provider, which is one of `providers`, pass us over as far as is known. */
export const isPassedOver = (providers, provider) =>
  providers.includes(provider) && !wasAsked(provider);

const seen = () => (globalThis[SEEN] ??= { owners: new Map(), calls: new Map() });

/**
 * What is known of providers that another plugin owns or hooks, as facts.js takes it.
 *
 * @param {string[]} providers the ids that are served
 * @returns {{ owned: { provider: string, plugins: string[] }[], unasked: Record<string, number> }}
 */
export function passedOver(providers) {
  const { owners, calls } = seen();
  const ids = providers.filter((id) => isPassedOver(providers, id));
  return {
    owned: ids
      .filter((id) => owners.has(id))
      .map((provider) => ({ provider, plugins: owners.get(provider) })),
    unasked: Object.fromEntries(ids.filter((id) => calls.has(id)).map((id) => [id, calls.get(id)])),
  };
}

/** What to do where the other plugin is CloudSigma's, or any other. */
const advice = (owners) =>
  owners.includes(CLOUDSIGMA)
    ? "to pin by workspace, write models.providers.cloudsigma by hand (that plugin's catalogue goes with it) " +
      "and run `openclaw plugins disable cloudsigma`; to keep that plugin is to go without agent ids, without " +
      "headers over anthropic-messages and without its lastRoute: ask taas.affinity.lastRoute for what is observed; " +
      'see the README, "Beside CloudSigma\'s plugin"'
    : "remove or disable the other plugin, or load this one before it";

/**
 * @param {object} parts
 * @param {object} parts.api the host's plugin API
 * @param {ReturnType<typeof import("./faults.js").createFaults>} parts.faults
 * @param {string[]} parts.providers the ids that are served
 * @param {(specifier: string) => Promise<object>} parts.importSdk
 */
export function watchOwnership({ api, faults: { warn, attempt }, providers, importSdk }) {
  function say(ids, owners) {
    for (const id of ids) {
      // A call does not tell whose the provider is, and what was known before is kept.
      seen().owners.set(id, owners.length > 0 ? owners : (seen().owners.get(id) ?? []));
    }
    const names = ids.join(" and ");
    const who = owners.length > 0 ? `the plugin ${owners.join(", ")} owns` : "another plugin hooks";
    warn(
      "ownership",
      `requests of ${names} go out without identity`,
      `${who} the provider ${names}, and the host asks that plugin alone; ${advice(owners)}`,
    );
  }

  /** At start, where the configuration shows it. The host documents none of this, so it only warns. */
  async function atStart() {
    const { config } = api;
    const { allow, deny, entries } = config?.plugins ?? {};
    if (!Array.isArray(allow)) {
      return;
    }
    // The host lists every plugin among the entries, so that one alone says nothing.
    const mayRun = (id) =>
      allow.includes(id) && !deny?.includes(id) && entries?.[id]?.enabled !== false;
    const sdk = await importSdk("openclaw/plugin-sdk/provider-catalog-runtime");
    const othersOf = (provider) =>
      (unlessPromise(sdk.resolveOwningPluginIdsForProvider?.({ provider, config })) ?? []).filter(
        (id) => id !== OWN_ID && mayRun(id),
      );
    const owned = providers.filter((id) => isPassedOver(providers, id) && othersOf(id).length > 0);
    if (owned.length > 0) {
      say(owned, [...new Set(owned.flatMap(othersOf))]);
    }
  }

  /** Else when a call goes by for which none of our hooks was asked. */
  function atCall(event) {
    const provider = event?.provider;
    if (isPassedOver(providers, provider)) {
      const { calls } = seen();
      calls.set(provider, (calls.get(provider) ?? 0) + 1);
      say([provider], []);
    }
  }

  api.on?.("gateway_start", () => {
    // Not awaited, and a host that has nothing of it is no fault.
    atStart().catch(() => {});
  });
  api.on?.("model_call_started", (event) => {
    attempt("watch", "it is not known whether another plugin owns the provider", () =>
      atCall(event),
    );
  });
}
