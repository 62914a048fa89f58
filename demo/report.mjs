/** What the demo shows: a line of progress while it works, a table at the end. */

/** What a cached token costs, as a share of the price of one that is not cached. */
export const CACHED_TOKEN_PRICE = 0.1;

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
    relativeCost: round((inputTokens - cachedTokens * (1 - CACHED_TOKEN_PRICE)) / inputTokens),
  };
}

const round = (value) => Math.round(value * 1e4) / 1e4;

/**
 * One line that is written over and over on a terminal; elsewhere (a log, a pipe) plain lines, few
 * enough to read.
 */
export function progress(stream, total) {
  const live = stream.isTTY === true;
  const began = Date.now();
  const stamp = () => `${((Date.now() - began) / 1000).toFixed(0).padStart(3)} s`;
  let done = 0;
  const line = (label) => {
    const width = 24;
    const filled = Math.round((done / total) * width);
    return `${stamp()} ${"█".repeat(filled)}${"░".repeat(width - filled)} ${label}`;
  };
  return {
    /** Always worth a line of its own. */
    say: (label) =>
      live ? stream.write(`\r\x1b[2K${line(label)}`) : stream.write(`${stamp()}  ${label}\n`),
    /** One step further; a line of its own only on a terminal. */
    step(label) {
      done += 1;
      if (live) stream.write(`\r\x1b[2K${line(label)}`);
    },
    clear: () => live && stream.write("\r\x1b[2K"),
  };
}

const integer = (value) => value.toLocaleString("en-US");
const percent = (value) => `${(value * 100).toFixed(1)} %`;

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
    ["hit rate", (p) => percent(p.result.hitRate)],
    ["cost", (p) => percent(p.result.relativeCost)],
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
