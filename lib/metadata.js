// What is added to a payload: the metadata that it lacks, and nothing else.

import { isPlain, merged } from "./options.js";

/** A payload without any metadata. */
const NOTHING = Object.freeze({});

/** Whether the repository was settled when it was looked at, so that there is nothing new to ask for. */
const isSettled = (look) => look % 2 === 0;

/** Whether a copy of `value` is the same on the wire: a `toJSON` may be a property that no copy has. */
const isCopyable = (value) => isPlain(value) && !Object.hasOwn(value, "toJSON");

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

/** `copy` with the prototype of the plain object that it is a copy of. */
const likeOriginal = (copy, original) =>
  Object.getPrototypeOf(original) === null ? Object.setPrototypeOf(copy, null) : copy;

/** A copy of what `text` says; it is parsed only where it is not what was said the last time. */
function parsed(said, text) {
  if (said.text !== text) {
    said.metadata = JSON.parse(text);
    said.text = text;
  }
  return copied(said.metadata);
}

/**
 * @param {object} parts
 * @param {import("../native.js").Native} parts.native
 * @returns {(owner: import("./owners.js").Owner, look: number, payload: unknown) => object | undefined}
 *   `payload` with what its metadata lacks; `undefined` where it goes out as it is
 */
export function createMetadata({ native }) {
  /** What a payload without metadata gets. The addon is asked only where that may be another thing. */
  function whole({ handle, whole: said }, look) {
    if (said.look === look) {
      return copied(said.metadata);
    }
    const metadata = parsed(said, native.injectRequest(handle, NOTHING));
    said.look = isSettled(look) ? look : undefined;
    return metadata;
  }

  return (owner, look, payload) => {
    // More than an object of keys, and a copy would not be what its caller made.
    if (!isCopyable(payload)) {
      return undefined;
    }
    const { metadata } = payload;
    if (metadata === undefined) {
      return likeOriginal(merged(payload, { metadata: whole(owner, look) }), payload);
    }
    const text = isCopyable(metadata) ? native.injectRequest(owner.handle, payload) : null;
    if (text === null) {
      return undefined;
    }
    const all = likeOriginal(merged(metadata, parsed(owner.partial, text)), metadata);
    return likeOriginal(merged(payload, { metadata: all }), payload);
  };
}
