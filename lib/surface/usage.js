// The usage provider: the line about an agent in the host's `/status`, and the line about all calls in
// `openclaw status --usage` and on the Control UI's usage page. The addon writes both lines.

import { setTimeout as sleep } from "node:timers/promises";

import { shared } from "../addon/shared.js";
import { createIdentities } from "../call/identity.js";
import { createAsk } from "../methods.js";
import { stringOf } from "../plain.js";

/** The plugin's provider. Usage pages show its id and its label. */
export const PROVIDER = { id: "taas-affinity", label: "TaaS affinity", auth: [] };

/** How long another process waits for the gateway at most, in ms, and as a share of the time that the host waits. */
const GATEWAY_WITHIN_MS = 4000;
const SHARE_OF_HOST = 0.8;

/** Without this hook, the host would hand the user's API key to the other hook. */
const resolveUsageAuth = () => ({ token: "none" });

/** The host's answer for a usage page. The host shows nothing of a provider with the error "No token". */
const snapshotOf = (line, provider = PROVIDER.id) => ({
  provider,
  displayName: PROVIDER.label,
  windows: [],
  ...(line ? { summary: line } : { error: "No token" }),
});

/** The hooks for a gateway without the addon. Without these hooks, usage pages would show an error. */
export const USAGE_WITHOUT_ADDON = { resolveUsageAuth, fetchUsageSnapshot: () => snapshotOf("") };

/** The line about all calls of the running gateway; `undefined` if the gateway does not answer within `ms`. */
async function lineOfGateway(importSdk, ms) {
  const end = new AbortController();
  const { signal } = end;
  const ask = async () => {
    const { callGatewayFromCli } = await importSdk("openclaw/plugin-sdk/gateway-runtime");
    const extra = { progress: false, signal };
    return callGatewayFromCli("taas.affinity.status", { timeout: String(ms) }, {}, extra);
  };
  try {
    const answer = await Promise.race([ask(), sleep(ms, undefined, { signal })]);
    return stringOf(answer?.usageLine);
  } catch {
    // The gateway is down or lacks the plugin, so there are no figures.
    return undefined;
  } finally {
    end.abort();
  }
}

/**
 * The hooks of the usage provider. They never throw. In a gateway they answer at once, from memory; in another process
 * they ask the gateway.
 *
 * @param {import("../call/hooks.js").Parts} parts
 * @param {(specifier: string) => Promise<object>} [importSdk] imports a module of the host's SDK
 */
export function createUsageHooks(parts, importSdk = (specifier) => import(specifier)) {
  const { host, log } = parts;
  const ask = createAsk(parts);
  const identityOf = createIdentities(parts);

  /** The line or its promise. The host names a workspace if it asks about one agent. */
  function lineFor({ workspaceDir, agentDir, config, timeoutMs }) {
    if (stringOf(workspaceDir) !== undefined) {
      const { agentId } = identityOf({ workspaceDir, agentDir, config });
      return agentId ? ask("usageLine", { agentId }) : "";
    }
    const line = ask("usageLine");
    if (line !== "" || shared.process.isGateway) {
      return line;
    }
    const hostWithin = Number.isFinite(timeoutMs) ? timeoutMs * SHARE_OF_HOST : GATEWAY_WITHIN_MS;
    return lineOfGateway(
      importSdk,
      Math.max(1, Math.round(Math.min(hostWithin, GATEWAY_WITHIN_MS))),
    );
  }

  function fetchUsageSnapshot(context) {
    let provider;
    const line = log.attempt("usage", "/status and usage pages lack the plugin's line", () => {
      provider = stringOf(context.provider);
      return host.settings.statusLine ? lineFor(context) : "";
    });
    return typeof line?.then === "function"
      ? line.then((text) => snapshotOf(text, provider))
      : snapshotOf(line, provider);
  }

  return { resolveUsageAuth, fetchUsageSnapshot };
}
