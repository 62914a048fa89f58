// The provider hooks, in the order in which the host calls them: the model is resolved, a wrapper is asked for, the call
// begins, the transport turn gets its headers, the payload its metadata, and the response is read.

import { createCompat } from "../host/compat.js";
import { withOrigin } from "../host/models.js";
import { noteAsked, noteCall, noteUntouched } from "../host/ownership.js";
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

/**
 * The provider hooks. None of them throws or waits, whatever happens.
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

  /** The model is resolved. Its headers say whose it is, also on the paths that no wrapper sees. */
  function normalizeResolvedModel(context) {
    return attempt("model", "some requests go out without identity", () =>
      providers.includes(context.provider)
        ? withOrigin(context.model, context, identityOf(context).headers)
        : undefined,
    );
  }

  /** A wrapper is asked for. `wrapped` gets the host's context and our stream function. */
  function wrap(context, wrapped, isRun) {
    return attempt("identity", "requests go out without identity", () => {
      const { streamFn, provider, modelId } = context;
      if (typeof streamFn !== "function" || !providers.includes(provider)) {
        return undefined;
      }
      noteAsked(provider);
      let wrapper;
      try {
        const identity = identityOf(context);
        // The probe starts here, so that the first payload finds its hints. Only the log may name a workspace.
        for (const { consequence, reason } of native.probe(identity.handle) ?? []) {
          warn(`git: ${consequence}: ${reason}`, consequence, reason);
        }
        wrapper = wrapped(context, streaming(streamFn, identity, context, isRun));
      } finally {
        if (wrapper === undefined) {
          noteUntouched(provider, modelId);
        }
      }
      return wrapper;
    });
  }

  /** Not async: simple completions need the stream itself. */
  function streaming(streamFn, identity, host, isRun) {
    return function stream(model, context, options, ...rest) {
      const send = (given) => Reflect.apply(streamFn, this, [model, context, given, ...rest]);
      const begun = attempt("request", "a request went out untouched", () =>
        begin(identity, host, model, options, isRun),
      );
      if (begun === undefined) {
        noteUntouched(host.provider, host.modelId);
        return calls.outside(() => send(options));
      }
      const { call, options: given, isOuter } = begun;
      return isOuter
        ? calls.within(call, () => send(given))
        : followed(call, () => calls.within(call, () => send(given)));
    };
  }

  /** What it uses is counted when it ends; whoever called gets what there is, and gets it now. */
  function followed(call, send) {
    let sent;
    try {
      sent = send();
    } catch (error) {
      usage.failed(call);
      throw error;
    }
    usage.follow(call, sent);
    return sent;
  }

  /** The call begins: its record, and the options that carry it. */
  function begin(identity, host, model, options, isRun) {
    const outer = calls.begun(options);
    if (outer !== undefined) {
      // Another wrapper of ours lies around this one and has done everything.
      return { call: outer, options, isOuter: true };
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
    const call = calls.start(own, host.provider, model, options, host.config, isRun);
    if (debug !== undefined) {
      const { sessionId, source, agentId } = own;
      debug(`request session=${sessionId} source=${source} agent=${agentId}`);
    }
    const ours = calls.additions(call, options);
    ours.onPayload = payloadHook(call, options);
    ours.onResponse = responseHook(call, options);
    const given = { ...options, ...ours };
    if (isRun) {
      noteCall(host.provider, host.modelId, given);
    }
    return { call, options: given, isOuter: false };
  }

  /** The payload gets its metadata, after the caller's own hook and as synchronously as that. */
  function payloadHook(call, options) {
    const onPayload = options?.onPayload;
    const add = (payload, replaced) =>
      attempt("payload", "a request went out without metadata", () =>
        addMetadata(call, replaced === undefined ? payload : replaced),
      ) ?? replaced;
    return (...args) => {
      const replaced =
        typeof onPayload === "function" ? Reflect.apply(onPayload, options, args) : undefined;
      return typeof replaced?.then === "function"
        ? Promise.resolve(replaced).then((value) => add(args[0], value))
        : add(args[0], replaced);
    };
  }

  /** The answer is read, before the caller's own hook. */
  function responseHook(call, options) {
    const onResponse = options?.onResponse;
    return (...args) => {
      attempt("response", "the route of a response was not captured", () =>
        capture(call, args[0], "onResponse"),
      );
      return typeof onResponse === "function"
        ? Reflect.apply(onResponse, options, args)
        : undefined;
    };
  }

  return {
    normalizeResolvedModel,
    wrapStreamFn: (context) => wrap(context, compat.wrap, true),
    wrapSimpleCompletionStreamFn: (context) => wrap(context, (_, ours) => ours, false),
    /** The transport turn gets its headers. It is asked for inside the call that it belongs to. */
    resolveTransportTurnState: (context) =>
      attempt("turn-state", "a request went out without its turn id", () =>
        calls.turnState(context),
      ),
  };
}
