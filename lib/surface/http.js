// The plugin's HTTP routes. The host checks the gateway's token before it calls a route.

import { publicMessageOf } from "../log.js";

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
 */
export function registerRoute({ host: { api }, log }, { path, match = "exact", answer }) {
  function respond(response, status, headers, body) {
    response.writeHead(status, { "cache-control": "no-store", ...headers });
    response.end(body);
  }

  function handler(request, response) {
    const text = { "content-type": "text/plain; charset=utf-8" };
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

  log.attempt(`route ${path}`, `${path} is missing`, () =>
    api.registerHttpRoute?.({
      path,
      match,
      auth: "gateway",
      gatewayRuntimeScopeSurface: "trusted-operator",
      handler,
    }),
  );
}
