// The plugin's entry. It loads the addon, connects the parts and registers them.
//
// The host imports this module several times in one process, and may call `register` any number of times. So this file
// keeps no state. Shared state is in the addon and in `lib/addon/shared.js`.

import { loadAddon } from "./lib/addon/load.js";
import { shared } from "./lib/addon/shared.js";
import { createHooks } from "./lib/call/hooks.js";
import { watchResponses } from "./lib/call/response.js";
import { registerCommands } from "./lib/command/register.js";
import { createHost } from "./lib/host/host.js";
import { settingsOf } from "./lib/host/settings.js";
import { createLog } from "./lib/log.js";
import { createMethods, unavailableMethods } from "./lib/methods.js";
import { registerSurfaces } from "./lib/surface/register.js";
import { createUsageHooks, PROVIDER, USAGE_WITHOUT_ADDON } from "./lib/surface/usage.js";

export default {
  id: "openclaw-taas-affinity",
  name: "TaaS Affinity",
  description: "Keeps agents on the CloudSigma TaaS slot whose prompt cache is warm",

  register(api) {
    const settings = settingsOf(api.pluginConfig, process.env);
    const log = createLog(api.logger, settings.debug, shared.warned);
    let methods = [];
    const ask = async (name, params) => methods.find((each) => each.name === name).answer(params);
    registerCommands({ api, log, ask });
    if (api.registrationMode === "cli-metadata") {
      return;
    }
    // Only a gateway registers plugins in full.
    shared.process.isGateway ||= api.registrationMode === "full";
    for (const warning of settings.warnings) {
      log.warn(...warning);
    }
    let parts;
    try {
      const addon = loadAddon(api.rootDir, settings, log.warn);
      parts = { addon, host: createHost(api, settings), log };
      methods = createMethods(parts);
    } catch (error) {
      log.warn("addon", "requests go out untouched and no route is captured", error);
      methods = unavailableMethods(error);
    }
    for (const { name, handler, scope } of methods) {
      log.attempt(`method ${name}`, `this plugin does not answer ${name}`, () =>
        api.registerGatewayMethod(name, handler, { scope }),
      );
    }
    if (parts === undefined) {
      api.registerProvider({ ...PROVIDER, ...USAGE_WITHOUT_ADDON });
      return;
    }
    api.registerProvider({
      ...PROVIDER,
      hookAliases: parts.host.providers,
      ...createHooks(parts),
      ...createUsageHooks(parts),
    });
    watchResponses(parts);
    registerSurfaces(parts);
  },
};
