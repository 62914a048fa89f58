/**
 * Shows the effect of the plugin on the real OpenClaw gateway. The same two conversations run three times against a
 * simulated TaaS with eight upstream slots. `sim/taas.mjs` says what the simulator models.
 *
 *     node demo/demo.mjs [--json] [--stay] [--write]
 *
 * `--write` also writes the table into docs/replay.md. With `--stay`, the gateway with the plugin keeps running.
 *
 * With `--json`, standard output has one JSON object and nothing else. Progress goes to standard error. All figures are
 * counts of the simulator. `TAAS_DEMO_PLUGIN` names another plugin directory, for example of a broken plugin.
 */
import assert from "node:assert/strict";
import { parseArgs } from "node:util";
import { writeInto } from "../scripts/document.mjs";
import { table } from "../scripts/table.mjs";
import { hasGit } from "../sim/git.mjs";
import { countHints } from "../sim/hints.mjs";
import { progress } from "../sim/progress.mjs";
import { redraw } from "../sim/redraw.mjs";
import { stagePlugin } from "../sim/stage.mjs";
import { AGENTS } from "./conversations.mjs";
import { converse, prepare, SEED, SLOTS, TURNS } from "./phase.mjs";
import { demoReport, measure, medianDraw, phaseTable } from "./report.mjs";

const METHOD = "taas.autorouter.lastRoute";
/** The seeds of the guess. The median over several seeds takes luck out of the figure. */
const GUESSES = [SEED, "demo 2", "demo 3", "demo 4", "demo 5"];

const PLUGIN = process.env.TAAS_DEMO_PLUGIN ?? stagePlugin();
const PHASES = [
  { key: "without", title: "without the plugin, slot drawn", plugin: null, anonymous: "random" },
  { key: "guessed", title: "without the plugin, slot guessed", plugin: null, anonymous: "guess" },
  { key: "with", title: "with the plugin", plugin: PLUGIN, anonymous: "random" },
];
const OPENINGS = Object.fromEntries(AGENTS.map((agent) => [agent.id, agent.says[0]]));

/** The figures of a phase. A guess is drawn with several seeds; the first is the seed of the run. */
function result({ anonymous }, requests) {
  const counted = measure(requests, OPENINGS);
  if (anonymous !== "guess") return counted;
  const draws = GUESSES.map((seed) =>
    measure(redraw(requests, { slots: SLOTS, anonymous, seed }), OPENINGS),
  );
  assert.deepEqual(draws[0], counted, "the guess with the seed of the run differs from the run");
  return medianDraw(draws);
}

async function askRoutes(gateway) {
  return Promise.all(
    AGENTS.map(async ({ id }) => {
      const params = JSON.stringify({ agentId: id });
      const { json, stderr, code } = await gateway.cli([
        "gateway",
        "call",
        METHOD,
        "--params",
        params,
        "--json",
      ]);
      if (code !== 0) process.exitCode = 1;
      return json ?? { error: stderr.trim() || `exit code ${code}` };
    }),
  );
}

/** `openclaw taas status` and the line of `/status`, as an operator sees them in 80 columns. */
async function askFigures(gateway) {
  const { stdout, stderr } = await gateway.cli(["taas", "status"], { env: { COLUMNS: "80" } });
  const line = await gateway.statusLine(AGENTS[0].id);
  return { status: stdout || stderr, line: line ?? "no line about TaaS" };
}

/** Where to look while the gateway keeps running. */
const whereToLook = ({ port, token }) => `
The gateway keeps running until you press Ctrl-C.
Page: open this address, then click TaaS in the sidebar.
  http://127.0.0.1:${port}/#token=${token}
Metrics:
  curl -H "Authorization: Bearer ${token}" \\
    http://127.0.0.1:${port}/api/taas-affinity/metrics
`;

async function main() {
  const flag = { type: "boolean", default: false };
  const { values: options } = parseArgs({ options: { json: flag, stay: flag, write: flag } });
  const meter = progress(process.stderr, PHASES.length * AGENTS.length * TURNS);
  const results = {};
  let staying;
  let routes = [];
  let figures;
  let hintCounts = null;
  const repositories = hasGit();

  // The next gateway starts during a phase, because a start takes longer than a few turns.
  const starting = PHASES.map(() => null);
  const start = (index) => {
    if (index >= PHASES.length) return;
    starting[index] = prepare({ ...PHASES[index], repositories });
    // The loop below awaits this promise. Until then a failure must not count as unhandled.
    starting[index].catch(() => {});
  };
  start(0);
  for (const [index, phase] of PHASES.entries()) {
    meter.say(`${phase.title}: starting the gateway`);
    const { taas, gateway } = await starting[index];
    start(index + 1);
    meter.say(`${phase.title}: ${AGENTS.length} agents, ${TURNS} turns each`);
    await converse(gateway, (agent, turn) => meter.step(`${phase.title}: ${agent}, turn ${turn}`));
    results[phase.key] = result(phase, taas.requests);
    if (phase.plugin !== null) {
      if (repositories) hintCounts = countHints(taas.requests);
      meter.say("asking the gateway for its figures");
      if (options.json) routes = await askRoutes(gateway);
      else figures = await askFigures(gateway);
      if (options.stay) {
        staying = gateway;
        continue;
      }
    }
    await gateway.stop();
    await taas.close();
  }
  meter.clear();

  const phases = PHASES.map(({ key, title }) => ({ title, result: results[key] }));
  if (options.write)
    writeInto("docs/replay.md", "demo", `\n${phaseTable(phases, { draw: table })}\n`);
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ ...results, hints: hintCounts, routes })}\n`);
    return;
  }
  const color = process.stdout.isTTY === true && !process.env.NO_COLOR;
  process.stdout.write(
    demoReport({
      phases,
      hintCounts,
      slots: SLOTS,
      draws: GUESSES.length,
      ...figures,
      color,
    }),
  );
  if (staying) process.stdout.write(whereToLook(staying));
}

let interrupted = false;
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.once(signal, () => (interrupted = true));
}

try {
  await main();
} catch (error) {
  // After an interruption, errors are expected and not printed.
  if (!interrupted) {
    process.stderr.write(`\n${error.stack ?? error}\n`);
    process.exit(1);
  }
}
