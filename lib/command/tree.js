// The commands: what they are called, what they take, and which file answers. The program is the host's, and
// nothing of it is touched but our own command.

import { CommandError } from "./errors.js";
import { gatewayRuntime } from "./gateway.js";
import { runner } from "./run.js";
import { SELECTORS } from "./selectors.js";
import { clean } from "./text.js";

/**
 * @typedef {object} View
 * @property {(asked: object) => Promise<{ answer: object, lines: (style: object) => string[], exit?: number }>} run
 *   asks, and gives the answer for a program and the lines for a person
 */

const ALL = Object.keys(SELECTORS);

const COMMANDS = [
  {
    name: "status",
    what: "What agents used, what the cache saved, and what may be wrong",
    selectors: ALL,
    options: [
      ["--sessions", "A row for each session, too"],
      ["--watch", "Again every two seconds, until interrupted"],
    ],
    view: async () => (await import("./status.js")).view,
  },
  {
    name: "route",
    what: "Which model answered last, of an agent, a session or all",
    selectors: ALL,
    view: async () => (await import("./route.js")).route,
  },
  {
    name: "routes",
    what: "The latest answers and failures, newest first",
    selectors: ALL,
    options: [["--limit <n>", "How many at most (20, up to 4096)"]],
    view: async () => (await import("./route.js")).routes,
  },
  {
    name: "algorithm",
    what: "Show or set by which algorithm the autorouter chooses",
    argument: [
      "[algorithm]",
      "best_fit, price_performance, savings_curve, cost, ttft, tps, or none to clear",
    ],
    selectors: ["agent", "session", "workspace"],
    view: async () => (await import("./algorithm.js")).view,
  },
  {
    name: "doctor",
    what: "Look at everything that may be wrong, and say what to do",
    selectors: [],
    view: async () => (await import("./doctor.js")).view,
  },
];

const EXIT_CODES = `
Exit codes: 0 fine, 1 the plugin found something wrong, 2 the command or its
credentials are wrong, 3 no gateway answers, or one without this plugin.`;

/** A command that keeps what was wrong with its arguments for its action, which says so in its own way. */
function forgiving(command, problems) {
  command.error = (message, { code } = {}) => {
    const [line] = message.replace(/^error:\s*/, "").split("\n");
    problems.push(CommandError.asked(line, `the arguments are not understood (${code})`));
  };
  return command;
}

/**
 * @param {object} parts
 * @param {import("commander").Command} parts.program the host's
 * @param {{ name: string, description: string }} parts.descriptor of our own command
 * @param {object} parts.io see {@link runner}
 */
export async function buildCommands({ program, descriptor: { name, description }, io }) {
  const { addGatewayClientOptions } = await gatewayRuntime(io.importSdk);
  const problems = [];
  const run = runner(io);
  const root = forgiving(program.command(name), problems)
    .description(description)
    .usage("<command> [options]")
    .addHelpText("after", EXIT_CODES);
  // What is no command of ours arrives here, with whatever follows it.
  root.allowUnknownOption().allowExcessArguments();
  root.action(() => {
    const [given] = root.args;
    if (given === undefined) {
      root.outputHelp();
      return undefined;
    }
    const what = given.startsWith("-") ? "option" : "command";
    const json = root.args.includes("--json");
    const said = `unknown ${what}`;
    return run.refuse(CommandError.asked(`${said} ${clean(given)}`, said), name, json);
  });
  for (const { what, argument, selectors, options = [], view, ...command } of COMMANDS) {
    const own = forgiving(root.command(command.name), problems).description(what);
    // Inherited from ours, which takes everything.
    own.allowExcessArguments(false);
    if (argument) {
      own.argument(...argument);
    }
    for (const selector of selectors) {
      own.option(SELECTORS[selector].flags, SELECTORS[selector].what);
    }
    for (const option of options) {
      own.option(...option);
    }
    own.option("--json", "The answer as JSON");
    addGatewayClientOptions?.(own);
    own.options.find(({ long }) => long === "--expect-final")?.hideHelp();
    own.action(() =>
      run({ view, args: own.args, options: own.opts(), problems, path: `${name} ${command.name}` }),
    );
  }
}
