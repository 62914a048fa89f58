// The gateway methods. The addon contains their table and computes their answers.

import { factsOf } from "./host/facts.js";
import { publicMessageOf } from "./log.js";

/** The methods for a gateway without the addon. A test compares them with the addon's table. */
export const WITHOUT_ADDON = {
  "taas.autorouter.lastRoute": "operator.read",
  "taas.affinity.lastRoute": "operator.read",
  "taas.affinity.status": "operator.read",
  "taas.affinity.routes": "operator.read",
  "taas.autorouter.setAlgorithm": "operator.write",
};

const respondError = (respond, name, code, reason, details) =>
  respond(false, undefined, { code, message: `${name}: ${reason}`, details });

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
 * @typedef {{ name: string, scope: string, handler: (request: object) => void }[]} Methods
 *
 * @param {import("./call/hooks.js").Parts} parts
 * @returns {Methods}
 */
export function createMethods({ addon, host, log: { warn } }) {
  const { native, gateway } = addon;
  return native.methods().map(({ name, scope }) => {
    function handler({ params, respond }) {
      let answer;
      try {
        const facts = JSON.stringify(factsOf(host, addon));
        answer = JSON.parse(gateway.ask(name, jsonOf(params), process.env, facts));
      } catch (error) {
        if (error?.code === "InvalidArg") {
          // The addon refused the params, and the caller may read why.
          respondError(respond, name, "INVALID_REQUEST", error.message);
        } else {
          warn(`answer ${name}`, `${name} cannot answer`, error);
          respondError(respond, name, "UNAVAILABLE", publicMessageOf(error));
        }
        return;
      }
      respond(true, answer);
    }
    return { name, scope, handler };
  });
}

/** The methods for a gateway without the addon. They answer with the public part of `error`. */
export const unavailableMethods = (error) =>
  Object.entries(WITHOUT_ADDON).map(([name, scope]) => ({
    name,
    scope,
    handler: ({ respond }) =>
      respondError(respond, name, "UNAVAILABLE", publicMessageOf(error), { addon: false }),
  }));
