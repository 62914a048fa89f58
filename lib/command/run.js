// Runs a command: asks, writes, and says by the exit code how it went. Nothing is thrown at the host.

import { clearScreenDown, cursorTo } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";

import { CommandError, EXIT } from "./errors.js";
import { gatewayAsker } from "./gateway.js";
import { selected } from "./selectors.js";
import { clean, jsonText, styleFor, wrapped } from "./text.js";

const WATCH_MS = 2000;

/**
 * @param {object} io
 * @param {NodeJS.WriteStream} io.stdout
 * @param {NodeJS.WriteStream} io.stderr
 * @param {NodeJS.ProcessEnv} io.env
 * @param {NodeJS.Process} io.process gets the exit code, and the signals that end `--watch`
 * @param {(specifier: string) => Promise<object>} io.importSdk
 * @param {() => number} [io.now]
 * @param {number} [io.watchMs] between two rounds of `--watch`
 * @param {number} [io.retryMs] see {@link gatewayAsker}
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
  const say = (lines) => stdout.write(`${lines.join("\n")}\n`);

  /** Says what went wrong and what to do, and has the process exit with the code for it. */
  function refuse(error, path, json) {
    process.exitCode = error.exit;
    const { code, told, advice, report } = error;
    if (json) {
      const refused = { code, message: told, ...(advice && { advice }) };
      say([jsonText({ ok: false, error: refused, ...report })]);
      return;
    }
    const { width, paint } = styleFor(stderr, env);
    const todo = advice ?? (error.exit === EXIT.asked ? `openclaw ${path} --help` : undefined);
    const lines = wrapped(`openclaw ${path}: ${clean(error.message)}`, width);
    const help = todo === undefined ? [] : wrapped(`To do: ${todo}`, width);
    stderr.write(`${[...lines.map((line) => paint("red", line)), ...help].join("\n")}\n`);
  }

  function write({ answer, lines, exit = EXIT.fine }, { json, watch }) {
    process.exitCode = exit;
    say(json ? [jsonText(answer, watch ? 0 : 2)] : lines(styleFor(stdout, env)));
  }

  /** Again and again, until SIGINT. What goes wrong after the first time may be over the next time. */
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
          write(shown, options);
        } catch (error) {
          if (first) {
            throw error;
          }
          refuse(wrong(error), path, options.json);
        }
        await sleep(watchMs, undefined, { signal: end.signal }).catch(() => {});
      }
      process.exitCode = EXIT.fine;
    } finally {
      process.off("SIGINT", stop);
    }
  }

  /** @param {object} asked what commander made of the arguments, and `problems` that it had with them */
  async function run({ view, args, options, problems, path }) {
    try {
      if (problems.length > 0) {
        throw problems[0];
      }
      const params = selected(options);
      const { run: answer } = await view();
      const ask = gatewayAsker({ importSdk, options, retryMs });
      const once = () => answer({ ask, args, options, params, importSdk, now });
      await (options.watch
        ? watch(once, options, path)
        : once().then((shown) => write(shown, options)));
    } catch (error) {
      // It may have been taken for the value of an option before it.
      const json = options.json === true || Object.values(options).includes("--json");
      refuse(wrong(error), path, json);
    }
  }

  return Object.assign(run, { refuse });
}

const wrong = (error) => (error instanceof CommandError ? error : CommandError.unexpected(error));
