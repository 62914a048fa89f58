// Reads recorded sessions: JSON lines, plain or gzipped, as docs/replay.md describes them. An error names the line and
// the expected value.

import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";

/**
 * One recorded model call. Its prompt is `length` blocks long: the first `keep` blocks of `parent`'s
 * prompt, then blocks of its own.
 *
 * @typedef {object} Recorded
 * @property {Session} session
 * @property {number} index its position in the session
 * @property {number} time seconds since the session's start
 * @property {number} inputTokens
 * @property {Recorded | null} parent
 * @property {number} keep
 * @property {number} length
 * @property {Recorded} root the first request of its chain of parents; itself without a parent
 */

/**
 * @typedef {object} Session
 * @property {string} id
 * @property {number} shared the number of leading blocks that are equal in every session
 * @property {Recorded[]} requests in order of time
 */

/** A file that cannot be replayed. The message is for the user. */
export class BadFile extends Error {}

const FIELDS = ["t", "input", "output", "parent", "keep", "blocks"];

const isCount = (value) => Number.isSafeInteger(value) && value >= 0;

/** @throws {string} the expectation and the value found */
function expect(holds, expected, value) {
  if (!holds) {
    throw `expected ${expected}${value === undefined ? "" : `, found ${JSON.stringify(value)}`}`;
  }
}

/** @returns {Recorded} */
function recorded(session, index, row, block) {
  const before = session.requests;
  expect(Array.isArray(row) && row.length === FIELDS.length, `[${FIELDS.join(", ")}]`, row ?? null);
  const [time, inputTokens, outputTokens, parentIndex, keep, length] = row;
  const earliest = before.at(-1)?.time ?? 0;
  expect(Number.isFinite(time) && time >= earliest, `t as a number from ${earliest} on`, time);
  for (const [name, value] of Object.entries({ output: outputTokens, keep, blocks: length })) {
    expect(isCount(value), `${name} as a whole number from 0 on`, value);
  }
  expect(
    isCount(inputTokens) && inputTokens > 0 && inputTokens >= length * block,
    `input as a whole number of tokens that fills ${length} blocks of ${block}`,
    inputTokens,
  );
  expect(
    Number.isInteger(parentIndex) && parentIndex >= -1 && parentIndex < index,
    `parent as -1 or the number of an earlier request, below ${index}`,
    parentIndex,
  );
  const parent = parentIndex === -1 ? null : before[parentIndex];
  const most = Math.min(length, parent?.length ?? 0);
  expect(keep <= most, `keep of at most ${most}, which parent and prompt both have`, keep);
  const request = { session, index, time, inputTokens, parent, keep, length, root: undefined };
  request.root = parent?.root ?? request;
  return request;
}

/** @returns {Session} */
function parsed(text, state) {
  let value;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw `expected one session as JSON: ${error.message}`;
  }
  expect(typeof value?.id === "string" && value.id !== "", "an id, a string", value?.id ?? null);
  expect(!state.ids.has(value.id), `an id of its own, not that of line ${state.ids.get(value.id)}`);
  expect(isCount(value.block) && value.block > 0, "block as a whole number from 1 on", value.block);
  state.block ??= value.block;
  expect(value.block === state.block, `block ${state.block}, as in the first session`, value.block);
  expect(isCount(value.shared), "shared as a whole number from 0 on", value.shared);
  const { requests } = value;
  expect(Array.isArray(requests) && requests.length > 0, "a list of requests", requests ?? null);
  const session = { id: value.id, shared: value.shared, requests: [] };
  for (const [index, row] of requests.entries()) {
    try {
      session.requests.push(recorded(session, index, row, value.block));
    } catch (problem) {
      throw typeof problem === "string" ? `request ${index}: ${problem}` : problem;
    }
  }
  return session;
}

function readText(path) {
  let bytes;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    throw new BadFile(`${path} cannot be read: ${cause.message}`, { cause });
  }
  const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
  try {
    return (isGzip ? gunzipSync(bytes) : bytes).toString("utf8");
  } catch (cause) {
    throw new BadFile(`${path} is gzipped, and cannot be unpacked: ${cause.message}`, { cause });
  }
}

/**
 * @param {string} path
 * @returns {{ block: number, sessions: Session[] }} `block` in tokens
 * @throws {BadFile}
 */
export function readSessions(path) {
  const state = { block: undefined, ids: new Map() };
  const sessions = [];
  for (const [index, line] of readText(path).split("\n").entries()) {
    if (line.trim() === "") continue;
    try {
      sessions.push(parsed(line, state));
    } catch (problem) {
      if (typeof problem !== "string") throw problem;
      throw new BadFile(`${path}, line ${index + 1}: ${problem}`);
    }
    state.ids.set(sessions.at(-1).id, index + 1);
  }
  if (sessions.length === 0) throw new BadFile(`${path} has no session`);
  return { block: state.block, sessions };
}

/**
 * The number of leading blocks that two prompts have in common: those that both kept from their last common request, or
 * those that are equal in every session.
 *
 * @param {Recorded} one
 * @param {Recorded} other
 */
export function commonBlocks(one, other) {
  const shared = Math.min(one.session.shared, other.session.shared, one.length, other.length);
  if (one.session !== other.session || one.root !== other.root) return shared;
  let [a, b] = [one, other];
  let kept = Math.min(one.length, other.length);
  while (a !== b) {
    // A parent is earlier than its children, so the later request cannot be the common one.
    if (a.index < b.index) [a, b] = [b, a];
    kept = Math.min(kept, a.keep);
    a = a.parent;
  }
  return Math.max(shared, kept);
}
