// Runs a command: asks the gateway, prints the answer and sets the exit code. Never throws into the host.

import { clearScreenDown, cursorTo } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";

import { asCommandError, EXIT } from "./errors.js";
import { createAsk } from "./gateway.js";
import { paramsFrom } from "./selectors.js";
import { clean, jsonText, styleFor, wrapped } from "./text.js";

const WATCH_MS = 2000;

/**
 * @param {object} io
 * @param {NodeJS.WriteStream} io.stdout
 * @param {NodeJS.WriteStream} io.stderr
 * @param {NodeJS.ProcessEnv} io.env
 * @param {NodeJS.Process} io.process receives the exit code, and emits the signal that ends `--watch`
 * @param {(specifier: string) => Promise<object>} io.importSdk
 * @param {() => number} [io.now]
 * @param {number} [io.watchMs] pause between two rounds of `--watch`
 * @param {number} [io.retryMs] see {@link createAsk}
 */
export function runner({
  stdout,
  stderr,
  env,
  process,
  importSdk,
  now = Date.now,
  watchMs = WATCH_MS,
  retryMs,
}) {
  const print = (lines) => stdout.write(`${lines.join("\n")}\n`);

  /** Prints an error and its advice, and sets the exit code. */
  function fail(error, path, json) {
    process.exitCode = error.exit;
    const { code, publicMessage, advice, report } = error;
    if (json) {
      const shown = { code, message: publicMessage, ...(advice && { advice }) };
      print([jsonText({ ok: false, error: shown, ...report })]);
      return;
    }
    const { width, paint } = styleFor(stderr, env);
    const help = error.exit === EXIT.usage ? `run \`openclaw ${path} --help\`` : undefined;
    const todo = advice ?? help;
    const lines = wrapped(`openclaw ${path}: ${clean(error.message)}`, width);
    const todoLines = todo === undefined ? [] : wrapped(`To do: ${todo}`, width);
    stderr.write(`${[...lines.map((line) => paint("red", line)), ...todoLines].join("\n")}\n`);
  }

  function succeed({ answer, lines, exit = EXIT.ok }, { json, watch }) {
    process.exitCode = exit;
    print(json ? [jsonText(answer, watch ? 0 : 2)] : lines(styleFor(stdout, env)));
  }

  /** Repeats `once` until SIGINT. Only an error in the first round ends the command. */
  async function watch(once, options, path) {
    const end = new AbortController();
    const stop = () => end.abort();
    process.once("SIGINT", stop);
    try {
      for (let first = true; !end.signal.aborted; first = false) {
        try {
          const shown = await once();
          if (stdout.isTTY && !options.json) {
            cursorTo(stdout, 0, 0);
            clearScreenDown(stdout);
          }
          succeed(shown, options);
        } catch (error) {
          if (first) {
            throw error;
          }
          fail(asCommandError(error), path, options.json);
        }
        await sleep(watchMs, undefined, { signal: end.signal }).catch(() => {});
      }
      process.exitCode = EXIT.ok;
    } finally {
      process.off("SIGINT", stop);
    }
  }

  /** @param {object} parsed the arguments as commander parsed them, with the `problems` that it found */
  async function run({ view, args, options, problems, path }) {
    try {
      if (problems.length > 0) {
        throw problems[0];
      }
      const params = paramsFrom(options);
      const { run: answer } = await view();
      const ask = createAsk({ importSdk, options, retryMs });
      const once = () => answer({ ask, args, options, params, importSdk, now });
      await (options.watch
        ? watch(once, options, path)
        : once().then((shown) => succeed(shown, options)));
    } catch (error) {
      // An option without its value may have taken `--json` as the value.
      const json = options.json === true || Object.values(options).includes("--json");
      fail(asCommandError(error), path, json);
    }
  }

  return Object.assign(run, { fail });
}
