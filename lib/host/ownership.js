// One plugin alone may hook a provider, and the host passes over all others without a word. Every model call
// shows anew whether that one is this plugin: the host says that a call begins, and a call of ours was noted before.

import { shared } from "../addon/shared.js";

const OWN_ID = "openclaw-taas-affinity";

/** CloudSigma's own provider plugin. */
const CLOUDSIGMA = "cloudsigma";

/** How many calls and models are remembered at least, and how long ids may be. */
const CALL_LIMIT = 1024;
const MODEL_LIMIT = 64;
const ID_LIMIT = 256;

const { begun, untouched, providers: known } = shared.ownership;

function ofProvider(provider) {
  if (!known.has(provider)) {
    known.set(provider, { isPassedOver: undefined, calls: 0, owners: [] });
  }
  return known.get(provider);
}

/** Whether a set of calls or models has been remembered lately. */
const has = ({ young, old }, value) => young.has(value) || old.has(value);

/** Remembers `value` among at least `limit` others. Forgetting a whole generation at a time costs nothing for a call. */
function keep(generations, value, limit) {
  generations.young.add(value);
  if (generations.young.size >= limit) {
    generations.old = generations.young;
    generations.young = new Set();
  }
}

function forget({ young, old }, value) {
  return young.delete(value) || old.delete(value);
}

const isId = (id) => typeof id === "string" && id !== "" && id.length <= ID_LIMIT;

/** The id of a call's trace, as the header `traceparent` has it. */
export const spanIn = (traceparent) =>
  /^[\da-f]{2}-([\da-f]{32}-[\da-f]{16})-/.exec(traceparent ?? "")?.[1];

/** The same as the context of an event has it. */
export const spanOf = (context) =>
  context?.trace && `${context.trace.traceId}-${context.trace.spanId}`;

/** The ids by which an event names its call. Not every host gives both, or sends the trace as it is. */
const idsOf = (event, context) => [event?.callId, spanOf(context)].filter(isId);

/** A provider's model, whether its id begins with the provider's or not. */
const keyOf = (provider, modelId) => `${provider} ${`${modelId}`.split("/").at(-1)}`;

/** Notes that the host asks us for a wrapper. */
export function noteAsked(provider) {
  ofProvider(provider).isPassedOver = false;
}

/** Notes that we let calls of a model go out untouched. They are ours all the same, until one is touched. */
export function noteUntouched(provider, modelId) {
  keep(untouched, keyOf(provider, modelId), MODEL_LIMIT);
}

/** Notes that a call of ours begins. `options` are those that its transport gets. */
export function noteCall(provider, modelId, { requestId, headers }) {
  if (untouched.young.size + untouched.old.size > 0) {
    forget(untouched, keyOf(provider, modelId));
  }
  const ids = [requestId, spanIn(headers?.traceparent)].filter(isId);
  for (const id of ids.length > 0 ? ids : [provider]) {
    keep(begun, id, CALL_LIMIT);
  }
}

/** Whether the call that an event names went through us. */
function isOurs(event, context) {
  return (
    idsOf(event, context).some((id) => has(begun, id)) ||
    forget(begun, event.provider) ||
    has(untouched, keyOf(event.provider, event.model))
  );
}

/**
 * What is known of providers that another plugin owns or hooks, as facts.js takes it.
 *
 * @param {string[]} providers the ids that are served
 * @returns {{ owned: { provider: string, plugins: string[] }[], unasked: Record<string, number> }}
 */
export function passedOver(providers) {
  const passed = providers.filter((id) => ofProvider(id).isPassedOver);
  return {
    owned: passed.map((provider) => ({ provider, plugins: ofProvider(provider).owners })),
    unasked: Object.fromEntries(
      passed.map((id) => [id, ofProvider(id).calls]).filter(([, calls]) => calls > 0),
    ),
  };
}

/** What to do where the other plugin is CloudSigma's, or any other. */
const advice = (owners) =>
  owners.includes(CLOUDSIGMA)
    ? "to pin by workspace, write models.providers.cloudsigma by hand (that plugin's catalogue goes with it) " +
      "and run `openclaw plugins disable cloudsigma`; to keep that plugin is to go without agent ids, without " +
      "headers over anthropic-messages and without its lastRoute: ask taas.affinity.lastRoute for what is observed; " +
      "see docs/beside-cloudsigma.md"
    : "disable the other plugin; loading this one before it helps only where that one hooks an alias " +
      "(hookAliases): a plugin that registers the provider's own id always comes first";

/**
 * @param {import("./host.js").Host} host
 * @param {import("../log.js").Log} log
 * @param {(context: object) => void} observe takes the context of a call that passes us over
 * @param {(specifier: string) => Promise<object>} [importSdk] imports a module of the host's SDK
 */
export function watchOwnership(
  { api, providers },
  { warn, attempt },
  observe,
  importSdk = (specifier) => import(specifier),
) {
  function say(provider, owners) {
    const who = owners.length > 0 ? `the plugin ${owners.join(", ")} owns` : "another plugin hooks";
    warn(
      `ownership ${provider}`,
      `requests of ${provider} go out without identity`,
      `${who} the provider ${provider}, and the host asks that plugin alone; ${advice(owners)}`,
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
    for (const provider of providers) {
      const seen = ofProvider(provider);
      const all = (await sdk.resolveOwningPluginIdsForProvider?.({ provider, config })) ?? [];
      const owners = all.filter((id) => id !== OWN_ID && mayRun(id));
      if (seen.isPassedOver !== false && owners.length > 0) {
        Object.assign(seen, { isPassedOver: true, owners });
        say(provider, owners);
      }
    }
  }

  /** And whenever a call begins. */
  function atCall(event, context) {
    const provider = event?.provider;
    if (!providers.includes(provider) || isOurs(event, context)) {
      return;
    }
    const seen = ofProvider(provider);
    seen.isPassedOver = true;
    seen.calls += 1;
    say(provider, seen.owners);
    observe(context);
  }

  /** The ids of a call that has ended may be those of another one later. */
  function atEnd(event, context) {
    for (const id of idsOf(event, context)) {
      forget(begun, id);
    }
  }

  api.on?.("gateway_start", () => {
    // Not awaited, and a host that has nothing of it is no fault.
    atStart().catch(() => {});
  });
  const listen = (name, listener) =>
    api.on?.(name, (...args) => {
      attempt("watch", "it is not known whether another plugin owns the provider", () =>
        listener(...args),
      );
    });
  listen("model_call_started", atCall);
  listen("model_call_ended", atEnd);
}
