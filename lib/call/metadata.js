// Adds metadata to a payload. Only missing keys are added.

import { isPlain } from "../plain.js";

/** Stands for a payload without metadata. */
const EMPTY = Object.freeze({});

/** Whether a copy of `value` is equal on the wire. An object with `toJSON` decides itself. */
const hasEqualCopy = (value) => isPlain(value) && value.toJSON === undefined;

/** A deep copy of the plugin's metadata, because the owner of a payload may change it. */
function copied(metadata) {
  const copy = { ...metadata };
  const { requester_runtime: runtime, openclaw_correlation: correlation } = metadata;
  if (runtime !== undefined) {
    const { metadata_classification: classification } = runtime;
    copy.requester_runtime = { ...runtime, metadata_classification: { ...classification } };
  }
  if (correlation !== undefined) {
    copy.openclaw_correlation = { ...correlation };
  }
  return copy;
}

/** The object in `text`. Most texts are equal to the latest text, which is parsed already. */
function parsed(latest, text) {
  if (latest.text !== text) {
    latest.metadata = JSON.parse(text);
    latest.text = text;
  }
  return copied(latest.metadata);
}

/**
 * @param {import("./hooks.js").Parts} parts
 * @returns {(call: import("./call.js").Call, payload: unknown) => object | undefined} returns a copy of `payload` with
 *   the missing metadata; `undefined` if the payload goes out unchanged
 */
export function createMetadata({ addon: { native }, log: { debug } }) {
  const unchanged = (part) => {
    debug?.(`a payload goes out unchanged: ${part} is not a plain object`);
    return undefined;
  };

  return ({ identity, number }, payload) => {
    if (!hasEqualCopy(payload)) {
      return unchanged("the payload");
    }
    // Each property is read once, as by the transport.
    const copy = { ...payload };
    const { metadata } = copy;
    if (metadata !== undefined && !hasEqualCopy(metadata)) {
      return unchanged("its metadata");
    }
    const given = metadata === undefined ? EMPTY : copy;
    const text = native.injectRequest(identity.handle, given, number);
    if (text === null) {
      return undefined;
    }
    copy.metadata = { ...metadata, ...parsed(identity.latest, text) };
    return copy;
  };
}
