// The record of one model call. Closures carry the record to the payload and the response. `AsyncLocalStorage` carries it
// to the turn state. So any number of calls of one session can run at once.

import { shared } from "../addon/shared.js";
import { configuredHeaders } from "../host/models.js";
import { isId } from "../host/ownership.js";
import { stringOf } from "../plain.js";
import { indexesOf, presetValues, withHeaders } from "./headers.js";

/** The options of a call carry its record under this key, so that a second wrapper does not begin the call again. */
const CALL = Symbol.for("openclaw-taas-affinity.call");

export const SESSION = "X-OpenClaw-Session-Id";
const TURN_ID = "X-OpenClaw-Turn-Id";
const ATTEMPT = "X-OpenClaw-Attempt";
const ALGORITHM = "X-TaaS-Autorouter-Algorithm";

/** Nearly every value has this form and can be sent unchanged. The addon decides about the others. */
const SAFE = /^[!-~]{1,200}$/;

const POSITIVE_INTEGER = /^[1-9]\d{0,15}$/;

/**
 * @typedef {object} Call
 * @property {import("./identity.js").Identity} identity
 * @property {unknown} provider
 * @property {unknown} modelId
 * @property {unknown} conversation OpenClaw's own session id
 * @property {boolean} isRun whether the call is part of an agent's run; titles and recaps are not replies of the agent
 * @property {Record<string, string>} headers that the plugin adds to the request
 * @property {unknown[] | undefined} preset values of the plugin's headers from the caller or the configuration
 * @property {string} session the value of the session header of its requests
 * @property {number} number by which the addon knows the call
 * @property {number} attempt how many times the request has been sent, counting this one
 * @property {string | undefined} sentTurnId the turn id that the request carries
 * @property {string | undefined} sentAttempt the attempt that the request carries
 * @property {unknown} config the host's configuration
 * @property {unknown} cost the prices of the model
 * @property {string | undefined} source the first source that reported a route or a failure, see response.js
 * @property {string | undefined} route the model that the latest route names
 */

/** The text of a number or of its digits. */
function attemptText(value) {
  const text = typeof value === "number" ? String(value) : value;
  return typeof text === "string" && POSITIVE_INTEGER.test(text) ? text : undefined;
}

/** Whether two values are equal. An unknown value is equal to any value. */
const isSame = (one, other) => one === undefined || other === undefined || one === other;

/** @param {import("./hooks.js").Parts} parts */
export function createCalls({ addon: { native }, host: { providers } }) {
  const { calls } = shared;
  const names = [...native.requestHeaders(), TURN_ID, ATTEMPT, ALGORITHM];
  const indexes = indexesOf(names);
  const [sessionIndex, turnIdIndex, attemptIndex] = [SESSION, TURN_ID, ATTEMPT].map((name) =>
    names.indexOf(name),
  );

  /** `text`, if a header can carry it unchanged. */
  const sendable = (text) =>
    typeof text === "string" && (SAFE.test(text) || native.isHeaderSafe(text)) ? text : undefined;

  /** Begins a call and returns its record. The plugin adds no header that is already set. */
  function begin(identity, provider, model, options, config, isRun) {
    const preset = presetValues(options?.headers, configuredHeaders(model), indexes);
    const { sessionId: conversation, requestId } = options ?? {};
    const {
      call,
      attempt = 1,
      algorithm,
    } = native.beginCall(
      identity.handle,
      isRun,
      isId(requestId) ? requestId : undefined,
      stringOf(conversation),
    );
    const headers = headersOf(identity, attempt, algorithm);
    return {
      identity,
      provider,
      modelId: model?.id,
      conversation,
      isRun,
      headers: preset === undefined ? headers : withoutPreset(headers, preset),
      preset,
      session: String(preset?.[sessionIndex] ?? headers[SESSION]).trim(),
      number: call,
      attempt,
      sentTurnId: sendable(preset?.[turnIdIndex]),
      sentAttempt: sendable(preset?.[attemptIndex] ?? headers[ATTEMPT]),
      config,
      cost: model?.cost,
      source: undefined,
      route: undefined,
    };
  }

  /** The headers of a request. The host does not count attempts, so the plugin does. */
  const headersOf = (identity, attempt, algorithm) =>
    algorithm === undefined && attempt === 1
      ? identity.headers
      : {
          ...identity.headers,
          ...(attempt > 1 && { [ATTEMPT]: String(attempt) }),
          ...(algorithm !== undefined && { [ALGORITHM]: algorithm }),
        };

  const withoutPreset = (headers, preset) =>
    Object.fromEntries(
      Object.entries(headers).filter(([name]) => preset[names.indexOf(name)] === undefined),
    );

  /** The call that another wrapper of this plugin has begun with these options. */
  function outerCall(options) {
    const call = options?.[CALL];
    return call !== undefined && call === calls.getStore() ? call : undefined;
  }

  /** The additions to a call's options, apart from the hooks. */
  const additions = (call, options) => ({
    [CALL]: call,
    headers: withHeaders(options?.headers, call.headers),
  });

  /** Whether a transport turn belongs to `call`, and not to a call within `call`. */
  const isTurnOf = (call, { provider, modelId, sessionId }) =>
    call !== undefined &&
    isSame(provider, call.provider) &&
    isSame(modelId, call.modelId) &&
    isSame(sessionId, call.conversation);

  /**
   * The headers of a transport turn. On some transports they have priority over the options' headers, so headers that the
   * caller set are left out. Outside of a call, the model brings the identity headers (models.js).
   */
  function turnState(context) {
    const current = calls.getStore();
    const call = isTurnOf(current, context) ? current : undefined;
    if (call === undefined && !providers.includes(context.provider)) {
      return undefined;
    }
    const preset = call
      ? call.preset
      : presetValues(configuredHeaders(context.model), undefined, indexes);
    const headers = { ...call?.headers };
    const turnId = preset?.[turnIdIndex] === undefined ? sendable(context.turnId) : undefined;
    if (turnId !== undefined) {
      headers[TURN_ID] = turnId;
    }
    const counted =
      call?.attempt > 1
        ? Math.max(call.attempt, Number(attemptText(context.attempt) ?? 1))
        : context.attempt;
    const attempt = preset?.[attemptIndex] === undefined ? attemptText(counted) : undefined;
    if (attempt !== undefined) {
      headers[ATTEMPT] = attempt;
    }
    if (call !== undefined) {
      call.sentTurnId = turnId ?? call.sentTurnId;
      call.sentAttempt = attempt ?? call.sentAttempt;
    }
    return { headers };
  }

  return {
    begin,
    outerCall,
    additions,
    turnState,
    /** Runs `action` as part of `call`. */
    within: (call, action) => calls.run(call, action),
    /** Runs `action` as part of no call. */
    outside: (action) => (calls.getStore() === undefined ? action() : calls.run(undefined, action)),
  };
}
