// Asks the running gateway through the host's own client.

import { setTimeout as sleep } from "node:timers/promises";

import { CommandError, EXIT, fromGateway } from "./errors.js";

/** A plugin's methods are missing for up to 1.5 seconds while the host reloads the plugin. */
const RETRIES = 4;
const RETRY_MS = 500;

/** The host's module with the gateway client, or an empty object on a host without this module. */
export const gatewayRuntime = (importSdk) =>
  importSdk("openclaw/plugin-sdk/gateway-runtime").catch(() => ({}));

/**
 * @param {object} parts
 * @param {(specifier: string) => Promise<object>} parts.importSdk
 * @param {object} parts.options the options of the command and of the gateway client
 * @param {number} [parts.retryMs] the pause before another attempt
 * @returns {(method: string, params: object) => Promise<object>} rejects with a {@link CommandError}
 */
export function createAsk({ importSdk, options, retryMs = RETRY_MS }) {
  return async (method, params) => {
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
        if (retries >= RETRIES || !failure.isTemporary) {
          throw failure;
        }
      }
      await sleep(retryMs);
    }
  };
}
