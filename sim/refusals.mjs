// Repeats turns that the host refuses for its own reasons: under load, or while it applies an edit of the configuration.
// Other failures are not repeated, because a plugin may be their cause.

import { setTimeout as sleep } from "node:timers/promises";

import { wrap } from "../scripts/terminal.mjs";

/** The host's messages for such refusals, seen on 2026.9.6. */
const REFUSALS = [
  // Two of its threads open a database at the same time.
  /another OpenClaw process owns/,
  /Agent database (cleanup failed|execution admission is closed)/,
  // The configuration changed at the start of the turn.
  /superseded/,
];

const TIMES = 10;

/**
 * Asks again while the answer is a known refusal, up to ten times. Prints each refusal, so that a growing number is
 * noticed.
 *
 * @template {{ error?: { message?: string } }} Answer
 * @param {() => Promise<Answer>} ask
 * @param {{ pauseMs?: number }} [options]
 * @returns {Promise<Answer>} the last answer
 */
export async function patiently(ask, { pauseMs = 500 } = {}) {
  for (let asked = 1; ; asked += 1) {
    const answer = await ask();
    const message = answer.error?.message ?? "";
    if (asked === TIMES || !REFUSALS.some((refusal) => refusal.test(message))) {
      return answer;
    }
    console.error(wrap(`gateway: the host refused a turn, ${asked} of ${TIMES}: ${message}`));
    await sleep(pauseMs);
  }
}
