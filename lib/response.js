// What an answer says of its route. The only way into the table of captures.
//
// An answer may be told twice, by the host's `onResponse` and by Node's channel. Who told of a call's route
// first tells all of it.

import { headersSent, packed, placesOf } from "./headers.js";

/**
 * @typedef {object} Answerable a call of ours, or one that was only looked at
 * @property {import("./owners.js").Owner} [owner] of a call of ours
 * @property {string} [agentId] of another plugin's call, and what that names its session
 * @property {string} [sessionId]
 * @property {string} [turnId]
 * @property {string} [attempt]
 * @property {Function} [capture] of a call of ours: that of the copy which began it. The channel may be another
 *   version's, and one image of the addon must never get an object of another one
 * @property {unknown} [teller] who told of a route first
 */

/**
 * @param {object} parts
 * @param {import("../native.js").Native} parts.native
 * @param {((line: string) => void) | undefined} parts.debug
 * @returns {(call: Answerable, response: unknown, teller: unknown) => void}
 */
export function createCapture({ native, debug }) {
  const places = placesOf(native.responseHeaders());

  const remember = ({ owner, agentId, sessionId }, values, status) =>
    owner === undefined
      ? native.captureObserved(agentId, sessionId, values, status)
      : native.captureResponse(owner.requester, values, status);

  return (call, response, teller) => {
    if (call.teller !== undefined && call.teller !== teller) {
      return;
    }
    const route = headersSent(response?.headers, places);
    if (route[0] === undefined) {
      return;
    }
    call.teller = teller;
    const values = packed(call.turnId, call.attempt, ...route);
    const { status } = response;
    const isCaptured = remember(call, values, status === undefined ? undefined : Number(status));
    if (isCaptured && debug !== undefined) {
      const { sessionId, agentId } = call.owner?.requester ?? call;
      debug(`capture session=${sessionId} agent=${agentId} ${JSON.stringify(route)}`);
    }
  };
}
