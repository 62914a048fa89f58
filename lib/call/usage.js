// What a call used, from the result of its own stream. The stream is not touched, nothing waits for it, and a
// promise of ours is never rejected: that would end the gateway.

import { isPromise } from "node:util/types";

import { costOf } from "../host/prices.js";
import { sayChange } from "./response.js";

const numberOf = (value) => (typeof value === "number" ? value : undefined);

/** A message that ended so may be asked for again. */
const UNFINISHED = new Set([undefined, "error", "aborted"]);

/** `value` as text that JSON can say. */
const textOf = (value) =>
  typeof value === "string" && value !== "" ? value.toWellFormed() : undefined;

/** The value of a route's header. A proxy may have doubled the header: equal members of a list are one value. */
const routeOf = ({ route }) => {
  const members = new Set(route?.split(",").map((member) => member.trim()));
  return members.size === 1 ? textOf([...members][0]) : textOf(route);
};

/**
 * @param {import("./hooks.js").Parts} parts
 * @returns `follow(call, sent)` for what the stream function returned, `failed(call)` where it threw
 */
export function createUsage({ addon: { native }, host: { settings }, log }) {
  const missed = (error) => log.warn("usage", "what a call used was not counted", error);

  /** Counts `call`, which ended with `message`; it failed without one. */
  function record(call, message) {
    try {
      counted(call, message);
    } catch (error) {
      missed(error);
    }
  }

  /** Where something cannot be read, nothing is counted but that there was a call. */
  function counted(call, message) {
    try {
      const { usage, stopReason, responseModel } = message ?? {};
      const failed = message === undefined || stopReason === "error";
      const named = failed ? undefined : (textOf(responseModel) ?? textOf(call.modelId));
      const cost = costOf(call, routeOf(call) ?? named, usage);
      end(call, { model: named, failed, answered: !UNFINISHED.has(stopReason) }, usage, cost);
    } catch (error) {
      missed(error);
      end(call, { failed: message === undefined, answered: false });
    }
  }

  function end(call, outcome, usage, cost) {
    const { identity, number, isRun } = call;
    const told = JSON.stringify({
      ...outcome,
      input: numberOf(usage?.input),
      cached: numberOf(usage?.cacheRead),
      written: numberOf(usage?.cacheWrite),
      output: numberOf(usage?.output),
      ...cost,
      tellRoute: isRun && settings.routeNotice === "log",
    });
    const change = native.endCall(identity.handle, number, told);
    sayChange(log, identity.agentId, change);
  }

  const failed = (call) => record(call, undefined);
  const ended = (call, message) => record(call, message ?? {});

  /** The stream is there, or what the stream function gave in its place. */
  function began(call, stream) {
    let result;
    try {
      result = stream?.result;
      result = typeof result === "function" ? Reflect.apply(result, stream, []) : undefined;
    } catch (error) {
      missed(error);
    }
    settle(call, result, ended);
  }

  /**
   * Goes on with `next` when `value` is there. The promise is the caller's own, and is left as it is. What is
   * only like a promise counts as there at once, and its call as one that ended well: its `then` may do
   * anything, and a second one more than the caller asked for.
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
      missed(error);
    }
  }

  return { follow: (call, sent) => settle(call, sent, began), failed };
}
