// Asks the running gateway through the host's own client.

import { CommandError, EXIT, fromGateway } from "./errors.js";

/** The host's module with the gateway client, or an empty object on a host without this module. */
export const gatewayRuntime = (importSdk) =>
  importSdk("openclaw/plugin-sdk/gateway-runtime").catch(() => ({}));

/**
 * @param {(specifier: string) => Promise<object>} importSdk
 * @param {object} options the options of the command and of the gateway client
 * @returns {(method: string, params: object) => Promise<object>} rejects with a {@link CommandError}
 */
export const createAsk = (importSdk, options) => async (method, params) => {
  const { callGatewayFromCli } = await gatewayRuntime(importSdk);
  if (typeof callGatewayFromCli !== "function") {
    throw new CommandError({
      exit: EXIT.noAnswer,
      code: "NO_CLIENT",
      message: "this OpenClaw has no gateway client for plugins",
      advice: "update OpenClaw, or use /taas in a chat",
    });
  }
  try {
    // The host shows progress on standard error, and only on a terminal.
    const extra = { progress: !options.json && !options.watch };
    return await callGatewayFromCli(method, options, params, extra);
  } catch (error) {
    throw fromGateway(error, method);
  }
};
