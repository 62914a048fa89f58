// What a request says of whose it is.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";

import { VERSION } from "./plugin.mjs";

/** The affinity session id of a hashed text. */
export const sessionOf = (hashed) =>
  `oc:${createHash("sha256").update(hashed).digest("hex").slice(0, 16)}`;

/** The headers of a request name one session and one agent. */
export function assertHeaders({ headers, rawHeaders }, agent, workspace) {
  const session = sessionOf(workspace);
  assert.equal(headers["x-session-id"], session);
  assert.equal(headers["x-openclaw-session-id"], session);
  assert.equal(headers["x-openclaw-agent-id"], agent);
  assert.equal(headers["x-openclaw-plugin-version"], VERSION);
  const lower = rawHeaders.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase());
  assert.equal(new Set(lower).size, lower.length, "no header twice");
  return session;
}

/** Header and body of a request name one session and one agent. */
export function assertIdentity(request, agent, workspace) {
  const session = assertHeaders(request, agent, workspace);
  const { body } = request;
  assert.equal(body.metadata.session_id, session);
  assert.equal(body.metadata.sticky_key, session);
  assert.equal(body.metadata.requester_runtime.session_key, session);
  assert.equal(body.metadata.openclaw_correlation.session_id, session);
  assert.equal(body.metadata.openclaw_correlation.agent_id, agent);
  return session;
}
