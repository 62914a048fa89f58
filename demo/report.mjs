/** What the demo shows at its end: a table, what was told of repositories, and the routes. */

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
 * What one phase amounts to.
 *
 * @param {import("../sim/taas.mjs").TaasRequest[]} requests
 * @param {Record<string, string>} openings  By agent, what its conversation began with.
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
 * What a phase amounts to over several draws of its slots: the draw whose hit rate is the median, and
 * how far the others lie apart.
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

const integer = (value) => value.toLocaleString("en-US");

const withRange = (value, range) =>
  range === undefined ? percent(value) : percentRange(value, ...range);

/**
 * The phases as a table for a terminal, a column each.
 *
 * @param {{title: string, result: ReturnType<typeof measure>}[]} phases
 */
export function phaseTable(phases, { color = false, draw = terminalTable } = {}) {
  const agents = Object.keys(phases[0].result.slotsByAgent);
  const row = (title, cell) => [title, ...phases.map(({ result }) => cell(result))];
  const rows = [
    row("requests", ({ requests }) => integer(requests)),
    ...agents.map((agent) => row(`slots for ${agent}`, ({ slotsByAgent }) => slotsByAgent[agent])),
    row("input tokens", ({ inputTokens }) => integer(inputTokens)),
    row("of which cached", ({ cachedTokens }) => integer(cachedTokens)),
    row("hit rate", ({ hitRate, hitRateRange }) => withRange(hitRate, hitRateRange)),
    row("cost", (result) => withRange(result.relativeCost, result.relativeCostRange)),
  ];
  // The head is bold, and the last phase, which is with the plugin, is green.
  const code = (at, column) => (at === 0 ? "1" : column === phases.length && "32;1");
  const paint = (text, at, column) =>
    code(at, column) ? `\x1b[${code(at, column)}m${text}\x1b[0m` : text;
  return draw(["", ...phases.map(({ title }) => title)], rows, {
    numbers: true,
    ...(color && { paint }),
  });
}

/** A captured route as it was answered, the answer's own words beside our caption. */
function route(agent, answer) {
  return `${agent}: ${JSON.stringify(answer, null, 2)}`;
}

/**
 * All that the demo shows at its end, in lines that fit a terminal.
 *
 * @param {object} shown
 * @param {Parameters<typeof phaseTable>[0]} shown.phases
 * @param {Parameters<typeof hints>[0]} shown.told
 * @param {Record<string, object>} shown.routes what the gateway answered, by agent
 * @param {string} shown.method that it was asked by
 * @param {number} shown.slots
 * @param {number} shown.draws how often the guess was drawn
 * @param {boolean} [shown.color]
 */
export function demoReport({ phases, told, routes, method, slots, draws, color = false }) {
  const paragraphs = [
    `${slots} upstream slots, each with a prompt cache of its own; cold starts are counted. ` +
      `Cost is relative to no caching at all, with a cached token at ${CACHED_TOKEN_PRICE} of the ` +
      "price of any other input token. The gateway, its requests and the plugin are real; the model, " +
      "its cache and the draw of slots are simulated. " +
      `The guess is the median of ${draws} draws, with their range.`,
    hints(told).join("\n"),
    [
      `Captured routes, as \`openclaw gateway call ${method}\` answers:`,
      ...Object.entries(routes).map(([agent, answer]) => route(agent, answer)),
    ].join("\n"),
  ];
  const table = phaseTable(phases, { color });
  return `\n${[table, ...paragraphs.map((text) => wrap(text))].join("\n\n")}\n`;
}

/** How many reasons are given; a plugin that tells nothing has as many as there are requests. */
const SHOWN = 5;

/**
 * What the plugin told of the repositories, in one line, and a line for each request that lacked
 * something.
 *
 * @param {ReturnType<typeof import("../sim/hints.mjs").countHints> | null} told null where the workspaces are no repositories
 */
export function hints(told) {
  if (told === null) {
    return ["Repository hints: none, because there is no git on this machine."];
  }
  const { agentRuns, all, lacking } = told;
  const of = (some, whose) =>
    `${some.hinted} of ${some.requests} ${whose} (${percent(share(some))})`;
  return [
    `Name, branch and state of the repository came with ${of(agentRuns, "requests of agents")}, ${of(all, "requests in all")}.`,
    ...lacking
      .slice(0, SHOWN)
      .map(
        ({ request, agent, lacks }) =>
          `- request ${request} of ${agent} lacked ${lacks.join(", ")}`,
      ),
    ...(lacking.length > SHOWN ? [`- and ${lacking.length - SHOWN} others`] : []),
  ];
}
