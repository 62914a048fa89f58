// Captures the route or the failure that a response reports.
//
// Both the host's `onResponse` and undici's channel may report a response. Only the first source that reports a route or
// a failure of a call is used for that call.

import { shared } from "../addon/shared.js";
import { headerOf, watchChannel } from "../host/channel.js";
import { createObserved } from "../host/observed.js";
import { watchOwnership } from "../host/ownership.js";
import { oneLine } from "../log.js";
import { SESSION } from "./call.js";
import { headerReader } from "./headers.js";

const AUTOROUTED = "x-taas-autorouted";
const MODEL = "x-taas-autorouter-model";
const NAME_LIMIT = 100;

/** The status as a number. A status that is no number is 0, so that the response is no route. */
function statusOf(given) {
  if (given === undefined) {
    return undefined;
  }
  const status = Number(given);
  return Number.isFinite(status) ? status : 0;
}

/** Logs that another model now answers an agent. The names come from the network. */
export function logRouteChange({ info }, agentId, change) {
  if (change) {
    const [agent, from, to] = [agentId, change.from, change.to].map((name) =>
      oneLine(name, NAME_LIMIT),
    );
    info(`the model of agent ${agent} changed from ${from} to ${to}`);
  }
}

/**
 * @param {import("./hooks.js").Parts} parts
 * @returns {(call: import("./call.js").Call | import("../host/observed.js").ObservedCall, response: unknown, source: string) => void}
 */
export function createCapture({ addon: { native }, host: { settings }, log }) {
  const received = headerReader(native.responseHeaders());
  const tellRoute = settings.routeNotice === "log";

  function captureObserved({ agentId, sessionId, conversation }, response) {
    const request = { agentId, sessionId, conversation, tellRoute };
    const { captured, change } = native.captureObserved(request, response);
    logRouteChange(log, agentId, change);
    return captured;
  }

  return (call, response, source) => {
    if (call.source !== undefined && call.source !== source) {
      return;
    }
    const status = statusOf(response?.status);
    const headers = received(response?.headers);
    if (headers[AUTOROUTED] !== undefined || status >= 400) {
      call.source = source;
    }
    const { identity, sentTurnId: turnId, sentAttempt: attempt } = call;
    const text = JSON.stringify({ status, turnId, attempt, headers });
    const isCaptured = identity
      ? native.captureResponse(identity.handle, text, call.number)
      : captureObserved(call, text);
    call.route = isCaptured ? headers[MODEL] : undefined;
    if (isCaptured && log.debug) {
      const { sessionId, agentId } = identity ?? call;
      log.debug(`capture session=${sessionId} agent=${agentId} ${JSON.stringify(headers)}`);
    }
  };
}

/** Captures the responses that the host does not report, and the responses to other plugins' calls. */
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
