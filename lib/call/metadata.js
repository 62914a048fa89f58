// What is added to a payload: the metadata that it lacks, and nothing else.

import { isPlain } from "../plain.js";

/** A payload without any metadata. */
const NOTHING = Object.freeze({});

/** Whether a copy of `value` is the same on the wire: what has a `toJSON` says itself what it is. */
const isCopyable = (value) => isPlain(value) && value.toJSON === undefined;

/** A copy of our metadata, all the way down: what goes into a payload is the caller's to change. */
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

/** A copy of what `text` says; it is parsed only where it is not what was said the last time. */
function parsed(said, text) {
  if (said.text !== text) {
    said.metadata = JSON.parse(text);
    said.text = text;
  }
  return copied(said.metadata);
}

/**
 * @param {import("./hooks.js").Parts} parts
 * @returns {(call: import("./call.js").Call, payload: unknown) => object | undefined}
 *   `payload` with what its metadata lacks; `undefined` where it goes out as it is
 */
export function createMetadata({ addon: { native }, log: { debug } }) {
  const unchanged = (what) => {
    debug?.(`a payload goes out unchanged: ${what} is not a plain object`);
    return undefined;
  };

  return ({ identity, number }, payload) => {
    if (!isCopyable(payload)) {
      return unchanged("the payload");
    }
    // Each property is read once, as the transport would.
    const copy = { ...payload };
    const { metadata } = copy;
    if (metadata !== undefined && !isCopyable(metadata)) {
      return unchanged("its metadata");
    }
    const text = native.injectRequest(
      identity.handle,
      metadata === undefined ? NOTHING : copy,
      number,
    );
    if (text === null) {
      return undefined;
    }
    copy.metadata = { ...metadata, ...parsed(identity.said, text) };
    return copy;
  };
}
