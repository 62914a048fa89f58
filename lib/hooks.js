// One model call, one record: what the stream wrapper knows of a call reaches the turn state, the
// payload and the response of that very call through `AsyncLocalStorage` and closures, so that any
// number of calls of one session can be in flight at once.

import { AsyncLocalStorage } from "node:async_hooks";

import { createCompat } from "./compat.js";
import { headersSent, headersSet, packed, placesOf, withHeaders } from "./headers.js";
import { createOwners } from "./owners.js";

export const PROVIDERS = ["cloudsigma", "cloudsigma-staging"];

// The host may ask one copy of this module for the wrapper and another for the turn state.
const CALLS = Symbol.for("openclaw-taas-affinity.calls");

const TURN_ID = "X-OpenClaw-Turn-Id";
const ATTEMPT = "X-OpenClaw-Attempt";

/** A payload without any metadata. */
const NOTHING = Object.freeze({});

// What can be sent for sure, which is what nearly every value is. The addon decides the rest.
const PLAIN = /^[!-~]{1,200}$/;

/** Gives `copy` the prototype of the object that it is a copy of. */
function likeOriginal(copy, original) {
  const prototype = original ? Object.getPrototypeOf(original) : Object.prototype;
  return prototype === Object.prototype ? copy : Object.setPrototypeOf(copy, prototype);
}

/** A copy of our metadata, all the way down: what goes into a payload is the caller's to change. */
function copied(metadata) {
  const copy = { ...metadata };
  const { requester_runtime: runtime, openclaw_correlation: correlation } = metadata;
  if (runtime !== undefined) {
    const { metadata_classification: classification } = runtime;
    copy.requester_runtime = { ...runtime, metadata_classification: { ...classification } };
  }
  if (correlation !== undefined) {
    copy.openclaw_correlation = { ...correlation };
  }
  return copy;
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
  const compat = createCompat({ warn });
  const ownerOf = createOwners(native, affinity);
  const ourNames = [...native.requestHeaders(), TURN_ID, ATTEMPT];
  const ourPlaces = placesOf(ourNames);
  const [turnIdPlace, attemptPlace] = [ourNames.indexOf(TURN_ID), ourNames.indexOf(ATTEMPT)];
  const routePlaces = placesOf(native.responseHeaders());

  /** `value` as a header value, where it can be sent unchanged. */
  function sendable(value) {
    const text = typeof value === "number" ? String(value) : value;
    return typeof text === "string" && (PLAIN.test(text) || native.isHeaderSafe(text))
      ? text
      : undefined;
  }

  /**
   * What is known of one model call.
   *
   * @typedef {object} Call
   * @property {Record<string, string>} headers what the plugin adds, less what the caller set
   * @property {unknown[] | undefined} set what the caller or the configuration set of our headers
   * @property {string | undefined} turnId the turn id that the request carries
   * @property {string | undefined} attempt the attempt that the request carries
   * @property {boolean} withHints whether there may be hints about the workspace's repository
   */

  /** @returns {Call} */
  function startCall(owner, model, options) {
    const set = headersSet(options?.headers, model?.headers, ourPlaces);
    if (set === undefined) {
      return {
        headers: owner.headers,
        set,
        turnId: undefined,
        attempt: undefined,
        withHints: false,
      };
    }
    const left = Object.entries(owner.headers).filter(
      ([name]) => set[ourNames.indexOf(name)] === undefined,
    );
    return {
      headers: Object.fromEntries(left),
      set,
      turnId: sendable(set[turnIdPlace]),
      attempt: sendable(set[attemptPlace]),
      withHints: false,
    };
  }

  /** Has the owner's repository looked at. Whether there may be hints; the addon is asked as seldom as can be. */
  function startHints(owner) {
    const now = performance.now();
    if (now < owner.noHintsUntil) {
      return false;
    }
    const none = owner.requester.startHints();
    owner.noHintsUntil = now + none;
    return none === 0;
  }

  /** What ends the waits for repository hints that are going on, by the addon's number of each. */
  const waits = new Map();
  let lastWait = 0;

  /** A promise of the owner's repository hints; `undefined` where nothing is to be waited for. */
  function hintsOf(owner) {
    if (owner.hints !== undefined) {
      return owner.hints;
    }
    lastWait += 1;
    const number = lastWait;
    if (number === 1) {
      affinity.onHints((ended) => waits.get(ended)?.());
    }
    const atMost = owner.requester.awaitHints(number);
    if (atMost === 0) {
      return undefined;
    }
    owner.hints = new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        waits.delete(number);
        owner.hints = undefined;
        resolve();
      };
      // Never long: they are only hints. The timer also keeps a process alive that has a call to make.
      const timer = setTimeout(end, atMost);
      waits.set(number, end);
    });
    return owner.hints;
  }

  /** Waits for the repository hints, where that is of use. */
  async function waitForHints(owner) {
    try {
      await hintsOf(owner);
    } catch (error) {
      warn("hints", "a request went out without repository hints", error);
    }
  }

  /** A copy of what `text` says; it is parsed only where it is not what was said the last time. */
  function parsed(said, text) {
    if (said.text !== text) {
      said.metadata = JSON.parse(text);
      said.text = text;
    }
    return copied(said.metadata);
  }

  /** What a payload without metadata is to get; the addon says it only where it is another thing. */
  function wholeMetadata({ requester, plain, hinted }, withHints) {
    const said = withHints ? hinted : plain;
    const number = withHints ? requester.takeHints() : 0;
    if (said.number === number) {
      return copied(said.metadata);
    }
    const metadata = parsed(said, native.injectRequest(requester, NOTHING, withHints));
    said.number = number;
    return metadata;
  }

  /** `payload` with what its metadata lacks; `undefined` where it goes out as it is. */
  function inject(owner, { withHints }, payload) {
    try {
      if (payload === null || typeof payload !== "object" || Array.isArray(payload)) {
        return undefined;
      }
      let { metadata } = payload;
      if (metadata === undefined) {
        metadata = wholeMetadata(owner, withHints);
      } else {
        if (withHints) {
          owner.requester.takeHints();
        }
        const text = native.injectRequest(owner.requester, payload, withHints);
        if (text === null) {
          return undefined;
        }
        metadata = likeOriginal({ ...metadata, ...parsed(owner.partial, text) }, metadata);
      }
      return likeOriginal({ ...payload, metadata }, payload);
    } catch (error) {
      warn("payload", "a request went out without metadata", error);
      return undefined;
    }
  }

  function capture({ requester }, call, response) {
    try {
      const route = headersSent(response?.headers, routePlaces);
      if (route[0] === undefined) {
        return;
      }
      const status = typeof response.status === "number" ? response.status : undefined;
      if (native.captureResponse(requester, packed(call.turnId, call.attempt, ...route), status)) {
        debug?.(
          `capture session=${requester.sessionId} agent=${requester.agentId} ${JSON.stringify(route)}`,
        );
      }
    } catch (error) {
      warn("response", "the route of a response was not captured", error);
    }
  }

  /** The caller's options with our headers, and with our hooks around the caller's own. */
  function extendedOptions(owner, call, options) {
    const { onPayload, onResponse } = options ?? {};
    const ours = {
      ...options,
      headers: withHeaders(options?.headers, call.headers),
      onPayload: async (...args) => {
        const replaced =
          typeof onPayload === "function"
            ? await Reflect.apply(onPayload, options, args)
            : undefined;
        if (call.withHints) {
          await waitForHints(owner);
        }
        return inject(owner, call, replaced === undefined ? args[0] : replaced) ?? replaced;
      },
      onResponse: (...args) => {
        capture(owner, call, args[0]);
        return typeof onResponse === "function"
          ? Reflect.apply(onResponse, options, args)
          : undefined;
      },
    };
    return likeOriginal(ours, options);
  }

  /** Wraps the stream function of an agent run or of a simple completion. */
  function wrapStreamFn(context) {
    let owner;
    let streamFn;
    let mayHaveHints;
    try {
      streamFn = context.streamFn;
      if (typeof streamFn !== "function" || !PROVIDERS.includes(context.provider)) {
        return undefined;
      }
      owner = ownerOf(context);
      mayHaveHints = startHints(owner);
    } catch (error) {
      warn("identity", "requests go out without identity", error);
      return undefined;
    }
    // Not async: simple completions need the stream itself.
    return (model, streamContext, options, ...rest) => {
      let call;
      let ownOptions;
      try {
        call = startCall(owner, model, options);
        // The first call comes right behind the wrapper, and what has no repository has none yet.
        call.withHints = mayHaveHints && startHints(owner);
        mayHaveHints = true;
        ownOptions = extendedOptions(owner, call, options);
        if (debug !== undefined) {
          const { sessionId, sessionSource, agentId } = owner.requester;
          debug(`request session=${sessionId} source=${sessionSource} agent=${agentId}`);
        }
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
      if (call.set?.[turnIdPlace] === undefined) {
        call.turnId = sendable(context.turnId);
        if (call.turnId !== undefined) {
          headers[TURN_ID] = call.turnId;
        }
      }
      if (call.set?.[attemptPlace] === undefined) {
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

  return {
    wrapStreamFn: (context) => {
      const ours = wrapStreamFn(context);
      return ours && compat.wrap(context, ours);
    },
    wrapSimpleCompletionStreamFn: wrapStreamFn,
    resolveTransportTurnState,
  };
}
