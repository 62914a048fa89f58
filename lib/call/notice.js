// Says in the gateway's log that another model answers an agent than before, where the user wants that. When there is
// something to say is the addon's to decide.

import { oneLine } from "../log.js";

const NAME_LIMIT = 100;

/** A model's name comes from the network. */
const named = (model) => oneLine(model, NAME_LIMIT);

/**
 * @param {object} parts
 * @param {{ info(message: string): void }} parts.logger the host's
 * @param {typeof import("../../native.js")} parts.native
 * @param {ReturnType<typeof import("../log.js").createFaults>} parts.faults
 * @param {"off" | "log"} parts.routeNotice
 * @returns {((agentId: string | undefined) => void) | undefined} to be called when the route of an answer to an agent was
 *   captured; it never throws. `undefined` where nobody wants to be told
 */
export function createNotice({ logger, native, faults: { attempt }, routeNotice }) {
  if (routeNotice === "off") {
    return undefined;
  }
  const log = (agentId) => {
    const change = JSON.parse(native.routeChange(agentId) ?? "null");
    if (change !== null) {
      const { from, to } = change;
      const line = `agent ${named(agentId)} is answered by ${named(to)} now, by ${named(from)} before`;
      logger.info(oneLine(`taas-affinity: ${line}`));
    }
  };
  return (agentId) =>
    attempt("notice", "the log does not say that a route changed", () => {
      if (agentId) {
        log(agentId);
      }
    });
}
