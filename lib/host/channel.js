// Reads responses on Node's diagnostics channels, where undici reports every request. Some hosts call no `onResponse`,
// and other plugins' calls have no hook of ours. Only the header names and values that the plugin needs are read, because
// the other headers contain the provider's key.

import { subscribe, unsubscribe } from "node:diagnostics_channel";

import { shared } from "../addon/shared.js";

const CREATE = "undici:request:create";
const HEADERS = "undici:request:headers";

/** HTTP has one byte for each character. */
const decoded = (value) => (Buffer.isBuffer(value) ? value.toString("latin1") : String(value));

/** The response headers that begin with an x, as pairs. In undici, `headers` is a list of alternating names and values. */
function pairsOf(headers) {
  if (!Array.isArray(headers)) {
    return headers;
  }
  const pairs = [];
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const name = decoded(headers[at]);
    if (/^x/i.test(name)) {
      pairs.push(...[headers[at + 1]].flat().map((value) => [name, decoded(value)]));
    }
  }
  return pairs;
}

/** The value of the header `name`, in lower case, of a request of undici. No other value is read. */
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
 * @param {(request: object) => object | undefined} listener.callOf the call of a new request
 * @param {(call: object, response: { status: unknown, headers: unknown }) => void} listener.answered
 */
export function watchChannel({ attempt }, { callOf, answered }) {
  // Only the copy that registered last has the latest configuration.
  shared.channel.stop?.();

  // An exception of a subscriber would end the process.
  const guarded = (action) => (message) =>
    attempt("channel", "the route of a response was not captured", () => action(message));
  const onCreate = guarded(({ request }) => {
    const call = callOf(request);
    if (call) {
      // A response arrives in the async context that opened its connection. So the request remembers its call.
      shared.callOf.set(request, call);
    }
  });
  const onHeaders = guarded(({ request, response }) => {
    const call = shared.callOf.get(request);
    if (call) {
      answered(call, { status: response.statusCode, headers: pairsOf(response.headers) });
    }
  });

  subscribe(CREATE, onCreate);
  subscribe(HEADERS, onHeaders);
  shared.channel.stop = () => {
    unsubscribe(CREATE, onCreate);
    unsubscribe(HEADERS, onHeaders);
  };
}
