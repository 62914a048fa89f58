// What a call used, from the result of its own stream. The stream is not touched, nothing waits for it, and a
// promise of ours is never rejected: that would end the gateway.

import { isPromise } from "node:util/types";

/** `value` where it is a number; what is none is not counted. */
const numberOf = (value) => (typeof value === "number" ? value : Number.NaN);

const textOf = (value) => (typeof value === "string" && value !== "" ? value : undefined);

/** What a model's prompt costs, where that is not nothing: a host says 0 where it does not know. */
const pricesIn = (cost) =>
  cost?.input > 0 || cost?.cacheRead > 0 || cost?.cacheWrite > 0 ? cost : undefined;

/**
 * @param {object} parts
 * @param {import("../native.js").Native} parts.native
 * @param {ReturnType<typeof import("./faults.js").createFaults>} parts.faults
 * @param {typeof import("./prices.js").pricesOf} parts.pricesOf
 * @returns `follow(call, sent)` for what the stream function returned, `failed(call)` where it threw
 */
export function createUsage({ native, faults: { warn }, pricesOf }) {
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
      const failed = message === undefined || stopReason === "error";
      const answered = failed ? undefined : (textOf(responseModel) ?? textOf(call.modelId));
      const model = textOf(call.route) ?? answered;
      const own = model && pricesOf(call.config, call.provider, model);
      add(call, failed, model, usage, pricesIn(own) ?? pricesIn(call.cost));
    } catch (error) {
      missed(error);
      add(call, message === undefined);
    }
  }

  const add = (call, failed, model, usage, prices) =>
    native.recordCall(
      call.owner.handle,
      model,
      numberOf(usage?.input),
      numberOf(usage?.cacheRead),
      numberOf(usage?.cacheWrite),
      numberOf(usage?.output),
      numberOf(call.status),
      failed,
      call.route !== undefined,
      numberOf(prices?.input),
      numberOf(prices?.cacheRead),
      numberOf(prices?.cacheWrite),
      // A route that was captured has told it.
      call.route === undefined ? textOf(call.conversation) : undefined,
    );

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
