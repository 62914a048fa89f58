// What an answer says of its route, or that it failed. The only way into the table of captures.
//
// An answer may be told twice, by the host's `onResponse` and by Node's channel. Who told of a call's route
// or failure first tells all of it.

import { headersSent, packed, placesOf } from "./headers.js";

/**
 * @typedef {object} Answerable a call of ours, or one that was only looked at
 * @property {import("./identity.js").Owner} [owner] of a call of ours
 * @property {string} [agentId] of another plugin's call, and what that names its session
 * @property {string} [sessionId]
 * @property {string} [turnId]
 * @property {string} [attempt]
 * @property {unknown} [conversation] OpenClaw's own id of the session
 * @property {boolean} [isRun] whether it is part of an agent's run, and not made beside it, as titles are
 * @property {number} [status] of the latest answer
 * @property {string} [route] the model that it was routed to
 * @property {Function} [capture] of a call of ours: that of the copy which began it. The channel may be another
 *   version's, and one image of the addon must never get an object of another one
 * @property {unknown} [teller] who told of a route first
 */

/**
 * @param {object} parts
 * @param {typeof import("../../native.js")} parts.native
 * @param {((line: string) => void) | undefined} parts.debug
 * @param {((agentId: string | undefined) => void) | undefined} [parts.notice] see notice.js
 * @returns {(call: Answerable, response: unknown, teller: unknown) => void}
 */
export function createCapture({ native, debug, notice }) {
  const names = native.responseHeaders();
  const places = placesOf(names);
  const modelPlace = names.indexOf("x-taas-autorouter-model");

  const remember = ({ owner, agentId, sessionId }, values, status) =>
    owner === undefined
      ? native.captureObserved(agentId, sessionId, values, status)
      : native.captureResponse(owner.handle, values, status);

  return (call, response, teller) => {
    if (call.teller !== undefined && call.teller !== teller) {
      return;
    }
    const status = response?.status === undefined ? undefined : Number(response.status);
    const route = headersSent(response?.headers, places);
    call.status = status;
    if (route[0] === undefined && !(status >= 400)) {
      return;
    }
    call.teller = teller;
    const conversation = typeof call.conversation === "string" ? call.conversation : undefined;
    const values = packed(call.turnId, call.attempt, ...route, conversation);
    const isCaptured = remember(call, values, status);
    if (isCaptured && notice !== undefined && call.isRun !== false) {
      notice(call.owner?.agentId ?? call.agentId);
    }
    call.route = isCaptured ? (route[modelPlace] ?? "") : undefined;
    if (isCaptured && debug !== undefined) {
      const { sessionId, agentId } = call.owner ?? call;
      debug(`capture session=${sessionId} agent=${agentId} ${JSON.stringify(route)}`);
    }
  };
}
