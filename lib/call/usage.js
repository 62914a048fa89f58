// What a call used, from the result of its own stream. The stream is not touched, nothing waits for it, and a
// promise of ours is never rejected: that would end the gateway.

import { isPromise } from "node:util/types";

import { costOf } from "../host/prices.js";

const numberOf = (value) => (typeof value === "number" ? value : undefined);

/** A message that ended so may be asked for again. */
const UNFINISHED = new Set([undefined, "error", "aborted"]);

const textOf = (value) => (typeof value === "string" && value !== "" ? value : undefined);

/** The value of a route's header. A proxy may have doubled the header: equal members of a list are one value. */
const routeOf = ({ route }) => {
  const members = new Set(
    textOf(route)
      ?.split(",")
      .map((member) => member.trim()),
  );
  return members.size === 1 ? [...members][0] : textOf(route);
};

/**
 * @param {object} parts
 * @param {typeof import("../../native.js")} parts.native
 * @param {ReturnType<typeof import("../log.js").createFaults>} parts.faults
 * @returns `follow(call, sent)` for what the stream function returned, `failed(call)` where it threw
 */
export function createUsage({ native, faults: { warn } }) {
  const missed = (error) => warn("usage", "what a call used was not counted", error);

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
      if (!UNFINISHED.has(stopReason)) {
        native.requestAnswered(call.owner.handle, call.id);
      }
      const failed = message === undefined || stopReason === "error";
      const answered = failed ? undefined : (textOf(responseModel) ?? textOf(call.modelId));
      const model = routeOf(call) ?? answered;
      add(call, failed, model, usage, costOf(call, model, usage));
    } catch (error) {
      missed(error);
      add(call, message === undefined);
    }
  }

  const add = (call, failed, model, usage, cost) =>
    native.recordCall(call.owner.handle, {
      model,
      // A route that was captured has told it.
      conversation: call.route === undefined ? textOf(call.conversation) : undefined,
      status: numberOf(call.status),
      failed,
      routed: call.route !== undefined,
      input: numberOf(usage?.input),
      cached: numberOf(usage?.cacheRead),
      written: numberOf(usage?.cacheWrite),
      output: numberOf(usage?.output),
      ...cost,
    });

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
