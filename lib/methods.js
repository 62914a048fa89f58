// The gateway methods. The addon contains their table and computes their answers.

import { factsOf } from "./host/facts.js";
import { PublicError, publicMessageOf } from "./log.js";

/** The methods for a gateway without the addon. A test compares them with the addon's table. */
export const WITHOUT_ADDON = {
  "taas.autorouter.lastRoute": "operator.read",
  "taas.affinity.lastRoute": "operator.read",
  "taas.affinity.status": "operator.read",
  "taas.affinity.routes": "operator.read",
  "taas.autorouter.setAlgorithm": "operator.write",
};

/** A refusal of a gateway method. Its caller may read the message. */
const refusal = (code, message, details) =>
  Object.assign(new PublicError(message), { code, details });

/**
 * @typedef {object} Method
 * @property {string} name
 * @property {string} scope
 * @property {(params: unknown) => object} answer throws a {@link PublicError} with a code
 * @property {(request: object) => void} handler for the host
 *
 * @returns {Method}
 */
const method = (name, scope, answer) => ({
  name,
  scope,
  answer,
  handler({ params, respond }) {
    let answered;
    try {
      answered = answer(params);
    } catch ({ code, message, details }) {
      respond(false, undefined, { code, message: `${name}: ${message}`, details });
      return;
    }
    respond(true, answered);
  },
});

/** JSON would drop these values or turn them into `null`. Every method refuses `false`. */
const refusable = (_, value) =>
  ["symbol", "function"].includes(typeof value) ||
  (typeof value === "number" && !Number.isFinite(value))
    ? false
    : value;

/** The JSON text of `value`. A value without a JSON form becomes an empty text, which every method refuses. */
function jsonOf(value) {
  if (value === null || value === undefined) {
    return "null";
  }
  try {
    const text = JSON.stringify(value, refusable) ?? "null";
    return text === "null" ? "" : text;
  } catch {
    return "";
  }
}

/**
 * @typedef {(name: string, params?: unknown) => string} Ask queries the addon: a gateway method, or a surface of
 *   `lib/surface/`. It throws the addon's error
 *
 * @param {import("./call/hooks.js").Parts} parts
 * @returns {Ask}
 */
export const createAsk =
  ({ addon: { gateway, ...addon }, host }) =>
  (name, params) =>
    gateway.ask(name, jsonOf(params), process.env, JSON.stringify(factsOf(host, addon)));

/** @param {import("./call/hooks.js").Parts} parts */
export function createMethods(parts) {
  const {
    addon: { native },
    log,
  } = parts;
  const ask = createAsk(parts);
  return native.methods().map(({ name, scope }) =>
    method(name, scope, (params) => {
      try {
        return JSON.parse(ask(name, params));
      } catch (error) {
        if (error?.code === "InvalidArg") {
          // The addon refused the params, and the caller may read why.
          throw refusal("INVALID_REQUEST", error.message);
        }
        log.warn(`answer ${name}`, `${name} cannot answer`, error);
        throw refusal("UNAVAILABLE", publicMessageOf(error));
      }
    }),
  );
}

/** The methods for a gateway without the addon. They answer with the public part of `error`. */
export const unavailableMethods = (error) =>
  Object.entries(WITHOUT_ADDON).map(([name, scope]) =>
    method(name, scope, () => {
      throw refusal("UNAVAILABLE", publicMessageOf(error), { addon: false });
    }),
  );
