// Tells that another model answers an agent than before, where the user wants that: in the gateway's log, or
// in the agent's next reply. When there is something to tell is the addon's to say.

import { agentOf } from "./agents.js";
import { oneLine } from "./faults.js";

const NAME_LIMIT = 100;

/** By these words an agent says that it has no reply. What the host does with them must not change. */
const SILENT = /NO_REPLY|HEARTBEAT_OK/i;

/** The Control UI: the host asks there, too, and shows the reply as it was (seen on 2026.9.6). */
const UNCHANGED = "webchat";

/** A model's name comes from the network. */
const named = (model) => oneLine(model, NAME_LIMIT);

/**
 * @param {object} parts
 * @param {object} parts.api the host's plugin API
 * @param {import("../native.js").Native} parts.native
 * @param {ReturnType<typeof import("./faults.js").createFaults>} parts.faults
 * @param {"off" | "log" | "reply"} parts.routeNotice
 * @returns {((agentId: string | undefined) => void) | undefined} to be called when the route of an answer to an agent was
 *   captured; it never throws. `undefined` where nobody wants to be told
 */
export function createNotice({ api, native, faults: { attempt }, routeNotice }) {
  if (routeNotice === "off") {
    return undefined;
  }
  const guarded = (action) => attempt("notice", "it was not told that a route changed", action);

  /** What there is to tell now of an agent. */
  const changeOf = (agentId) => JSON.parse(native.routeChange(agentId) ?? "null");

  function log(agentId) {
    const change = changeOf(agentId);
    if (change !== null) {
      const { from, to } = change;
      const line = `agent ${named(agentId)} is answered by ${named(to)} now, by ${named(from)} before`;
      api.logger.info(oneLine(`taas-affinity: ${line}`));
    }
  }

  /** The end of a reply of the agent gets one line more. Only what is read as text can be added to. */
  function append({ payload, kind, channel, sessionKey }, context) {
    if (channel === UNCHANGED) {
      return undefined;
    }
    const agentId = agentOf({ ...context, sessionKey: sessionKey ?? context?.sessionKey });
    const { text, isError, isReasoning } = payload ?? {};
    const isReply = typeof text === "string" && text.trim() !== "" && !isError && !isReasoning;
    if (agentId === undefined || kind !== "final" || !isReply || SILENT.test(text)) {
      return undefined;
    }
    const change = changeOf(agentId);
    if (change === null) {
      return undefined;
    }
    const line = `(Answered by ${named(change.to)} now, by ${named(change.from)} before.)`;
    return { payload: { ...payload, text: `${text}\n\n${line}` } };
  }

  const inReply = routeNotice === "reply";
  if (inReply) {
    api.on?.("reply_payload_sending", (event, context) => guarded(() => append(event, context)));
  }
  return (agentId) =>
    guarded(() => {
      if (agentId) {
        native.noteRoute(agentId);
        if (!inReply) {
          log(agentId);
        }
      }
    });
}
