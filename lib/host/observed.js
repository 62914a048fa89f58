// Calls that another plugin makes. The plugin does not change these calls. An event of the host names the agent and the trace
// of a call. The request of the call carries the same trace.

import { shared } from "../addon/shared.js";
import { stringOf } from "../plain.js";
import { agentOfEvent } from "./agents.js";
import { headerOf } from "./channel.js";
import { spanOfEvent, spanOfHeader } from "./ownership.js";

/** How many open calls are remembered. The host may never report the end of a call. */
const LIMIT = 1024;

/**
 * @typedef {object} ObservedCall
 * @property {string | undefined} agentId
 * @property {string | undefined} conversation OpenClaw's own session id
 * @property {string | undefined} sessionId the session that the request names
 * @property {string | undefined} sentTurnId
 * @property {string | undefined} sentAttempt
 */

/**
 * @param {import("./host.js").Host} host
 * @param {import("../log.js").Log} log
 */
export function createObserved({ api, settings }, log) {
  const { observed: open } = shared;
  const attempt = (action) =>
    log.attempt("observe", "some routes of another plugin's calls are not captured", action);

  if (settings.observe) {
    api.on?.("model_call_ended", (_event, context) => {
      attempt(() => open.delete(spanOfEvent(context)));
    });
  } else {
    // An earlier registration may have left open calls.
    open.clear();
  }

  function begin(context) {
    const span = spanOfEvent(context);
    if (span) {
      const conversation = stringOf(context.sessionId);
      open.set(span, { agentId: agentOfEvent(context), conversation });
    }
    if (open.size > LIMIT) {
      open.delete(open.keys().next().value);
    }
  }

  return {
    /** Notes that a call of another plugin begins. `context` is that of the event. */
    observe: (context) => settings.observe && attempt(() => begin(context)),
    /** @returns {ObservedCall | undefined} the open call of a request */
    callOf(request) {
      const call = open.size > 0 && open.get(spanOfHeader(headerOf(request, "traceparent")));
      return call
        ? {
            ...call,
            sessionId: headerOf(request, "x-session-id"),
            sentTurnId: headerOf(request, "x-openclaw-turn-id"),
            sentAttempt: headerOf(request, "x-openclaw-attempt"),
          }
        : undefined;
    },
  };
}
