// Turns that the host refuses for reasons of its own, under load and while it takes an edit, and for which
// it wants to be asked again. Nothing else is asked again: whatever a plugin may be the cause of has to show.

import { setTimeout as sleep } from "node:timers/promises";

import { wrap } from "../scripts/terminal.mjs";

/** What the host says then, as seen on 2026.9.6. */
const REFUSALS = [
  // Two of its threads open a database at the same time.
  /another OpenClaw process owns/,
  /Agent database (cleanup failed|execution admission is closed)/,
  // The configuration changed while the turn began.
  /superseded/,
];

const TIMES = 10;

/**
 * Asks until the answer is none of the host's refusals, or it has been asked often enough. Each refusal is
 * printed, so that a host which refuses ever more turns is seen.
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
