// The gateway methods. The addon has their table and computes their answers.

import { factsOf } from "./host/facts.js";
import { publicMessageOf } from "./log.js";

/** The methods that are registered if the addon does not load. A test compares them with the addon's own. */
export const WITHOUT_ADDON = {
  "taas.autorouter.lastRoute": "operator.read",
  "taas.affinity.lastRoute": "operator.read",
  "taas.affinity.status": "operator.read",
  "taas.affinity.routes": "operator.read",
  "taas.autorouter.setAlgorithm": "operator.write",
};

/** @returns {(code: string, reason: string, details?: object) => void} sends an error through the host */
const refusal = (name, respond) => (code, reason, details) =>
  respond(false, undefined, { code, message: `${name}: ${reason}`, details });

/** Whether the addon refused the params. Its message is then fit for the caller. */
function isInvalid(error) {
  try {
    return error.code === "InvalidArg";
  } catch {
    return false;
  }
}

/** Replaces a value that JSON would drop or turn into `null` by one that every method refuses. */
const refusable = (_, value) =>
  ["symbol", "function"].includes(typeof value) ||
  (typeof value === "number" && !Number.isFinite(value))
    ? false
    : value;

/** `value` as JSON text. A value without a JSON form becomes an empty text, which every method refuses. */
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
    const handler = ({ params, respond }) => {
      const refuse = refusal(name, respond);
      let answer;
      try {
        answer = JSON.parse(
          gateway.ask(name, jsonOf(params), process.env, jsonOf(factsOf(host, addon))),
        );
      } catch (error) {
        if (isInvalid(error)) {
          refuse("INVALID_REQUEST", error.message);
        } else {
          warn(`answer ${name}`, `${name} cannot answer`, error);
          refuse("UNAVAILABLE", publicMessageOf(error));
        }
        return;
      }
      respond(true, answer);
    };
    return { name, scope, handler };
  });
}

/** The methods without an addon. Each answers with the public part of why the addon did not load. */
export function unavailableMethods(error) {
  return Object.entries(WITHOUT_ADDON).map(([name, scope]) => ({
    name,
    scope,
    handler: ({ respond }) =>
      refusal(name, respond)("UNAVAILABLE", publicMessageOf(error), { addon: false }),
  }));
}
