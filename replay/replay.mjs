/**
 * Replays recorded agent sessions through the plugin, against the demo's model of slots and caches.
 *
 *     node replay/replay.mjs [FILE] [--json] [--seeds N] [--blocks N] [--without-plugin]
 *
 * docs/replay.md describes the format of FILE. Without FILE, a small made-up sample is replayed. With `--json`, standard
 * output has one JSON object and nothing else. Progress goes to standard error. `--blocks` limits each slot's cache.
 * `--without-plugin` leaves the plugin out. Equal files and seeds give equal figures.
 */
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { wrap } from "../scripts/terminal.mjs";
import { round, spread } from "../sim/figures.mjs";
import { progress } from "../sim/progress.mjs";
import { keptFor, report } from "./report.mjs";
import { callsOf, replay, schedule, WAYS } from "./run.mjs";
import { BadFile, readSessions } from "./sessions.mjs";
import { registerPlugin } from "./wire.mjs";

const SLOTS = [2, 4, 8, 16];
const KEEP_SECONDS = [300, 3600];
const SAMPLE = fileURLToPath(new URL("sample.jsonl", import.meta.url));
const ROOT = fileURLToPath(new URL("..", import.meta.url));

const USAGE =
  "usage: npm run replay -- [FILE] [--json] [--seeds N] [--blocks N]\n" +
  "                         [--without-plugin]";

class BadUsage extends Error {}

function readOptions(args) {
  let parsed;
  try {
    parsed = parseArgs({
      args,
      allowPositionals: true,
      options: {
        json: { type: "boolean", default: false },
        seeds: { type: "string", default: "5" },
        blocks: { type: "string" },
        "without-plugin": { type: "boolean", default: false },
      },
    });
  } catch (error) {
    throw new BadUsage(error.message);
  }
  const { values, positionals } = parsed;
  if (positionals.length > 1) throw new BadUsage("only one FILE can be replayed at a time");
  const count = (name) => {
    const number = Number(values[name]);
    if (Number.isSafeInteger(number) && number > 0) return number;
    throw new BadUsage(`--${name} must be a whole number of at least 1, got ${values[name]}`);
  };
  const seeds = count("seeds");
  // The median of an even number of draws is not the figure of one draw.
  if (seeds % 2 === 0) throw new BadUsage(`--seeds must be an odd number, got ${seeds}`);
  return {
    file: positionals[0] ?? SAMPLE,
    json: values.json,
    seeds,
    blocksPerSlot: values.blocks === undefined ? undefined : count("blocks"),
    withPlugin: !values["without-plugin"],
  };
}

async function loadPlugin() {
  const { default: plugin } = await import("../index.js");
  return registerPlugin(plugin, ROOT, (line) => process.stderr.write(`\n${wrap(line)}\n`));
}

/** The figures of each seed, by keep, slots and way, in the order of the report. */
async function figures({ block, sessions }, options, meter) {
  const provider = options.withPlugin ? await loadPlugin() : undefined;
  const rows = KEEP_SECONDS.flatMap((keep) =>
    SLOTS.flatMap((slots) => WAYS.map((way) => ({ keep, slots, way, draws: [] }))),
  );
  for (let number = 1; number <= options.seeds; number += 1) {
    const seed = `replay ${number}`;
    const events = schedule(sessions, seed);
    for (const way of WAYS) {
      const calls = await callsOf(events, way, provider);
      const { blocksPerSlot } = options;
      for (const row of rows.filter((row) => row.way === way)) {
        const { keep, slots } = row;
        const { anonymous, toolResults } = way;
        const run = { slots, keep, anonymous, toolResults, seed, block, blocksPerSlot };
        row.draws.push(replay(calls, run));
        meter.step(`seed ${number}: ${way.title}, ${slots} slots, kept for ${keptFor(keep)}`);
      }
    }
  }
  return rows;
}

function overSeeds({ keep, slots, way, draws }) {
  const of = (field) => {
    const { median, min, max } = spread(draws.map((draw) => draw[field]));
    return { median: round(median), min: round(min), max: round(max) };
  };
  return {
    keepSeconds: keep,
    slots,
    way: way.key,
    hitRate: of("hitRate"),
    cost: of("cost"),
    firstHitRate: of("firstHitRate"),
    load: of("load"),
  };
}

async function main() {
  const options = readOptions(process.argv.slice(2));
  const recorded = readSessions(options.file);
  const requests = recorded.sessions.flatMap((session) => session.requests);
  const total = options.seeds * WAYS.length * SLOTS.length * KEEP_SECONDS.length;
  const meter = progress(process.stderr, total);
  meter.say(`${recorded.sessions.length} sessions, ${options.seeds} seeds, ${total} runs`);
  const rows = await figures(recorded, options, meter);
  meter.clear();
  const result = {
    source: {
      file: basename(options.file),
      sessions: recorded.sessions.length,
      requests: requests.length,
      inputTokens: requests.reduce((sum, request) => sum + request.inputTokens, 0),
    },
    seeds: options.seeds,
    plugin: options.withPlugin,
    rows: rows.map(overSeeds),
  };
  if (options.json) {
    process.stdout.write(`${JSON.stringify(result)}\n`);
    return;
  }
  process.stdout.write(`${report(result)}\n`);
  if (options.file === SAMPLE) {
    process.stdout.write(
      "\nThe sample is small and made up. It shows that the replay works, not what the\n" +
        "plugin saves. docs/replay.md says where to get real sessions and how to convert\n" +
        "them.\n",
    );
  }
}

try {
  await main();
} catch (error) {
  if (error instanceof BadUsage) process.stderr.write(`${wrap(error.message)}\n${USAGE}\n`);
  else process.stderr.write(`${error instanceof BadFile ? wrap(error.message) : error.stack}\n`);
  process.exitCode = 1;
}
