// Runs a command: asks the gateway through the host's own client, prints the answer and sets the exit code. Never throws
// into the host.

import { clearScreenDown, cursorTo } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";

import { asCommandError, CommandError, EXIT, fromGateway } from "./errors.js";
import { paramsFrom } from "./selectors.js";
import { clean, fit, jsonText, styleFor } from "./text.js";

const WATCH_MS = 2000;
/** A plugin's methods are missing for up to 1.5 seconds while the host reloads the plugin. */
const RETRIES = 4;
const RETRY_MS = 500;
const WITHOUT_JSON = "run the command without --json for details";

/** The host's module with the gateway client, or an empty object on a host without this module. */
export const gatewayRuntime = (importSdk) =>
  importSdk("openclaw/plugin-sdk/gateway-runtime").catch(() => ({}));

/**
 * @param {(specifier: string) => Promise<object>} importSdk
 * @param {object} options the options of the command and of the gateway client
 * @param {number} retryMs pause before another attempt
 * @returns {(method: string, params: object) => Promise<object>} rejects with a {@link CommandError}
 */
const createAsk = (importSdk, options, retryMs) => async (method, params) => {
  const { callGatewayFromCli } = await gatewayRuntime(importSdk);
  if (typeof callGatewayFromCli !== "function") {
    throw new CommandError({
      exit: EXIT.noAnswer,
      code: "NO_CLIENT",
      message: "this OpenClaw has no gateway client for plugins",
      advice: "update OpenClaw, or use /taas in a chat",
    });
  }
  // The host shows progress on standard error, and only on a terminal.
  const extra = { progress: !options.json && !options.watch };
  for (let retries = 0; ; retries += 1) {
    try {
      return await callGatewayFromCli(method, options, params, extra);
    } catch (error) {
      const failure = fromGateway(error, method);
      if (!failure.isTemporary || retries === RETRIES) {
        throw failure;
      }
    }
    await sleep(retryMs);
  }
};

/**
 * @param {object} io
 * @param {NodeJS.Process} io.process has the streams, receives the exit code, and emits the signal that ends `--watch`
 * @param {(specifier: string) => Promise<object>} io.importSdk
 * @param {() => number} [io.now]
 * @param {number} [io.watchMs] pause between two rounds of `--watch`
 * @param {number} [io.retryMs] pause before another attempt while the host reloads the plugin
 */
export function runner({
  process,
  importSdk,
  now = Date.now,
  watchMs = WATCH_MS,
  retryMs = RETRY_MS,
}) {
  const { stdout, stderr, env } = process;
  /** The streams that have a frame of `--watch`. */
  const framed = new Set();

  /** Prints the result of a command, and sets the exit code. */
  function show({ answer, lines, exit = EXIT.ok, stream = stdout }, { json, watch }) {
    process.exitCode = exit;
    if (json) {
      stdout.write(`${jsonText(answer, watch ? 0 : 2)}\n`);
      return;
    }
    if (watch && stream.isTTY) {
      cursorTo(stream, 0, 0);
      clearScreenDown(stream);
    } else if (framed.has(stream)) {
      stream.write("\n");
    }
    framed.add(stream);
    const style = styleFor(stream, env);
    stream.write(`${fit(lines(style), style.width).join("\n")}\n`);
  }

  /** An error as the result of a command. `report` is for JSON. */
  function failure(error, path, report) {
    const { exit, code, message, publicMessage, advice } = asCommandError(error);
    const todo = advice ?? (exit === EXIT.usage ? `run \`openclaw ${path} --help\`` : undefined);
    const shown = { code, message: publicMessage, advice: advice ?? WITHOUT_JSON };
    return {
      answer: { ok: false, error: shown, ...report },
      lines: ({ paint }) => [
        paint("red", `openclaw ${path}: ${clean(message)}`),
        ...(todo ? [`To do: ${todo}`] : []),
      ],
      exit,
      stream: stderr,
    };
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
    const onError = (error) => show(failure(error, path, report), { ...options, json });
    try {
      if (problems.length > 0) {
        throw problems[0];
      }
      const ask = createAsk(importSdk, options, retryMs);
      const params = paramsFrom(options);
      const request = { ask, args, options, params, now, report, importSdk };
      const once = async () => show(await command(request), options);
      await once();
      if (options.watch) {
        await watch(once, onError);
      }
    } catch (error) {
      onError(error);
    }
  };
}
