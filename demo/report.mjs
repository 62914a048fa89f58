/** What the demo shows at its end: a table, what was told of repositories, and the routes. */

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

/** @param {{title: string, result: ReturnType<typeof measure>}[]} phases */
export function table(phases, { color = false } = {}) {
  const paint = (code, text) => (color ? `\x1b[${code}m${text}\x1b[0m` : text);
  const agents = Object.keys(phases[0].result.slotsByAgent);
  const columns = [
    ["", (p) => p.title],
    ["requests", (p) => integer(p.result.requests)],
    [
      `slots used (${agents.join(", ")})`,
      (p) => agents.map((agent) => p.result.slotsByAgent[agent]).join(", "),
    ],
    ["input tokens", (p) => integer(p.result.inputTokens)],
    ["cached", (p) => integer(p.result.cachedTokens)],
    ["hit rate", (p) => withRange(p.result.hitRate, p.result.hitRateRange)],
    ["cost", (p) => withRange(p.result.relativeCost, p.result.relativeCostRange)],
  ];
  const rows = [
    columns.map(([head]) => head),
    ...phases.map((p) => columns.map(([, cell]) => cell(p))),
  ];
  const widths = columns.map((_, index) => Math.max(...rows.map((row) => row[index].length)));
  const rule = (left, mid, right) => left + widths.map((w) => "─".repeat(w + 2)).join(mid) + right;
  const write = (row) => {
    const cells = row.map((text, i) =>
      i === 0 ? text.padEnd(widths[i]) : text.padStart(widths[i]),
    );
    return `│ ${cells.join(" │ ")} │`;
  };
  const body = rows
    .slice(1)
    .map((row, i) => paint(i === rows.length - 2 ? "32;1" : "0", write(row)));
  return [
    rule("┌", "┬", "┐"),
    paint("1", write(rows[0])),
    rule("├", "┼", "┤"),
    ...body,
    rule("└", "┴", "┘"),
  ].join("\n");
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
