// The plugin's entry: loads the addon, wires the parts and registers them, and nothing else.
//
// The host imports this module several times in one process and may call `register` any number of
// times. Nothing is kept here: what must be shared lives in the addon, of which there is one image.

import { readFileSync } from "node:fs";
import { homedir, hostname } from "node:os";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { imageFor } from "./lib/addon/load.js";
import { createCalls } from "./lib/call/call.js";
import { createHooks } from "./lib/call/hooks.js";
import { createOwners } from "./lib/call/identity.js";
import { createMetadata } from "./lib/call/metadata.js";
import { createNotice } from "./lib/call/notice.js";
import { createCapture } from "./lib/call/response.js";
import { createUsage } from "./lib/call/usage.js";
import { askingHere, registerCommands } from "./lib/command/register.js";
import { watchChannel } from "./lib/host/channel.js";
import { createCompat } from "./lib/host/compat.js";
import { factsOf } from "./lib/host/facts.js";
import { createObserved } from "./lib/host/observed.js";
import { passedOver, watchOwnership } from "./lib/host/ownership.js";
import { providersServed } from "./lib/host/providers.js";
import { settingsOf, warnOfSettings } from "./lib/host/settings.js";
import { createDebug, createFaults } from "./lib/log.js";
import { createMethods, unavailableMethods } from "./lib/methods.js";

const { version } = JSON.parse(readFileSync(new URL("package.json", import.meta.url), "utf8"));

/** The user's home directory. Without one, and without a passwd entry, only `~` is not understood. */
function home() {
  try {
    return homedir();
  } catch {
    return null;
  }
}

export default {
  id: "openclaw-taas-affinity",
  name: "TaaS Affinity",
  description: "Keeps agents on the CloudSigma TaaS slot whose prompt cache is warm",

  register(api) {
    const faults = createFaults(api.logger);
    let methods = [];
    registerCommands({ api, faults, ask: askingHere(() => methods) });
    if (api.registrationMode === "cli-metadata") {
      return;
    }
    const registerMethods = (answered) => {
      methods = answered;
      for (const { name, handler, scope } of methods) {
        faults.attempt(`method ${name}`, `${name} is not answered by this plugin`, () =>
          api.registerGatewayMethod(name, handler, { scope }),
        );
      }
    };
    const settings = settingsOf(api.pluginConfig, process.env);
    warnOfSettings(settings, faults.warn);
    const providers = providersServed(settings.providers);
    let native;
    let affinity;
    let binary;
    try {
      const image = imageFor(api.rootDir ?? dirname(fileURLToPath(import.meta.url)));
      native = image.native;
      binary = image.built;
      if (image.built !== version) {
        faults.warn(
          `version ${image.built}`,
          "the binary and the package are of different versions, which may not fit",
          `binary ${image.built ?? "unknown"}, package ${version}: restart the gateway, and if that does not help, install the package again`,
        );
      }
      const { gitHints, namespace } = settings;
      affinity = new native.Affinity(version, hostname(), home(), gitHints, namespace);
    } catch (error) {
      faults.warn("addon", "requests go out untouched and no route is captured", error);
      registerMethods(unavailableMethods(error));
      return;
    }
    const debug = createDebug(api.logger, settings.debug);
    const facts = () =>
      factsOf({
        // What was registered with may be older than the latest edit.
        config: () => api.runtime?.config?.current?.() ?? api.config,
        settings,
        providers,
        binary,
        version,
        ...passedOver(providers),
      });
    const compat = createCompat(faults);
    const notice = createNotice({ logger: api.logger, native, faults, ...settings });
    const capture = createCapture({ native, debug, notice });
    const calls = createCalls({ native, providers });
    api.registerProvider({
      id: "taas-affinity-hook",
      label: "TaaS affinity",
      hookAliases: providers,
      auth: [],
      ...createHooks({
        native,
        faults,
        debug,
        providers,
        ownerOf: createOwners({ native, affinity, hostAgents: api.runtime?.agent }),
        byConversation: settings.affinity === "conversation",
        calls,
        addMetadata: createMetadata({ native, debug }),
        capture,
        usage: createUsage({ native, faults }),
        repaired: compat.wrap,
      }),
    });
    registerMethods(createMethods({ native, affinity, facts, warn: faults.warn }));
    const observed = createObserved({ api, faults, wanted: settings.observe });
    watchChannel({ faults, calls, observed, capture });
    watchOwnership({
      api,
      faults,
      providers,
      importSdk: (specifier) => import(specifier),
      observe: observed.observe,
    });
  },
};
