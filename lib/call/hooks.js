// The provider hooks, in the order in which the host calls them. The host resolves the model and asks for a wrapper. Then
// the call begins, the transport turn gets headers, the payload gets metadata, and the response arrives.

import { createCompat } from "../host/compat.js";
import { withOrigin } from "../host/models.js";
import { noteCall, noteUntouched, noteWrapper } from "../host/ownership.js";
import { isCopyable } from "../plain.js";
import { createCalls } from "./call.js";
import { canExtend } from "./headers.js";
import { createIdentities } from "./identity.js";
import { createMetadata } from "./metadata.js";
import { createCapture } from "./response.js";
import { createUsage } from "./usage.js";

/**
 * @typedef {object} Parts
 * @property {import("../addon/load.js").Addon} addon
 * @property {import("../host/host.js").Host} host
 * @property {import("../log.js").Log} log
 */

/** Calls the caller's own hook as the transport would. */
const callHook = (hook, options, args) =>
  typeof hook === "function" ? Reflect.apply(hook, options, args) : undefined;

/**
 * Creates the provider hooks. They never throw and never wait.
 *
 * @param {Parts} parts
 */
export function createHooks(parts) {
  const {
    addon: { native },
    host: { providers, settings },
    log: { attempt, debug, warn },
  } = parts;
  const identityOf = createIdentities(parts);
  const calls = createCalls(parts);
  const addMetadata = createMetadata(parts);
  const capture = createCapture(parts);
  const usage = createUsage(parts);
  const compat = createCompat(parts.log);

  /** Gives a resolved model the identity headers. */
  const normalizeResolvedModel = (context) =>
    attempt("model", "some requests go out without identity", () =>
      providers.includes(context.provider)
        ? withOrigin(context.model, context, identityOf(context).headers)
        : undefined,
    );

  /** Returns a wrapper around the host's stream function. `finish` takes the context and the plugin's stream function. */
  const wrap = (context, finish, isRun) =>
    attempt("identity", "requests go out without identity", () => {
      const { streamFn, provider, modelId } = context;
      if (typeof streamFn !== "function" || !providers.includes(provider)) {
        return undefined;
      }
      noteWrapper(provider);
      const noteOut = () => noteUntouched(provider, modelId);
      let wrapper;
      try {
        const identity = identityOf(context);
        probe(identity);
        wrapper = finish(context, streaming(streamFn, identity, context, isRun, noteOut));
      } finally {
        if (wrapper === undefined) {
          noteOut();
        }
      }
      return wrapper;
    });

  /** Starts the probe of the workspace before the first payload, which then has hints. */
  const probe = (identity) =>
    attempt("probe", "requests go out without repository hints", () => {
      for (const { consequence, reason } of native.probe(identity.handle) ?? []) {
        warn(`git: ${consequence}: ${reason}`, consequence, reason);
      }
    });

  /** The wrapper is not async, because simple completions need the stream itself. */
  function streaming(streamFn, identity, host, isRun, noteOut) {
    return function stream(model, context, options, ...rest) {
      const send = (given) => Reflect.apply(streamFn, this, [model, context, given, ...rest]);
      const begun = attempt("request", "a request went out untouched", () =>
        begin(identity, host, model, options, isRun),
      );
      if (begun === undefined) {
        noteOut();
        return calls.outside(() => send(options));
      }
      const { call, extended } = begun;
      if (extended === undefined) {
        return calls.within(call, () => send(options));
      }
      let sent;
      try {
        sent = calls.within(call, () => send(extended));
      } catch (error) {
        usage.failed(call);
        throw error;
      }
      usage.follow(call, sent);
      return sent;
    };
  }

  /** Begins a call. Returns its record and its options, or `undefined` if the request goes out unchanged. */
  function begin(identity, host, model, options, isRun) {
    const outer = calls.outerCall(options);
    if (outer !== undefined) {
      // Another wrapper of this plugin has already begun the call.
      return { call: outer, extended: undefined };
    }
    if (options !== undefined && typeof options !== "object") {
      throw new TypeError(`options are a ${typeof options}`);
    }
    if (!isCopyable(options) || !canExtend(options?.headers)) {
      debug?.("a request goes out unchanged: its options or headers are not a plain object");
      return undefined;
    }
    const conversation = settings.affinity === "conversation" ? options?.sessionId : undefined;
    const own = conversation ? identityOf(host, conversation) : identity;
    const call = calls.begin(own, host.provider, model, options, host.config, isRun);
    if (debug !== undefined) {
      const { sessionId, source, agentId } = own;
      debug(`request session=${sessionId} source=${source} agent=${agentId}`);
    }
    const additions = calls.additions(call, options);
    additions.onPayload = payloadHook(call, options);
    additions.onResponse = responseHook(call, options);
    const extended = { ...options, ...additions };
    if (isRun) {
      noteCall(host.provider, host.modelId, extended);
    }
    return { call, extended };
  }

  /** Adds metadata after the caller's own hook. The result is a promise only if the caller's result is a promise. */
  function payloadHook(call, options) {
    const onPayload = options?.onPayload;
    const add = (payload, replaced) =>
      attempt("payload", "a request went out without metadata", () =>
        addMetadata(call, replaced === undefined ? payload : replaced),
      ) ?? replaced;
    return (...args) => {
      const replaced = callHook(onPayload, options, args);
      return typeof replaced?.then === "function"
        ? Promise.resolve(replaced).then((value) => add(args[0], value))
        : add(args[0], replaced);
    };
  }

  /** Captures the response before the caller's own hook sees it. */
  function responseHook(call, options) {
    const onResponse = options?.onResponse;
    return (...args) => {
      attempt("response", "the route of a response was not captured", () =>
        capture(call, args[0], "onResponse"),
      );
      return callHook(onResponse, options, args);
    };
  }

  return {
    normalizeResolvedModel,
    wrapStreamFn: (context) => wrap(context, compat.wrap, true),
    wrapSimpleCompletionStreamFn: (context) => wrap(context, (_, stream) => stream, false),
    /** The host asks for the turn state within the call. */
    resolveTransportTurnState: (context) =>
      attempt("turn-state", "a request went out without its turn id", () =>
        calls.turnState(context),
      ),
  };
}
