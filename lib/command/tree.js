// The tree of commands: names, options, help texts, and the file that runs each command.

import { ALGORITHMS, KINDS, ROUTES } from "./accepted.js";
import { usageError } from "./errors.js";
import { gatewayRuntime, runner } from "./run.js";
import { SELECTORS } from "./selectors.js";

/**
 * Asks the gateway; returns `answer` for `--json` and `lines` for a person.
 *
 * @typedef {(request: object) => Promise<{ answer: object, lines: (style: object) => string[], exit?: number }>} Command
 */

const select = (...names) =>
  names.map((name) => [`--${name} <${name === "workspace" ? "dir" : "id"}>`, SELECTORS[name].help]);

const ALL = select(...Object.keys(SELECTORS));

const AGENT = { name: "agent", help: "The same as --agent" };

const COMMANDS = [
  {
    name: "status",
    summary: "Show calls, cache savings and warnings",
    argument: AGENT,
    options: [
      ...ALL,
      ["--sessions", "Add a row for each session"],
      ["--models", "Add a row for each model that answered"],
      ["--latency", "Add the time until headers and end, of agents and models"],
      ["--watch", "Repeat every two seconds until Ctrl+C"],
    ],
    command: async (request) => (await import("./status.js")).status(request),
  },
  {
    name: "route",
    summary: "Show which model answered the latest call",
    argument: AGENT,
    options: ALL,
    command: async (request) => (await import("./route.js")).route(request),
  },
  {
    name: "routes",
    summary: "List the latest responses and failures, newest first",
    argument: AGENT,
    options: [
      ...ALL,
      ["--kind <kind>", `Only one kind: ${KINDS.join(", or ")} (titles, recaps)`],
      ["--limit <n>", `Number of rows, 1 to ${ROUTES.highest} (default: ${ROUTES.usual})`],
    ],
    command: async (request) => (await import("./route.js")).routes(request),
  },
  {
    name: "algorithm",
    summary: "Show or set how the autorouter chooses a model, until the gateway restarts",
    argument: {
      name: "algorithm",
      help: `${ALGORITHMS.join(", ")}, or none to remove the setting; leave out to show the settings`,
    },
    options: select("agent", "session", "workspace"),
    command: async (request) => (await import("./algorithm.js")).algorithm(request),
  },
  {
    name: "doctor",
    summary: "Check the setup and say how to fix problems",
    options: [["--all", "Also show the checks that are ok"]],
    command: async (request) => (await import("./doctor.js")).doctor(request),
  },
];

const TWICE = "an agent and --agent cannot be combined: use only one of them";

const EXIT_CODES = `
Exit codes:
  0  success
  1  doctor found a problem, the agent is unknown, or the plugin cannot answer
  2  the command, its options or the credentials are wrong
  3  the gateway did not answer or does not have this plugin`;

/**
 * @param {object} parts
 * @param {import("commander").Command} parts.program the host's program; only our own command is added
 * @param {{ name: string, description: string }} parts.descriptor
 * @param {object} parts.io see {@link runner}
 */
export async function buildCommands({ program, descriptor: { name, description }, io }) {
  const { addGatewayClientOptions } = await gatewayRuntime(io.importSdk);
  const run = runner(io);
  const problems = [];
  /** Adds a command that keeps its usage errors, so that our action reports them in text or JSON. */
  function add(parent, own, summary) {
    const command = parent.command(own).description(summary);
    command.error = (message, { code } = {}) => {
      const [line] = message.replace(/^error:\s*/, "").split("\n");
      problems.push(usageError(line, `the arguments are invalid (${code})`));
    };
    return command;
  }
  const root = add(program, name, description)
    .usage("<command> [options]")
    .addHelpText("after", EXIT_CODES)
    // Unknown commands and options arrive in this action.
    .allowUnknownOption()
    .allowExcessArguments()
    .action(() => {
      const [given] = root.args;
      if (given === undefined) {
        root.outputHelp();
        return undefined;
      }
      const reason = given.startsWith("-") ? "unknown option" : "unknown command";
      const options = { json: root.args.includes("--json") };
      return run({ options, path: name, problems: [usageError(`${reason} ${given}`, reason)] });
    });
  for (const { name: own, summary, argument, options, command } of COMMANDS) {
    // A command inherits this setting from the root, which accepts excess arguments.
    const sub = add(root, own, summary).allowExcessArguments(false);
    if (argument) {
      sub.argument(`[${argument.name}]`, argument.help);
    }
    for (const option of [...options, ["--json", "Print the answer as JSON"]]) {
      sub.option(...option);
    }
    addGatewayClientOptions?.(sub);
    sub.options.find(({ long }) => long === "--expect-final")?.hideHelp();
    sub.action(() => {
      const options = sub.opts();
      if (argument === AGENT && sub.args.length > 0) {
        const [agent] = sub.args;
        if (options.agent !== undefined) {
          problems.push(usageError(TWICE));
        }
        options.agent = agent;
      }
      return run({ command, args: sub.args, options, problems, path: `${name} ${own}` });
    });
  }
}
