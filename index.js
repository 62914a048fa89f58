// The plugin's entry: loads the addon, wires the parts and registers them, and nothing else.
//
// The host imports this module several times in one process and may call `register` any number of
// times. Nothing is kept here: what must be shared lives in the addon, of which there is one image.

import { readFileSync } from "node:fs";
import { homedir, hostname } from "node:os";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

import { createCalls } from "./lib/calls.js";
import { watchChannel } from "./lib/channel.js";
import { askingHere, registerCommands } from "./lib/command/register.js";
import { createCompat } from "./lib/compat.js";
import { factsOf } from "./lib/facts.js";
import { createDebug, createFaults } from "./lib/faults.js";
import { gatherInto, imageFor } from "./lib/images.js";
import { createMetadata } from "./lib/metadata.js";
import { createMethods, unavailableMethods } from "./lib/methods.js";
import { createNotice } from "./lib/notice.js";
import { createObserved } from "./lib/observed.js";
import { createOwners } from "./lib/owners.js";
import { noteAsked, passedOver, watchOwnership } from "./lib/ownership.js";
import { pricesOf } from "./lib/prices.js";
import { providersServed } from "./lib/providers.js";
import { createCapture } from "./lib/response.js";
import { settingsOf, warnOfSettings } from "./lib/settings.js";
import { createHooks } from "./lib/stream.js";
import { createUsage } from "./lib/usage.js";
import { createWarnings } from "./lib/warnings.js";

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
      affinity = new native.Affinity(version, hostname(), home(), settings.gitHints);
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
    const tell = createWarnings({ affinity, faults, facts });
    const compat = createCompat(faults);
    const notice = createNotice({ api, native, faults, routeNotice: settings.routeNotice });
    const capture = createCapture({ native, debug, notice });
    const calls = createCalls({ native, capture, providers });
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
        addMetadata: createMetadata({ native }),
        capture,
        usage: createUsage({ native, faults, pricesOf, tell }),
        repaired: compat.wrap,
        noteAsked,
      }),
    });
    const gather = () => gatherInto(native, faults);
    // The first call after an update is to be routed as was chosen before it.
    gather();
    registerMethods(createMethods({ native, affinity, gather, facts }));
    const observed = createObserved({ api, faults, providers, wanted: settings.observe });
    watchChannel({ version, faults, calls, observed, capture });
    api.on?.("gateway_start", tell);
    watchOwnership({ api, faults, providers, importSdk: (specifier) => import(specifier) });
  },
};
