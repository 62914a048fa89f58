// The plugin's entry: registers the provider hooks and the gateway method, and nothing else.
//
// The host imports this module several times in one process and may call `register` any number of
// times. Nothing is kept here: what must be shared lives in the addon, of which there is one image.

import { readFileSync } from "node:fs";
import { homedir, hostname } from "node:os";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

import { createWarn } from "./lib/faults.js";
import { createLastRoute, createUnavailable, METHOD } from "./lib/gateway.js";
import { createHooks, PROVIDERS } from "./lib/hooks.js";
import { loadNative } from "./lib/native.js";

const { version } = JSON.parse(readFileSync(new URL("package.json", import.meta.url), "utf8"));

const HINTS_VARIABLE = "OPENCLAW_TAAS_GIT_HINTS";

/** Whether workspaces' repositories may be looked at. What is not understood switches it off. */
function gitHintsWanted(config, env, warn) {
  const value = (env[HINTS_VARIABLE] ?? "").trim().toLowerCase();
  if (!["", "on", "off"].includes(value)) {
    const accepted = new Error(
      `${HINTS_VARIABLE} is ${JSON.stringify(value)}; accepted is on or off`,
    );
    warn("hints-variable", "requests go out without repository hints", accepted);
    return false;
  }
  return value !== "off" && config?.gitHints !== false;
}

export default {
  id: "openclaw-taas-affinity",
  name: "TaaS Affinity",
  description: "Keeps agents on the CloudSigma TaaS slot whose prompt cache is warm",

  register(api) {
    const warn = createWarn(api.logger);
    const scope = { scope: "operator.read" };
    let native;
    let affinity;
    try {
      native = loadNative(api.rootDir ?? dirname(fileURLToPath(import.meta.url)));
      const built = native.version?.();
      if (built !== version) {
        // So it is between an update and the restart of the gateway: an image stays for good.
        warn(
          `version ${built}`,
          "the binary and the package are of different versions, which may not fit",
          `binary ${built ?? "unknown"}, package ${version}: restart the gateway, and if that does not help, install the package again`,
        );
      }
      const gitHints = gitHintsWanted(api.pluginConfig, process.env, warn);
      affinity = new native.Affinity(version, hostname(), homedir(), gitHints);
    } catch (error) {
      warn("addon", "requests go out untouched and no route is captured", error);
      api.registerGatewayMethod(METHOD, createUnavailable(error), scope);
      return;
    }
    const debug = process.env.OPENCLAW_DEBUG
      ? (line) => api.logger.info(`taas-affinity: ${line}`)
      : undefined;
    api.registerProvider({
      id: "taas-affinity-hook",
      label: "TaaS affinity",
      hookAliases: PROVIDERS,
      auth: [],
      ...createHooks({ native, affinity, warn, debug }),
    });
    api.registerGatewayMethod(METHOD, createLastRoute(affinity), scope);
  },
};
