// Tells that another model answers an agent than before, where the user wants that: in the gateway's log, or
// in the agent's next reply. When there is something to tell is the addon's to say.

import { agentOf } from "./agents.js";
import { oneLine } from "./faults.js";

// The host may ask another copy of this module for the reply than the one that saw the change.
const PENDING = Symbol.for("openclaw-taas-affinity.notices");

/** How many agents have something to be told at most, and for how long, in milliseconds. */
const LIMIT = 256;
const KEPT_FOR = 600_000;

const NAME_LIMIT = 100;

/** By these words an agent says that it has no reply. What the host does with them must not change. */
const SILENT = /NO_REPLY|HEARTBEAT_OK/i;

/** A model's name comes from the network. */
const named = (model) => oneLine(model, NAME_LIMIT);

/** By which the host tells agents apart, in the keys of sessions too. */
const agentKey = (agentId) => agentId?.trim().toLowerCase();

/**
 * @param {object} parts
 * @param {object} parts.api the host's plugin API
 * @param {import("../native.js").Native} parts.native
 * @param {ReturnType<typeof import("./faults.js").createFaults>} parts.faults
 * @param {"off" | "log" | "reply"} parts.routeNotice
 * @returns {((agentId: string | undefined) => void) | undefined} to be called when a route of an agent was captured;
 *   it never throws. `undefined` where nobody wants to be told
 */
export function createNotice({ api, native, faults: { attempt }, routeNotice }) {
  if (routeNotice === "off") {
    return undefined;
  }
  const guarded = (action) => attempt("notice", "it was not told that a route changed", action);

  const log = (agentId, { from, to }) =>
    api.logger.info(
      oneLine(
        `taas-affinity: agent ${named(agentId)} is answered by ${named(to)} now, by ${named(from)} before`,
      ),
    );

  globalThis[PENDING] ??= new Map();
  /** By {@link agentKey}. @type {Map<string, { from: string, to: string, since: number }>} */
  const pending = globalThis[PENDING];

  /** What is not told yet and changes again is told as one change, or is none. */
  function keep(agentId, { from, to }) {
    const key = agentKey(agentId);
    const first = pending.get(key)?.from ?? from;
    pending.delete(key);
    if (first !== to) {
      pending.set(key, { from: first, to, since: Date.now() });
    }
    if (pending.size > LIMIT) {
      pending.delete(pending.keys().next().value);
    }
  }

  /** The end of a reply of the agent gets one line more. Only what is read as text can be added to. */
  function append({ payload, kind, sessionKey }, context) {
    const agentId = agentOf({ ...context, sessionKey: sessionKey ?? context?.sessionKey });
    const change = pending.get(agentKey(agentId));
    const { text, isError, isReasoning } = payload ?? {};
    const isReply = typeof text === "string" && text.trim() !== "" && !isError && !isReasoning;
    if (change === undefined || kind !== "final" || !isReply || SILENT.test(text)) {
      return undefined;
    }
    pending.delete(agentKey(agentId));
    if (Date.now() - change.since > KEPT_FOR) {
      return undefined;
    }
    const line = `(Answered by ${named(change.to)} now, by ${named(change.from)} before.)`;
    return { payload: { ...payload, text: `${text}\n\n${line}` } };
  }

  const inReply = routeNotice === "reply";
  if (inReply) {
    api.on?.("reply_payload_sending", (event, context) => guarded(() => append(event, context)));
  }
  const tell = inReply ? keep : log;
  return (agentId) => {
    guarded(() => {
      const change = agentId && native.routeChange(agentId);
      if (change) {
        tell(agentId, JSON.parse(change));
      }
    });
  };
}
