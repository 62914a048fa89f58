// Calls that another plugin answers for. They are looked at and nothing is added to them: the host says
// that a call begins, for which agent and in which trace, and the request carries that trace.

import { shared } from "../addon/shared.js";
import { agentOf } from "./agents.js";
import { headerOf } from "./channel.js";
import { spanIn, spanOf } from "./ownership.js";

/** How many calls are open at most. The end of one may never be told. */
const LIMIT = 1024;

const textOf = (value) => (typeof value === "string" ? value : undefined);

/**
 * @param {import("./host.js").Host} host
 * @param {import("../log.js").Log} log
 */
export function createObserved({ api, settings: { observe: wanted } }, { attempt }) {
  const { observed: open } = shared;

  function begin(context) {
    const span = spanOf(context);
    if (!span) {
      return;
    }
    open.set(span, { agentId: agentOf(context), conversation: textOf(context.sessionId) });
    if (open.size > LIMIT) {
      open.delete(open.keys().next().value);
    }
  }

  const attempted = (action) =>
    attempt("observe", "some routes of another plugin's calls are not seen", action);
  if (wanted) {
    api.on?.("model_call_ended", (_event, context) => {
      attempted(() => open.delete(spanOf(context)));
    });
  } else {
    // It may have been switched off just now, and the subscription may be another copy's.
    open.clear();
  }

  return {
    /** A call begins that passes us over. */
    observe: (context) => wanted && attempted(() => begin(context)),
    /** The open call that a request belongs to, as far as it is known. */
    callOf(request) {
      if (open.size === 0) {
        return undefined;
      }
      const call = open.get(spanIn(headerOf(request, "traceparent")));
      return call === undefined
        ? undefined
        : {
            agentId: call.agentId,
            conversation: call.conversation,
            sessionId: headerOf(request, "x-session-id"),
            turnId: headerOf(request, "x-openclaw-turn-id"),
            attempt: headerOf(request, "x-openclaw-attempt"),
          };
    },
  };
}
