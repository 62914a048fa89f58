// The tree of commands: names, options, help texts, and the file that runs each command.

import { ALGORITHMS, ROUTES } from "./accepted.js";
import { CommandError } from "./errors.js";
import { gatewayRuntime } from "./gateway.js";
import { runner } from "./run.js";
import { SELECTORS } from "./selectors.js";
import { clean } from "./text.js";

/**
 * @typedef {object} View
 * @property {(request: object) => Promise<{ answer: object, lines: (style: object) => string[], exit?: number }>} run
 *   asks the gateway; returns `answer` for `--json` and `lines` for a person
 */

const ALL = Object.keys(SELECTORS);

const COMMANDS = [
  {
    name: "status",
    summary: "Show calls, cache savings and warnings",
    selectors: ALL,
    options: [
      ["--sessions", "Add a row for each session"],
      ["--watch", "Repeat every two seconds until Ctrl+C"],
    ],
    view: async () => (await import("./status.js")).view,
  },
  {
    name: "route",
    summary: "Show which model answered the latest call",
    selectors: ALL,
    view: async () => (await import("./route.js")).route,
  },
  {
    name: "routes",
    summary: "List the latest responses and failures, newest first",
    selectors: ALL,
    options: [["--limit <n>", `Number of rows, 1 to ${ROUTES.highest} (default: ${ROUTES.usual})`]],
    view: async () => (await import("./route.js")).routes,
  },
  {
    name: "algorithm",
    summary: "Show or set how the autorouter chooses a model, until the gateway restarts",
    argument: [
      "[algorithm]",
      `${ALGORITHMS.join(", ")}, or none to remove the setting; leave out to show the settings`,
    ],
    selectors: ["agent", "session", "workspace"],
    view: async () => (await import("./algorithm.js")).view,
  },
  {
    name: "doctor",
    summary: "Check the setup and say how to fix problems",
    selectors: [],
    view: async () => (await import("./doctor.js")).view,
  },
];

const EXIT_CODES = `
Exit codes:
  0  success
  1  doctor found a problem, or the plugin cannot answer
  2  the command, its options or the credentials are wrong
  3  the gateway did not answer or does not have this plugin`;

/** Makes a command keep its usage errors in `problems`, so that our action reports them in text or JSON. */
function collectProblems(command, problems) {
  command.error = (message, { code } = {}) => {
    const [line] = message.replace(/^error:\s*/, "").split("\n");
    problems.push(CommandError.usage(line, `the arguments are invalid (${code})`));
  };
  return command;
}

/**
 * @param {object} parts
 * @param {import("commander").Command} parts.program the host's program; only our own command is added
 * @param {{ name: string, description: string }} parts.descriptor
 * @param {object} parts.io see {@link runner}
 */
export async function buildCommands({ program, descriptor: { name, description }, io }) {
  const { addGatewayClientOptions } = await gatewayRuntime(io.importSdk);
  const problems = [];
  const run = runner(io);
  const root = collectProblems(program.command(name), problems)
    .description(description)
    .usage("<command> [options]")
    .addHelpText("after", EXIT_CODES);
  // Unknown commands and options arrive in the root's action.
  root.allowUnknownOption().allowExcessArguments();
  root.action(() => {
    const [given] = root.args;
    if (given === undefined) {
      root.outputHelp();
      return undefined;
    }
    const reason = given.startsWith("-") ? "unknown option" : "unknown command";
    const json = root.args.includes("--json");
    return run.fail(CommandError.usage(`${reason} ${clean(given)}`, reason), name, json);
  });
  for (const { summary, argument, selectors, options = [], view, ...command } of COMMANDS) {
    const own = collectProblems(root.command(command.name), problems).description(summary);
    // A command inherits this setting from the root, which accepts excess arguments.
    own.allowExcessArguments(false);
    if (argument) {
      own.argument(...argument);
    }
    for (const selector of selectors) {
      own.option(SELECTORS[selector].flags, SELECTORS[selector].help);
    }
    for (const option of options) {
      own.option(...option);
    }
    own.option("--json", "Print the answer as JSON");
    addGatewayClientOptions?.(own);
    own.options.find(({ long }) => long === "--expect-final")?.hideHelp();
    own.action(() =>
      run({ view, args: own.args, options: own.opts(), problems, path: `${name} ${command.name}` }),
    );
  }
}
