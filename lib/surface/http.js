// The plugin's HTTP routes. The host checks the gateway's token before it calls a route, and the route checks the scopes.

import { createRequire } from "node:module";

import { publicMessageOf } from "../log.js";

/** Each of these scopes lets a client read. */
const READING = ["operator.read", "operator.write", "operator.admin"];

/**
 * The scopes of the request that the host handles now. `undefined` on a host that does not tell them to plugins.
 *
 * @param {(specifier: string) => object} load loads a module of the host's SDK
 * @returns {string[] | undefined}
 */
function scopesOfRequest(load) {
  try {
    const { getPluginRuntimeGatewayRequestScope } = load("openclaw/plugin-sdk/plugin-runtime");
    return getPluginRuntimeGatewayRequestScope()?.client?.connect?.scopes;
  } catch {
    return undefined;
  }
}

/**
 * @typedef {object} Answer
 * @property {Record<string, string>} headers
 * @property {string} body
 *
 * @param {import("../call/hooks.js").Parts} parts
 * @param {object} route
 * @param {string} route.path
 * @param {"exact" | "prefix"} [route.match]
 * @param {(request: import("node:http").IncomingMessage) => Answer} route.answer answers GET and HEAD
 * @param {(specifier: string) => object} [load] loads a module of the host's SDK
 * @returns {boolean} whether the host took the route
 */
export function registerRoute(
  { host: { api }, log },
  { path, match = "exact", answer },
  load = createRequire(import.meta.url),
) {
  function respond(response, status, headers, body) {
    response.writeHead(status, { "cache-control": "no-store", ...headers });
    response.end(body);
  }

  function handler(request, response) {
    const text = { "content-type": "text/plain; charset=utf-8" };
    const scopes = scopesOfRequest(load);
    if (scopes !== undefined && !READING.some((scope) => scopes.includes(scope))) {
      respond(response, 403, text, `${path}: missing scope: operator.read\n`);
      return true;
    }
    if (request.method !== "GET" && request.method !== "HEAD") {
      const allowed = { ...text, allow: "GET, HEAD" };
      respond(response, 405, allowed, `${path} accepts GET and HEAD only\n`);
      return true;
    }
    try {
      const { headers, body } = answer(request);
      respond(response, 200, headers, request.method === "HEAD" ? undefined : body);
    } catch (error) {
      log.warn(`route ${path}`, `${path} cannot answer`, error);
      respond(response, 500, text, `${path}: ${publicMessageOf(error)}\n`);
    }
    return true;
  }

  const isRegistered = log.attempt(`route ${path}`, `${path} is missing`, () => {
    api.registerHttpRoute?.({
      path,
      match,
      auth: "gateway",
      // The host then reports the scopes of the client. Without this, it reports the same scopes for every client.
      gatewayRuntimeScopeSurface: "trusted-operator",
      handler,
    });
    return typeof api.registerHttpRoute === "function";
  });
  return isRegistered === true;
}
