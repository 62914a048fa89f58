/** What the demo shows at its end: a table, what was told of repositories, and the routes. */

import { table } from "../scripts/table.mjs";
import { percent, percentRange, relativeCost, round, spread } from "../sim/figures.mjs";
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
 * The phases as a table for a terminal.
 *
 * @param {{title: string, result: ReturnType<typeof measure>}[]} phases
 */
export function phaseTable(phases, { color = false } = {}) {
  const agents = Object.keys(phases[0].result.slotsByAgent);
  const head = [
    "",
    "requests",
    `slots used (${agents.join(", ")})`,
    "input tokens",
    "cached",
    "hit rate",
    "cost",
  ];
  const rows = phases.map(({ title, result }) => [
    title,
    integer(result.requests),
    agents.map((agent) => result.slotsByAgent[agent]).join(", "),
    integer(result.inputTokens),
    integer(result.cachedTokens),
    withRange(result.hitRate, result.hitRateRange),
    withRange(result.relativeCost, result.relativeCostRange),
  ]);
  const lines = table(head, rows, { numbers: true, box: true }).split("\n");
  const paint = (index, code) => lines.splice(index, 1, `\x1b[${code}m${lines.at(index)}\x1b[0m`);
  if (color) {
    // The head, and the last phase, which is with the plugin.
    paint(1, "1");
    paint(-2, "32;1");
  }
  return lines.join("\n");
}

/** A captured route as it was answered, the answer's own words beside our caption. */
export function route(agent, answer) {
  return `${agent}: ${JSON.stringify(answer, null, 2)}`;
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
