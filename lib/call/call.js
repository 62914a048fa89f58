// One model call, one record: what the stream wrapper knows of a call reaches the turn state, the
// payload and the response of that very call through `AsyncLocalStorage` and closures, so that any
// number of calls of one session can be in flight at once.

import { randomUUID } from "node:crypto";
import { shared } from "../addon/shared.js";
import { configuredHeaders } from "../host/models.js";
import { headersSet, placesOf, withHeaders } from "./headers.js";

/** The options of a call that is ours already carry its record, for a second wrapper around it. */
const CALL = Symbol.for("openclaw-taas-affinity.call");

const SESSION = "X-OpenClaw-Session-Id";
const TURN_ID = "X-OpenClaw-Turn-Id";
const ATTEMPT = "X-OpenClaw-Attempt";
const ALGORITHM = "X-TaaS-Autorouter-Algorithm";

// What can be sent for sure, which is what nearly every value is. The addon decides the rest.
const PLAIN = /^[!-~]{1,200}$/;

const POSITIVE_INTEGER = /^[1-9]\d{0,15}$/;

/** Request ids from the host are shorter than this. */
const ID_LIMIT = 256;

/**
 * @typedef {object} Call
 * @property {import("./identity.js").Owner} owner
 * @property {unknown} provider
 * @property {unknown} modelId of the model that is streamed
 * @property {unknown} conversation the host's own session id
 * @property {boolean} isRun whether an agent's run makes it: what is made beside one is no answer of the agent
 * @property {Record<string, string>} headers what the plugin adds, less what the caller set
 * @property {unknown[] | undefined} set what the caller or the configuration set of our headers
 * @property {string | undefined} turnId the turn id that the request carries
 * @property {string | undefined} attempt the attempt that the request carries
 * @property {string} id of the request: the host's, which the host's own retries share, or one of ours
 * @property {number} times how many times the request has been sent, counting this one
 * @property {unknown} config of the host, and `cost` of the model: for what the call will have cost
 * @property {unknown} cost
 * @property {unknown} teller who tells of the answer, see response.js, which notes status and route
 * @property {number | undefined} status
 * @property {string | undefined} route
 */

/** @param {{ native: typeof import("../../native.js"), providers: string[] }} parts */
export function createCalls({ native, providers }) {
  const { calls } = shared;
  const names = [...native.requestHeaders(), TURN_ID, ATTEMPT, ALGORITHM];
  const places = placesOf(names);
  const placeOf = (name) => names.indexOf(name);
  const [sessionPlace, turnIdPlace, attemptPlace] = [SESSION, TURN_ID, ATTEMPT].map(placeOf);

  /** `text` as a header value, where it can be sent unchanged. */
  const sendable = (text) =>
    typeof text === "string" && (PLAIN.test(text) || native.isHeaderSafe(text)) ? text : undefined;

  /** A number or its digits, as the attempt that a header says. */
  const attemptOf = (value) => {
    const text = typeof value === "number" ? String(value) : value;
    return typeof text === "string" && POSITIVE_INTEGER.test(text) ? text : undefined;
  };

  /** The host's id of a request, where it has one, else one that no other request has. */
  const idOf = (id) =>
    typeof id === "string" && id !== "" && id.length <= ID_LIMIT ? id : randomUUID();

  /** The record of a call that begins; what is set already, by whomever, stays as it is. */
  function start(owner, provider, model, options, config, isRun) {
    const set = headersSet(options?.headers, configuredHeaders(model), places);
    const id = idOf(options?.requestId);
    const { times, algorithm } = native.beginCall(owner.handle, id);
    const headers = headersOf(owner, times, algorithm);
    return {
      owner,
      provider,
      modelId: model?.id,
      conversation: options?.sessionId,
      isRun,
      headers: set === undefined ? headers : lacking(headers, set),
      set,
      turnId: sendable(set?.[turnIdPlace]),
      attempt: sendable(set?.[attemptPlace] ?? headers[ATTEMPT]),
      id,
      times,
      config,
      cost: model?.cost,
      teller: undefined,
      status: undefined,
      route: undefined,
    };
  }

  /** The owner's headers, with what somebody chose and what the host does not count. */
  const headersOf = (owner, times, algorithm) =>
    algorithm === null && times === 1
      ? owner.headers
      : {
          ...owner.headers,
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
    SESSION_HEADER: SESSION.toLowerCase(),
    /** The value of that header on a call's requests, which are sent without its outer blanks. */
    sessionOf: ({ set, headers }) => String(set?.[sessionPlace] ?? headers[SESSION]).trim(),
    /** The call that what runs now is part of. */
    current: () => calls.getStore(),
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
