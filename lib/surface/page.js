// The tab in OpenClaw's Control UI. The addon renders its page at each request.

import { randomBytes } from "node:crypto";

import { readSafely } from "../host/lenient.js";
import { registerRoute } from "./http.js";

/** Without the slash at the end, the host refuses requests of the tab's links. */
const PATH = "/plugins/openclaw-taas-affinity/";

/** Older hosts show the tab without the page, or refuse the tab with an error in the log. */
const SINCE = [2026, 8, 1];

/** The plugin cuts longer agent ids of a link. OpenClaw's agent ids have at most 64 characters. */
const AGENT_LIMIT = 100;

const policyFor = (nonce) =>
  [
    "default-src 'none'",
    `style-src 'nonce-${nonce}'`,
    `script-src 'nonce-${nonce}'`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'self'",
  ].join("; ");

/** Whether a host of this version, such as `2026.9.6` or `2026.8.1-beta.2`, shows the page. */
function showsPage(version) {
  const parts = String(version).split(/[.-]/).map(Number);
  const differs = SINCE.findIndex((part, index) => part !== parts[index]);
  return differs === -1 || parts[differs] > SINCE[differs];
}

/**
 * @param {import("../call/hooks.js").Parts} parts
 * @param {import("../methods.js").Ask} ask
 */
export function registerPage(parts, ask) {
  const { api } = parts.host;
  const controls = readSafely(() => api.session.controls);
  // On some hosts, reading `runtime` loads it, which can fail.
  const version = readSafely(() => api.runtime.version);
  if (!showsPage(version) || !readSafely(() => controls.registerControlUiDescriptor)) {
    return;
  }
  const hasRoute = registerRoute(parts, {
    path: PATH,
    match: "prefix",
    answer({ url }) {
      const query = new URL(url, "http://gateway").searchParams;
      const agent = query.get("agent")?.replace(/\p{Cc}/gu, "");
      const agentId = agent?.trim().slice(0, AGENT_LIMIT).toWellFormed();
      const [skip] = /^[1-9]\d{0,3}$/.exec(query.get("skip")) ?? [];
      const nonce = randomBytes(16).toString("base64url");
      return {
        headers: {
          "content-type": "text/html; charset=utf-8",
          "content-security-policy": policyFor(nonce),
        },
        body: ask("page", {
          nonce,
          ...(agentId && { agentId }),
          ...(skip && { skip: Number(skip) }),
        }),
      };
    },
  });
  if (!hasRoute) {
    return;
  }
  parts.log.attempt("tab", "the Control UI has no tab for TaaS", () =>
    controls.registerControlUiDescriptor({
      surface: "tab",
      id: "taas",
      slug: "taas",
      label: "TaaS",
      icon: "coins",
      path: PATH,
      requiredScopes: ["operator.read"],
    }),
  );
}
