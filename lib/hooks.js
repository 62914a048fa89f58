// One model call, one record: what the stream wrapper knows of a call reaches the turn state, the
// payload and the response of that very call through `AsyncLocalStorage` and closures, so that any
// number of calls of one session can be in flight at once.

import { AsyncLocalStorage } from "node:async_hooks";
import { setTimeout as sleep } from "node:timers/promises";

import { headersSet, pickHeaders, withHeaders } from "./headers.js";

export const PROVIDERS = ["cloudsigma", "cloudsigma-staging"];

// The host may ask one copy of this module for the wrapper and another for the turn state.
const CALLS = Symbol.for("openclaw-taas-affinity.calls");

/** How long a request waits for the hints about its workspace's repository, in milliseconds. */
const HINTS_WAIT = 25;

const TURN_ID = "X-OpenClaw-Turn-Id";
const ATTEMPT = "X-OpenClaw-Attempt";

/**
 * A copy of `object` with `additions`: same keys in the same order, same prototype. Values are
 * taken over, never walked.
 */
function extended(object, additions) {
  const copy = { ...object, ...additions };
  const prototype = object ? Object.getPrototypeOf(object) : Object.prototype;
  return prototype === Object.prototype ? copy : Object.setPrototypeOf(copy, prototype);
}

/**
 * The provider hooks.
 *
 * @param {object} parts
 * @param {import("../index.js").Native} parts.native
 * @param {import("../index.js").Affinity} parts.affinity
 * @param {(kind: string, consequence: string, error: unknown) => void} parts.warn
 * @param {((line: string) => void) | undefined} parts.debug
 */
export function createHooks({ native, affinity, warn, debug }) {
  globalThis[CALLS] ??= new AsyncLocalStorage();
  /** @type {AsyncLocalStorage<Call>} */
  const calls = globalThis[CALLS];
  const routeHeaders = new Set(native.responseHeaders());

  /** `value` as a header value, where it can be sent unchanged. */
  function sendable(value) {
    const text = typeof value === "number" ? String(value) : value;
    return typeof text === "string" && native.isHeaderSafe(text) ? text : undefined;
  }

  /**
   * What is known of one model call.
   *
   * @typedef {object} Call
   * @property {Record<string, string>} headers what the plugin adds, less what the caller set
   * @property {Map<string, unknown>} set what the caller or the configuration set
   * @property {string | undefined} turnId the turn id that the request carries
   * @property {string | undefined} attempt the attempt that the request carries
   */

  /** @returns {Call} */
  function startCall(requester, model, options) {
    const set = headersSet(options?.headers, model?.headers);
    const headers = {};
    for (const [name, value] of Object.entries(requester.headers())) {
      if (!set.has(name.toLowerCase())) {
        headers[name] = value;
      }
    }
    return {
      headers,
      set,
      turnId: sendable(set.get(TURN_ID.toLowerCase())),
      attempt: sendable(set.get(ATTEMPT.toLowerCase())),
    };
  }

  /** Waits until the repository hints are there, but never long: they are only hints. */
  async function waitForHints(requester) {
    try {
      const deadline = performance.now() + HINTS_WAIT;
      while (!requester.hintsReady() && performance.now() < deadline) {
        // Asked for again and again, so that no thread but this one ever enters JavaScript.
        await sleep(1);
      }
    } catch (error) {
      warn("hints", "a request went out without repository hints", error);
    }
  }

  /** `payload` with what its metadata lacks; `undefined` where it goes out as it is. */
  function inject(requester, payload) {
    try {
      const additions = native.injectRequest(requester, payload);
      if (additions === null) {
        return undefined;
      }
      const metadata = extended(payload.metadata, JSON.parse(additions));
      return extended(payload, { metadata });
    } catch (error) {
      warn("payload", "a request went out without metadata", error);
      return undefined;
    }
  }

  function capture(requester, call, response) {
    try {
      const headers = pickHeaders(response?.headers, routeHeaders);
      const captured = native.captureResponse(requester, headers, call.turnId, call.attempt);
      if (captured) {
        debug?.(`capture session=${requester.sessionId} agent=${requester.agentId} ${headers}`);
      }
    } catch (error) {
      warn("response", "the route of a response was not captured", error);
    }
  }

  /** The caller's options with our headers, and with our hooks around the caller's own. */
  function extendedOptions(requester, call, options) {
    const { onPayload, onResponse } = options ?? {};
    return extended(options, {
      headers: withHeaders(options?.headers, call.headers),
      onPayload: async (...args) => {
        const replaced =
          typeof onPayload === "function"
            ? await Reflect.apply(onPayload, options, args)
            : undefined;
        await waitForHints(requester);
        return inject(requester, replaced === undefined ? args[0] : replaced) ?? replaced;
      },
      onResponse: (...args) => {
        capture(requester, call, args[0]);
        return typeof onResponse === "function"
          ? Reflect.apply(onResponse, options, args)
          : undefined;
      },
    });
  }

  /** Wraps the stream function of an agent run or of a simple completion. */
  function wrapStreamFn(context) {
    let requester;
    let streamFn;
    try {
      streamFn = context.streamFn;
      if (typeof streamFn !== "function" || !PROVIDERS.includes(context.provider)) {
        return undefined;
      }
      requester = affinity.requester(context, process.env);
      requester.startHints();
    } catch (error) {
      warn("identity", "requests go out without identity", error);
      return undefined;
    }
    // Not async: simple completions need the stream itself.
    return (model, streamContext, options, ...rest) => {
      let call;
      let ownOptions;
      try {
        call = startCall(requester, model, options);
        requester.startHints();
        ownOptions = extendedOptions(requester, call, options);
        debug?.(
          `request session=${requester.sessionId} source=${requester.sessionSource} agent=${requester.agentId}`,
        );
      } catch (error) {
        warn("request", "a request went out untouched", error);
        return streamFn(model, streamContext, options, ...rest);
      }
      return calls.run(call, streamFn, model, streamContext, ownOptions, ...rest);
    };
  }

  /** Headers of a transport turn. It is asked for inside the call that it belongs to. */
  function resolveTransportTurnState(context) {
    try {
      const call = calls.getStore();
      if (call === undefined) {
        return undefined;
      }
      // These headers win over the caller's on some transports, so what the caller set is left out.
      const headers = { ...call.headers };
      if (!call.set.has(TURN_ID.toLowerCase())) {
        call.turnId = sendable(context.turnId);
        if (call.turnId !== undefined) {
          headers[TURN_ID] = call.turnId;
        }
      }
      if (!call.set.has(ATTEMPT.toLowerCase())) {
        call.attempt = sendable(context.attempt);
        if (call.attempt !== undefined) {
          headers[ATTEMPT] = call.attempt;
        }
      }
      return { headers };
    } catch (error) {
      warn("turn-state", "a request went out without its turn id", error);
      return undefined;
    }
  }

  return { wrapStreamFn, wrapSimpleCompletionStreamFn: wrapStreamFn, resolveTransportTurnState };
}
