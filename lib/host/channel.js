// The answers of calls where the host calls no `onResponse`, or asks another plugin for the wrapper: what
// is sent and received through undici is published on Node's diagnostics channels.
//
// Of a request that is none of ours nothing is looked at, and of headers no value but those that name a
// request's owner and those of the answer that begin with an x: beside them lies the provider's key.

import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { shared } from "../addon/shared.js";

const CREATE = "undici:request:create";
const HEADERS = "undici:request:headers";

const CONSEQUENCE = "the route of a response was not captured";

/** As text; bytes as HTTP has them, one for each character. */
const textOf = (value) => (Buffer.isBuffer(value) ? value.toString("latin1") : String(value));

/** The pairs of an answer's headers that begin with an x; they come as names and values in turn. */
function pairsOf(headers) {
  if (!Array.isArray(headers)) {
    return headers;
  }
  const pairs = [];
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const name = textOf(headers[at]);
    if (/^x/i.test(name)) {
      pairs.push(...[headers[at + 1]].flat().map((value) => [name, textOf(value)]));
    }
  }
  return pairs;
}

/**
 * The value of one header of a request of undici, whose headers are names and values in turn. No other value is
 * read. Outer blanks are none of it.
 */
export function headerOf({ headers }, name) {
  if (!Array.isArray(headers)) {
    return undefined;
  }
  const at = headers.findIndex(
    (text, index) => index % 2 === 0 && String(text).toLowerCase() === name,
  );
  return at < 0 ? undefined : String(headers[at + 1]).trim();
}

/**
 * @param {import("../log.js").Log} log
 * @param {object} listener
 * @param {(request: object) => object | undefined} listener.callOf the call that a request belongs to, when it is created
 * @param {(call: object, response: { status: unknown, headers: unknown }) => void} listener.answered
 */
export function watchChannel({ attempt }, { callOf, answered: capture }) {
  // The copy that registered last has the latest configuration.
  shared.channel.stop?.();

  // Messages are taken apart within `attempt`: what a subscriber throws ends the process.
  const created = (message) =>
    attempt("channel", CONSEQUENCE, () => {
      const { request } = message;
      const call = callOf(request);
      if (call) {
        // Connections are kept for whoever comes next, so that the store at a response may be that of the call that
        // opened one. So the request itself keeps its call.
        shared.callOf.set(request, call);
      }
    });
  const answered = (message) =>
    attempt("channel", CONSEQUENCE, () => {
      const { request, response } = message;
      const call = shared.callOf.get(request);
      if (call !== undefined) {
        const { statusCode: status, headers } = response;
        capture(call, { status, headers: pairsOf(headers) });
      }
    });

  subscribe(CREATE, created);
  subscribe(HEADERS, answered);
  shared.channel.stop = () => {
    unsubscribe(CREATE, created);
    unsubscribe(HEADERS, answered);
  };
}
