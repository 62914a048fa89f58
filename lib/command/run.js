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
 * @param {NodeJS.Process} io.process has the streams, receives the exit code, and emits the signal that ends `--watch`
 * @param {(specifier: string) => Promise<object>} io.importSdk
 * @param {() => number} [io.now]
 * @param {number} [io.watchMs] pause between two rounds of `--watch`
 * @param {number} [io.retryMs] see {@link createAsk}
 */
export function runner({ process, now = Date.now, watchMs = WATCH_MS, ...io }) {
  const { stdout, stderr, env } = process;
  const print = (stream, lines) => stream.write(`${lines.join("\n")}\n`);

  function succeed({ answer, lines, exit = EXIT.ok }, { json, watch }) {
    process.exitCode = exit;
    if (watch && !json && stdout.isTTY) {
      cursorTo(stdout, 0, 0);
      clearScreenDown(stdout);
    }
    print(stdout, json ? [jsonText(answer, watch ? 0 : 2)] : lines(styleFor(stdout, env)));
  }

  /** Prints an error and its advice, and sets the exit code. `report` is for JSON. */
  function fail(error, { json, path, report }) {
    const { exit, code, message, publicMessage, advice } = asCommandError(error);
    process.exitCode = exit;
    if (json) {
      const shown = { code, message: publicMessage, advice };
      print(stdout, [jsonText({ ok: false, error: shown, ...report })]);
      return;
    }
    const { width, paint } = styleFor(stderr, env);
    const lines = wrapped(`openclaw ${path}: ${clean(message)}`, width);
    const help = exit === EXIT.usage ? `run \`openclaw ${path} --help\`` : undefined;
    const todo = advice ?? help;
    print(stderr, [
      ...lines.map((line) => paint("red", line)),
      ...(todo ? wrapped(`To do: ${todo}`, width) : []),
    ]);
  }

  /** Repeats `once` until SIGINT, also after an error. */
  async function watch(once, onError) {
    const end = new AbortController();
    const stop = () => end.abort();
    process.once("SIGINT", stop);
    while (await sleep(watchMs, true, { signal: end.signal }).catch(() => false)) {
      await once().catch(onError);
    }
    process.off("SIGINT", stop);
    process.exitCode = EXIT.ok;
  }

  /** @param {object} parsed the arguments as commander parsed them, with the `problems` that it found */
  return async function run({ command, args, options, problems, path }) {
    const report = {};
    // An option without its value may have taken `--json` as the value.
    const json = options.json === true || Object.values(options).includes("--json");
    const onError = (error) => fail(error, { json, path, report });
    try {
      if (problems.length > 0) {
        throw problems[0];
      }
      const params = paramsFrom(options);
      const ask = createAsk({ options, ...io });
      const request = { ask, args, options, params, now, report, importSdk: io.importSdk };
      const once = async () => succeed(await command(request), options);
      await once();
      if (options.watch) {
        await watch(once, onError);
      }
    } catch (error) {
      onError(error);
    }
  };
}
