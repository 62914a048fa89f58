// The gateway method that answers "which model did my agent really get?".

import { messageOf } from "./faults.js";

export const METHOD = "taas.autorouter.lastRoute";

/** `params` as JSON text. What cannot be JSON becomes text that is none, which the addon refuses. */
function textOf(params) {
  try {
    return JSON.stringify(params) ?? "null";
  } catch {
    return "";
  }
}

/**
 * The handler of {@link METHOD}.
 *
 * @param {import("../index.js").Affinity} affinity
 */
export function createLastRoute(affinity) {
  return ({ params, respond }) => {
    let answer;
    try {
      answer = JSON.parse(affinity.ask(METHOD, textOf(params), process.env));
    } catch (error) {
      const code = error?.code === "InvalidArg" ? "INVALID_REQUEST" : "UNAVAILABLE";
      respond(false, undefined, { code, message: `${METHOD}: ${messageOf(error)}` });
      return;
    }
    respond(true, answer);
  };
}

/**
 * The handler where the addon could not be loaded: it says why, and what helps.
 *
 * @param {unknown} error
 */
export function createUnavailable(error) {
  const message = `${METHOD}: ${messageOf(error)}`;
  return ({ respond }) => respond(false, undefined, { code: "UNAVAILABLE", message });
}
