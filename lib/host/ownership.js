// Detects calls that bypass this plugin. The host asks one plugin alone about a provider, and does not tell the others.
// So each call of ours is noted when it begins. An event about any other call shows another plugin's call.

import { shared } from "../addon/shared.js";
import { stringOf } from "../plain.js";

const OWN_ID = "openclaw-taas-affinity";

/** CloudSigma's own provider plugin. */
const CLOUDSIGMA = "cloudsigma";

/** How many calls and models are remembered at least, and how long ids may be. */
const CALL_LIMIT = 1024;
const MODEL_LIMIT = 64;
const ID_LIMIT = 256;

const { begun, untouched, providers: known } = shared.ownership;

function stateOf(provider) {
  if (!known.has(provider)) {
    known.set(provider, { isBypassed: undefined, calls: 0, owners: [] });
  }
  return known.get(provider);
}

const has = ({ young, old }, value) => young.has(value) || old.has(value);

/** Remembers at least the last `limit` values. It forgets a whole generation at once, which is cheap. */
function remember(generations, value, limit) {
  generations.young.add(value);
  if (generations.young.size >= limit) {
    generations.old = generations.young;
    generations.young = new Set();
  }
}

const forget = ({ young, old }, value) => young.delete(value) || old.delete(value);

/** Whether the host can have made `id`. */
export const isId = (id) => typeof id === "string" && id !== "" && id.length <= ID_LIMIT;

/** The trace and span of a `traceparent` header, `<version>-<trace>-<span>-<flags>`. */
export const spanOfHeader = (traceparent) =>
  traceparent?.length >= 55 ? traceparent.slice(3, 52) : undefined;

/** The trace and span of an event, in the same form. */
export const spanOfEvent = (context) =>
  context?.trace && `${context.trace.traceId}-${context.trace.spanId}`;

/** The ids of an event's call. Some hosts give one of the two only. */
const idsOf = (event, context) => [event?.callId, spanOfEvent(context)].filter(isId);

/** Names a model. The provider's id may be part of `modelId`. */
const modelKey = (provider, modelId) =>
  `${provider} ${typeof modelId === "string" ? modelId.split("/").at(-1) : ""}`;

/** Notes that the host asked this plugin for a wrapper. */
export function noteWrapper(provider) {
  stateOf(provider).isBypassed = false;
}

/** Notes that this plugin let a call go out untouched. Such a call did not bypass the plugin. */
export function noteUntouched(provider, modelId) {
  remember(untouched, modelKey(provider, modelId), MODEL_LIMIT);
}

/** Notes that a call of this plugin begins. `options` are those that the transport gets. */
export function noteCall(provider, modelId, { requestId, headers }) {
  if (untouched.young.size + untouched.old.size > 0) {
    forget(untouched, modelKey(provider, modelId));
  }
  // With an exporter, the header names the exporter's span, and the event another. Without an id, the provider counts.
  const ids = [requestId, spanOfHeader(stringOf(headers?.traceparent))].filter(isId);
  for (const id of ids.length > 0 ? ids : [provider]) {
    remember(begun, id, CALL_LIMIT);
  }
}

/** Whether the call of an event went through this plugin. */
const isOurs = (event, context) =>
  idsOf(event, context).some((id) => has(begun, id)) ||
  forget(begun, event.provider) ||
  has(untouched, modelKey(event.provider, event.model));

/**
 * The providers that another plugin owns or hooks.
 *
 * @param {string[]} providers the ids of the served providers
 * @returns {{ provider: string, owners: string[], calls: number }[]} with the number of calls that bypassed this plugin
 */
export const bypassedProviders = (providers) =>
  providers
    .map((provider) => ({ provider, ...stateOf(provider) }))
    .filter(({ isBypassed }) => isBypassed);

const CLOUDSIGMA_ADVICE =
  "to pin by workspace, write models.providers.cloudsigma by hand and run `openclaw plugins disable cloudsigma`, " +
  "which also removes that plugin's model catalogue; while that plugin is enabled, requests lack agent ids, " +
  "requests over anthropic-messages lack all headers, and taas.affinity.lastRoute shows observed routes only; " +
  "see docs/beside-cloudsigma.md";

const OTHER_ADVICE =
  "disable the other plugin; loading this plugin first helps only if the other plugin hooks an alias " +
  "(hookAliases), because a plugin that registers the provider's own id always comes first";

/**
 * @param {import("./host.js").Host} host
 * @param {import("../log.js").Log} log
 * @param {(context: object) => void} observe takes the context of a call that bypasses this plugin
 * @param {(specifier: string) => Promise<object>} [importSdk] imports a module of the host's SDK
 */
export function watchOwnership(
  { api, providers },
  { warn, attempt },
  observe,
  importSdk = (specifier) => import(specifier),
) {
  function report(provider, { owners }) {
    const cause =
      owners.length > 0 ? `the plugin ${owners.join(", ")} owns` : "another plugin hooks";
    const advice = owners.includes(CLOUDSIGMA) ? CLOUDSIGMA_ADVICE : OTHER_ADVICE;
    warn(
      `ownership ${provider}`,
      `requests of ${provider} go out without identity`,
      `${cause} the provider ${provider}, and the host asks that plugin alone; ${advice}`,
    );
  }

  /** Looks for owners in the configuration. The host's function is undocumented, so the result is a warning only. */
  async function findOwners() {
    const { config } = api;
    const { allow, deny, entries } = config?.plugins ?? {};
    if (!Array.isArray(allow)) {
      return;
    }
    // The host lists every plugin in `entries`, also plugins that are not allowed.
    const mayRun = (id) =>
      allow.includes(id) && !deny?.includes(id) && entries?.[id]?.enabled !== false;
    const sdk = await importSdk("openclaw/plugin-sdk/provider-catalog-runtime");
    for (const provider of providers) {
      const state = stateOf(provider);
      const all = (await sdk.resolveOwningPluginIdsForProvider?.({ provider, config })) ?? [];
      const owners = all.filter((id) => id !== OWN_ID && mayRun(id));
      if (state.isBypassed !== false && owners.length > 0) {
        Object.assign(state, { isBypassed: true, owners });
        report(provider, state);
      }
    }
  }

  const listen = (name, listener) =>
    api.on?.(name, (...args) => {
      attempt("watch", "the plugin cannot tell whether another plugin owns the provider", () =>
        listener(...args),
      );
    });
  // The host must not wait. Some hosts lack the module, which is no fault.
  listen("gateway_start", () => void findOwners().catch(() => {}));
  listen("model_call_started", (event, context) => {
    const provider = event?.provider;
    if (providers.includes(provider) && !isOurs(event, context)) {
      const state = stateOf(provider);
      state.isBypassed = true;
      state.calls += 1;
      report(provider, state);
      observe(context);
    }
  });
  // A later call may have the same ids.
  listen("model_call_ended", (event, context) => {
    for (const id of idsOf(event, context)) {
      forget(begun, id);
    }
  });
}
