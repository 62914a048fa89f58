// The plugin's entry: loads the addon, wires the parts and registers them, and nothing else.
//
// The host imports this module several times in one process and may call `register` any number of
// times. Nothing is kept here: what must be shared lives in the addon and in `lib/addon/shared.js`.

import { loadAddon } from "./lib/addon/load.js";
import { createHooks } from "./lib/call/hooks.js";
import { watchResponses } from "./lib/call/response.js";
import { askingHere, registerCommands } from "./lib/command/register.js";
import { createHost } from "./lib/host/host.js";
import { settingsOf, warnOfSettings } from "./lib/host/settings.js";
import { createLog } from "./lib/log.js";
import { createMethods, unavailableMethods } from "./lib/methods.js";

export default {
  id: "openclaw-taas-affinity",
  name: "TaaS Affinity",
  description: "Keeps agents on the CloudSigma TaaS slot whose prompt cache is warm",

  register(api) {
    const settings = settingsOf(api.pluginConfig, process.env);
    const log = createLog(api.logger, settings.debug);
    let methods = [];
    registerCommands({ api, log, ask: askingHere(() => methods) });
    if (api.registrationMode === "cli-metadata") {
      return;
    }
    const registerMethods = (answered) => {
      methods = answered;
      for (const { name, handler, scope } of methods) {
        log.attempt(`method ${name}`, `${name} is not answered by this plugin`, () =>
          api.registerGatewayMethod(name, handler, { scope }),
        );
      }
    };
    warnOfSettings(settings, log.warn);
    const host = createHost(api, settings);
    let addon;
    try {
      addon = loadAddon(api.rootDir, settings, log.warn);
    } catch (error) {
      log.warn("addon", "requests go out untouched and no route is captured", error);
      registerMethods(unavailableMethods(error));
      return;
    }
    const parts = { addon, host, log };
    api.registerProvider({
      id: "taas-affinity-hook",
      label: "TaaS affinity",
      hookAliases: host.providers,
      auth: [],
      ...createHooks(parts),
    });
    registerMethods(createMethods(parts));
    watchResponses(parts);
  },
};
