// Counts the usage of a call from the result of its stream. The plugin does not touch the stream and waits for nothing.
// Its promises never reject, because an unhandled rejection would end the gateway.

import { isPromise } from "node:util/types";

import { costOf } from "../host/prices.js";
import { logRouteChange } from "./response.js";

const numberOf = (value) => (typeof value === "number" ? value : undefined);

/** After these reasons, the host may send the request again. */
const UNFINISHED = new Set([undefined, "error", "aborted"]);

const nameOf = (value) =>
  typeof value === "string" && value !== "" ? value.toWellFormed() : undefined;

/** The model of the call's route. A proxy may have doubled the header, so equal members count as one. */
function routedModel({ route }) {
  if (!route?.includes(",")) {
    return nameOf(route?.trim());
  }
  const members = new Set(route.split(",").map((member) => member.trim()));
  return nameOf(members.size === 1 ? [...members][0] : route);
}

/** The addon's form of a call that ended with `message`, or failed without a message. It lacks the usage. */
function endOf(call, message) {
  const { stopReason, responseModel } = message ?? {};
  const failed = message === undefined || stopReason === "error";
  const model = failed ? undefined : (nameOf(responseModel) ?? nameOf(call.modelId));
  return { model, failed, answered: !UNFINISHED.has(stopReason) };
}

/** The tokens and the cost of a call that `model` answered. */
function usageOf(call, model, message) {
  const usage = message?.usage;
  return {
    input: numberOf(usage?.input),
    cached: numberOf(usage?.cacheRead),
    written: numberOf(usage?.cacheWrite),
    output: numberOf(usage?.output),
    ...costOf(call, routedModel(call) ?? model, usage),
  };
}

/**
 * @param {import("./hooks.js").Parts} parts
 * @returns `follow(call, sent)` for the result of the stream function, `failed(call)` if the function threw
 */
export function createUsage({ addon: { native }, host: { settings }, log }) {
  const warn = (error) => log.warn("usage", "the usage of a call was not counted", error);

  /** Counts `call`. If the usage cannot be read, the call counts without tokens. */
  function ended(call, message) {
    let end = { failed: message === undefined, answered: false };
    let usage;
    try {
      end = endOf(call, message);
      usage = usageOf(call, end.model, message);
    } catch (error) {
      warn(error);
    }
    try {
      const { identity, number, isRun } = call;
      const tellRoute = isRun && settings.routeNotice === "log";
      const text = JSON.stringify({ ...end, ...usage, tellRoute });
      const change = native.endCall(identity.handle, number, text);
      logRouteChange(log, identity.agentId, change);
    } catch (error) {
      warn(error);
    }
  }

  const failed = (call) => ended(call, undefined);
  const finished = (call, message) => ended(call, message ?? {});

  /** Counts the call when the stream's result is available. A call without a result counts without tokens. */
  function began(call, stream) {
    let result;
    try {
      result = stream?.result;
      result = typeof result === "function" ? Reflect.apply(result, stream, []) : undefined;
    } catch (error) {
      warn(error);
    }
    settle(call, result, finished);
  }

  /**
   * Calls `next` when `value` is available. Only a real promise is awaited. Another object's `then` could do anything, and
   * the caller did not ask for a second call of it.
   */
  function settle(call, value, next) {
    if (!isPromise(value)) {
      next(call, value);
      return;
    }
    try {
      Promise.prototype.then.call(
        value,
        (given) => next(call, given),
        () => failed(call),
      );
    } catch (error) {
      warn(error);
    }
  }

  return { follow: (call, sent) => settle(call, sent, began), failed };
}
