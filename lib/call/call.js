// One model call, one record: what the stream wrapper knows of a call reaches the turn state, the
// payload and the response of that very call through `AsyncLocalStorage` and closures, so that any
// number of calls of one session can be in flight at once.

import { shared } from "../addon/shared.js";
import { configuredHeaders } from "../host/models.js";
import { headersSet, placesOf, withHeaders } from "./headers.js";

/** The options of a call that is ours already carry its record, for a second wrapper around it. */
const CALL = Symbol.for("openclaw-taas-affinity.call");

export const SESSION = "X-OpenClaw-Session-Id";
const TURN_ID = "X-OpenClaw-Turn-Id";
const ATTEMPT = "X-OpenClaw-Attempt";
const ALGORITHM = "X-TaaS-Autorouter-Algorithm";

// What can be sent for sure, which is what nearly every value is. The addon decides the rest.
const PLAIN = /^[!-~]{1,200}$/;

const POSITIVE_INTEGER = /^[1-9]\d{0,15}$/;

/** The host's ids of requests and conversations are shorter than this. */
const ID_LIMIT = 256;

/**
 * @typedef {object} Call
 * @property {import("./identity.js").Identity} identity
 * @property {unknown} provider
 * @property {unknown} modelId of the model that is streamed
 * @property {unknown} conversation OpenClaw's own session id
 * @property {boolean} isRun whether an agent's run makes it; titles and recaps are not replies of the agent
 * @property {Record<string, string>} headers what the plugin adds, less what the caller set
 * @property {unknown[] | undefined} set what the caller or the configuration set of our headers
 * @property {string} session what its requests say in the session header
 * @property {number} number what the addon knows the call by
 * @property {number} times how many times the request has been sent, counting this one
 * @property {string | undefined} turnId the turn id that the request carries
 * @property {string | undefined} attempt the attempt that the request carries
 * @property {unknown} config of the host, and `cost` of the model: for what the call will have cost
 * @property {unknown} cost
 * @property {string | undefined} source the first source of a route or a failure, see response.js
 * @property {string | undefined} route the model that the latest captured route names
 */

const textOf = (value) => (typeof value === "string" ? value : undefined);

/** @param {import("./hooks.js").Parts} parts */
export function createCalls({ addon: { native }, host: { providers } }) {
  const { calls } = shared;
  const names = [...native.requestHeaders(), TURN_ID, ATTEMPT, ALGORITHM];
  const places = placesOf(names);
  const placeOf = (name) => names.indexOf(name);
  const [turnIdPlace, attemptPlace] = [TURN_ID, ATTEMPT].map(placeOf);

  /** `text` as a header value, where it can be sent unchanged. */
  const sendable = (text) =>
    typeof text === "string" && (PLAIN.test(text) || native.isHeaderSafe(text)) ? text : undefined;

  /** A number or its digits, as the attempt that a header says. */
  const attemptOf = (value) => {
    const text = typeof value === "number" ? String(value) : value;
    return typeof text === "string" && POSITIVE_INTEGER.test(text) ? text : undefined;
  };

  const idOf = (id) =>
    typeof id === "string" && id !== "" && id.length <= ID_LIMIT ? id : undefined;

  /** The record of a call that begins. What is set already stays as it is. */
  function start(identity, provider, model, options, config, isRun) {
    const set = headersSet(options?.headers, configuredHeaders(model), places);
    const conversation = options?.sessionId;
    const { call, attempt, algorithm } = native.beginCall(
      identity.handle,
      idOf(options?.requestId),
      textOf(conversation),
    );
    const headers = headersOf(identity, attempt, algorithm);
    return {
      identity,
      provider,
      modelId: model?.id,
      conversation,
      isRun,
      headers: set === undefined ? headers : lacking(headers, set),
      set,
      session: String(set?.[placeOf(SESSION)] ?? headers[SESSION]).trim(),
      number: call,
      times: attempt,
      turnId: sendable(set?.[turnIdPlace]),
      attempt: sendable(set?.[attemptPlace] ?? headers[ATTEMPT]),
      config,
      cost: model?.cost,
      source: undefined,
      route: undefined,
    };
  }

  /** The identity's headers, with the algorithm that an operator set and the attempt that the host does not count. */
  const headersOf = (identity, times, algorithm) =>
    algorithm === null && times === 1
      ? identity.headers
      : {
          ...identity.headers,
          ...(times > 1 && { [ATTEMPT]: String(times) }),
          ...(algorithm !== null && { [ALGORITHM]: algorithm }),
        };

  const lacking = (headers, set) =>
    Object.fromEntries(
      Object.entries(headers).filter(([name]) => set[placeOf(name)] === undefined),
    );

  /** The call that these options belong to, where another wrapper of ours has begun it. */
  function begun(options) {
    const call = options?.[CALL];
    return call !== undefined && call === calls.getStore() ? call : undefined;
  }

  /** What a call's options need beside the hooks. */
  const additions = (call, options) => ({
    [CALL]: call,
    headers: withHeaders(options?.headers, call.headers),
  });

  /** Whether a transport turn is that of `call`, and not of one that is made within it. */
  const isTurnOf = (call, { provider, modelId, sessionId }) =>
    call !== undefined &&
    isSame(provider, call.provider) &&
    isSame(modelId, call.modelId) &&
    isSame(sessionId, call.conversation);

  /**
   * Headers of a transport turn. They win over the options' on some transports, so that what the
   * caller set is left out. Outside a call of ours, the identity comes by the model (models.js).
   */
  function turnState(context) {
    const current = calls.getStore();
    const call = isTurnOf(current, context) ? current : undefined;
    if (call === undefined && !providers.includes(context.provider)) {
      return undefined;
    }
    const set = call ? call.set : headersSet(configuredHeaders(context.model), undefined, places);
    const own = {};
    const tell = (name, place, value) => {
      if (set?.[place] === undefined && value !== undefined) {
        own[name] = value;
        return value;
      }
      return undefined;
    };
    const turnId = tell(TURN_ID, turnIdPlace, sendable(context.turnId));
    const counted =
      call?.times > 1
        ? Math.max(call.times, Number(attemptOf(context.attempt) ?? 1))
        : context.attempt;
    const attempt = tell(ATTEMPT, attemptPlace, attemptOf(counted));
    if (call !== undefined) {
      call.turnId = turnId ?? call.turnId;
      call.attempt = attempt ?? call.attempt;
    }
    return { headers: { ...call?.headers, ...own } };
  }

  return {
    start,
    begun,
    additions,
    turnState,
    /** Runs `action` as part of `call`. */
    within: (call, action) => calls.run(call, action),
    /** Runs `action` as part of no call, where one of ours may be around it. */
    outside: (action) => (calls.getStore() === undefined ? action() : calls.run(undefined, action)),
  };
}

/** Equal, as far as both are known. */
const isSame = (one, other) => one === undefined || other === undefined || one === other;
