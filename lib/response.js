// What an answer says of its route. The only way into the table of captures.

import { headersSent, packed, placesOf } from "./headers.js";

/**
 * @param {object} parts
 * @param {import("../native.js").Native} parts.native
 * @param {((line: string) => void) | undefined} parts.debug
 * @returns {(call: import("./calls.js").Call, response: unknown) => void}
 */
export function createCapture({ native, debug }) {
  const places = placesOf(native.responseHeaders());

  return (call, response) => {
    const route = headersSent(response?.headers, places);
    if (route[0] === undefined) {
      return;
    }
    const { requester } = call.owner;
    const values = packed(call.turnId, call.attempt, ...route);
    const { status } = response;
    if (
      native.captureResponse(requester, values, status === undefined ? undefined : Number(status))
    ) {
      if (debug !== undefined) {
        const { sessionId, agentId } = requester;
        debug(`capture session=${sessionId} agent=${agentId} ${JSON.stringify(route)}`);
      }
    }
  };
}
