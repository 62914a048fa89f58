// The gateway methods. Which there are, and what they answer, is the addon's to say.

import { factsOf } from "./host/facts.js";
import { publicMessageOf } from "./log.js";

/** The addon's method table, for when the addon does not load. A test compares both. */
export const WITHOUT_ADDON = {
  "taas.autorouter.lastRoute": "operator.read",
  "taas.affinity.lastRoute": "operator.read",
  "taas.affinity.status": "operator.read",
  "taas.affinity.routes": "operator.read",
  "taas.autorouter.setAlgorithm": "operator.write",
};

/** @returns {(code: string, said: string, details?: object) => void} the host's way to refuse */
const refusal = (name, respond) => (code, said, details) =>
  respond(false, undefined, { code, message: `${name}: ${said}`, details });

/** Whether the addon refused the params. It says so in words of ours. */
function isInvalid(error) {
  try {
    return error.code === "InvalidArg";
  } catch {
    return false;
  }
}

/** A value that JSON would leave out or make `null` of, as one that nothing accepts. */
const sayable = (_, value) =>
  ["symbol", "function"].includes(typeof value) ||
  (typeof value === "number" && !Number.isFinite(value))
    ? false
    : value;

/**
 * `params` as JSON text. What cannot be any is given as text that is none, and refused as that; nothing at all is
 * what is `null` or `undefined` itself.
 */
function jsonOf(params) {
  if (params === null || params === undefined) {
    return "null";
  }
  try {
    const text = JSON.stringify(params, sayable) ?? "null";
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

/** The same where the addon could not be loaded: each says why, as far as everybody may know. */
export function unavailableMethods(error) {
  return Object.entries(WITHOUT_ADDON).map(([name, scope]) => ({
    name,
    scope,
    handler: ({ respond }) =>
      refusal(name, respond)("UNAVAILABLE", publicMessageOf(error), { addon: false }),
  }));
}
