// Asks the running gateway, by the host's own client.

import { setTimeout as sleep } from "node:timers/promises";

import { CommandError, isAway } from "./errors.js";

/** While the host reloads a plugin, its methods are away for up to a second and a half. */
const RETRIES = 4;
const RETRY_MS = 500;

/** The host's module with its gateway client; one with nothing in it where this host has none. */
export const gatewayRuntime = (importSdk) =>
  importSdk("openclaw/plugin-sdk/gateway-runtime").catch(() => ({}));

/**
 * @param {object} parts
 * @param {(specifier: string) => Promise<object>} parts.importSdk
 * @param {object} parts.options the command's, with those of the gateway client
 * @param {number} [parts.retryMs] how long to wait for a plugin that is being reloaded
 * @returns {(method: string, params: object) => Promise<object>} rejects with a {@link CommandError}
 */
export function gatewayAsker({ importSdk, options, retryMs = RETRY_MS }) {
  return async (method, params) => {
    const { callGatewayFromCli } = await gatewayRuntime(importSdk);
    if (typeof callGatewayFromCli !== "function") {
      throw CommandError.withoutClient();
    }
    for (let tried = 0; ; tried += 1) {
      try {
        // The host draws its progress on standard error, and on a terminal alone.
        return await callGatewayFromCli(method, options, params, {
          progress: !options.json && !options.watch,
        });
      } catch (error) {
        if (tried >= RETRIES || !isAway(error)) {
          throw CommandError.of(error, method);
        }
      }
      await sleep(retryMs);
    }
  };
}
