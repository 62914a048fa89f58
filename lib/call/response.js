// What a response says: its route, or that it failed. The only way into the store's captures.
//
// The host's `onResponse` and undici's channel may both report a response. Only the first source that reports a route or
// a failure of a call is used for that call.

import { shared } from "../addon/shared.js";
import { headerOf, watchChannel } from "../host/channel.js";
import { createObserved } from "../host/observed.js";
import { watchOwnership } from "../host/ownership.js";
import { oneLine } from "../log.js";
import { SESSION } from "./call.js";
import { headersSent, placesOf } from "./headers.js";

const AUTOROUTED = "x-taas-autorouted";
const MODEL = "x-taas-autorouter-model";
const NAME_LIMIT = 100;

const textOf = (value) => (typeof value === "string" ? value : undefined);

/** Says in the log that another model answers an agent than before. A model's name comes from the network. */
export function sayChange({ info }, agentId, change) {
  if (change) {
    const named = (name) => oneLine(name, NAME_LIMIT);
    info(
      `agent ${named(agentId)} is answered by ${named(change.to)} now, by ${named(change.from)} before`,
    );
  }
}

/**
 * @param {import("./hooks.js").Parts} parts
 * @returns {(call: import("./call.js").Call | import("../host/observed.js").ObservedCall, response: unknown, source: string) => void}
 */
export function createCapture({ addon: { native }, host: { settings }, log }) {
  const names = native.responseHeaders();
  const places = placesOf(names);
  const tellRoute = settings.routeNotice === "log";

  function captureObserved({ agentId, sessionId, conversation }, response) {
    const request = { agentId, sessionId, conversation: textOf(conversation), tellRoute };
    const { captured, change } = native.captureObserved(request, response);
    sayChange(log, agentId, change);
    return captured;
  }

  return (call, response, source) => {
    if (call.source !== undefined && call.source !== source) {
      return;
    }
    const status = response?.status === undefined ? undefined : Number(response.status);
    const headers = headersSent(response?.headers, places, names);
    if (headers[AUTOROUTED] !== undefined || status >= 400) {
      call.source = source;
    }
    const { identity, turnId, attempt } = call;
    const told = JSON.stringify({ status, turnId, attempt, headers });
    const isCaptured = identity
      ? native.captureResponse(identity.handle, told, call.number)
      : captureObserved(call, told);
    call.route = isCaptured ? headers[MODEL] : undefined;
    if (isCaptured && log.debug) {
      const { sessionId, agentId } = identity ?? call;
      log.debug(`capture session=${sessionId} agent=${agentId} ${JSON.stringify(headers)}`);
    }
  };
}

/** Has responses captured that the host does not report, also those of calls that another plugin makes. */
export function watchResponses(parts) {
  const { host, log } = parts;
  const capture = createCapture(parts);
  const observed = createObserved(host, log);
  watchChannel(log, {
    callOf(request) {
      const call = shared.calls.getStore();
      if (call === undefined) {
        return observed.callOf(request);
      }
      return headerOf(request, SESSION.toLowerCase()) === call.session ? call : undefined;
    },
    answered: (call, response) => capture(call, response, "channel"),
  });
  watchOwnership(host, log, observed.observe);
}
