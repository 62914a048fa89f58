/** The demo's report: a table, the repository hints, and what an operator sees. */

import { terminalTable, wrap } from "../scripts/terminal.mjs";
import {
  CACHED_TOKEN_PRICE,
  percent,
  percentRange,
  relativeCost,
  round,
  spread,
} from "../sim/figures.mjs";
import { share } from "../sim/hints.mjs";

/**
 * The figures of one phase.
 *
 * @param {import("../sim/taas.mjs").TaasRequest[]} requests
 * @param {Record<string, string>} openings  By agent: the first message of its conversation.
 */
export function measure(requests, openings) {
  const sum = (field) => requests.reduce((total, request) => total + request[field], 0);
  const inputTokens = sum("inputTokens");
  const cachedTokens = sum("cachedTokens");
  const slotsByAgent = Object.fromEntries(
    Object.entries(openings).map(([agent, opening]) => {
      const own = requests.filter((request) => request.firstUserText.includes(opening));
      return [agent, new Set(own.map((request) => request.slot)).size];
    }),
  );
  const slots = Object.values(slotsByAgent);
  return {
    requests: requests.length,
    hitRate: round(cachedTokens / inputTokens),
    slotsPerConversation: round(slots.reduce((a, b) => a + b, 0) / slots.length),
    slotsByAgent,
    inputTokens,
    cachedTokens,
    relativeCost: round(relativeCost(inputTokens, cachedTokens)),
  };
}

/**
 * The figures of a phase over several draws of its slots: those of the draw with the median hit rate, and the ranges
 * over all draws.
 *
 * @param {ReturnType<typeof measure>[]} draws an odd number of them
 */
export function medianDraw(draws) {
  const { median, min, max } = spread(draws.map((draw) => draw.hitRate));
  const { min: cheapest, max: dearest } = spread(draws.map((draw) => draw.relativeCost));
  return {
    ...draws.find((draw) => draw.hitRate === median),
    draws: draws.length,
    hitRateRange: [min, max],
    relativeCostRange: [cheapest, dearest],
  };
}

const withRange = (value, range) =>
  range === undefined ? percent(value) : percentRange(value, ...range);

/**
 * The table, with a row for each phase.
 *
 * @param {{title: string, result: ReturnType<typeof measure>}[]} phases
 */
export function phaseTable(phases, { color = false, draw = terminalTable } = {}) {
  const rows = phases.map(({ title, result }) => [
    title,
    withRange(result.hitRate, result.hitRateRange),
    withRange(result.relativeCost, result.relativeCostRange),
    Object.values(result.slotsByAgent).join(", "),
  ]);
  // The head is bold. The last phase, which has the plugin, is green.
  const code = (at) => (at === 0 ? "1" : at === phases.length && "32;1");
  const paint = (text, at) => (code(at) ? `\x1b[${code(at)}m${text}\x1b[0m` : text);
  return draw(["", "hit rate", "cost", "slots"], rows, { numbers: true, ...(color && { paint }) });
}

/**
 * The whole report, in lines that fit a terminal. It ends with what an operator sees.
 *
 * @param {object} shown
 * @param {Parameters<typeof phaseTable>[0]} shown.phases
 * @param {Parameters<typeof hints>[0]} shown.hintCounts
 * @param {number} shown.slots
 * @param {number} shown.draws the number of draws of the guess
 * @param {string} shown.status what `openclaw taas status` printed
 * @param {string} shown.line what `/status` of an agent says about TaaS
 * @param {boolean} [shown.color]
 */
export function demoReport({ phases, hintCounts, slots, draws, status, line, color = false }) {
  const agents = Object.keys(phases[0].result.slotsByAgent).join(" and ");
  const [{ result }] = phases;
  const paragraphs = [
    `The same two conversations, of ${agents}, three times: ${result.requests} requests with ` +
      `${result.inputTokens.toLocaleString("en-US")} input tokens. ${slots} upstream slots, each with its own ` +
      "prompt cache; cold starts are included. Cost is a share of the cost without caching; a cached token costs " +
      `${CACHED_TOKEN_PRICE} of the price of another input token. The last column is the number of slots that each ` +
      "agent used. The gateway, its requests and the plugin are real. The model, its cache and the draw of slots " +
      `are simulated. The guess is the median of ${draws} draws, with their range.`,
    hints(hintCounts).join("\n"),
  ];
  const parts = [
    ...paragraphs.map((text) => wrap(text)),
    phaseTable(phases, { color }),
    `$ openclaw taas status\n${status.trimEnd()}`,
    `/status in a chat with ${Object.keys(phases[0].result.slotsByAgent)[0]}:\n${wrap(`📊 Usage: ${line}`)}`,
  ];
  return `\n${parts.join("\n\n")}\n`;
}

/** The number of requests that are listed. A broken plugin would list every request. */
const SHOWN = 5;

/**
 * One line about the repository hints, and a line for each request without all three.
 *
 * @param {ReturnType<typeof import("../sim/hints.mjs").countHints> | null} hintCounts null if the workspaces are not repositories
 */
export function hints(hintCounts) {
  if (hintCounts === null) {
    return ["No repository hints: git is not installed on this machine."];
  }
  const { agentRuns, all, lacking } = hintCounts;
  const of = (some, noun) => `${some.hinted} of ${some.requests} ${noun} (${percent(share(some))})`;
  return [
    `The repository's name, branch and dirty state came with ${of(agentRuns, "agent requests")} and ${of(all, "requests in total")}.`,
    ...lacking
      .slice(0, SHOWN)
      .map(
        ({ request, agent, lacks }) =>
          `- request ${request} of ${agent} lacked ${lacks.join(", ")}`,
      ),
    ...(lacking.length > SHOWN ? [`- and ${lacking.length - SHOWN} more`] : []),
  ];
}
