// What two gateways sent that differ in the plugin alone, in a form that can be compared byte for byte.

import assert from "node:assert/strict";

// What differs between any two gateways: the temporary directory, ids and the clock.
const normal = (text, { gateway }) =>
  text
    .replaceAll(gateway.root, "<root>")
    .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, "<uuid>")
    .replaceAll(/00-[0-9a-f]{32}-[0-9a-f]{16}-01/g, "<trace>")
    .replaceAll(/(call|msg_|rs_|resp_)[0-9a-f]{16}/g, "$1<id>")
    // Where an id is too long for an API, the host ends it with a digest of the whole.
    .replaceAll(/(_fc_call<id>)_[0-9a-f]{10}/g, "$1_<digest>")
    .replaceAll(/127\.0\.0\.1:\d+/g, "<address>")
    .replaceAll(/\d{4}-\d{2}-\d{2} \d{2}:\d{2}/g, "<time>");

const OURS = /^x-session-id$|^x-openclaw-(?:session-id|agent-id|turn-id|attempt|plugin-version)$/i;

/** What a request says on the wire, less what the plugin may add. */
export function wire({ path, rawHeaders, rawBody }, side) {
  const headers = [];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    if (!OURS.test(rawHeaders[at])) {
      const isLength = /^content-length$/i.test(rawHeaders[at]);
      headers.push(
        `${rawHeaders[at]}: ${isLength ? "<length>" : normal(rawHeaders[at + 1], side)}`,
      );
    }
  }
  const body = JSON.parse(rawBody);
  assert.equal(JSON.stringify(body), rawBody, "the order and the form of the body can be compared");
  delete body.metadata;
  return { path, headers, body: normal(JSON.stringify(body), side) };
}

/** Bodies are long: only the place where they part is shown. */
function assertSameText(ours, theirs, what) {
  let at = 0;
  while (at < theirs.length && ours[at] === theirs[at]) at += 1;
  const near = (text) => text.slice(Math.max(0, at - 100), at + 200);
  assert.equal(near(ours), near(theirs), `${what}, at ${at}`);
  assert.ok(ours === theirs, what);
}

/** Asserts that `withPlugin` sent for `model` what `without` sent, `count` requests, and was pinned. */
export function assertSameRequests(model, count, [withPlugin, without]) {
  const [ours, theirs] = [withPlugin, without].map((side) =>
    side.requestsOf(model).map((request) => wire(request, side)),
  );
  for (const [index, request] of theirs.entries()) {
    const what = `request ${index + 1} of ${model.id}`;
    assert.deepEqual(ours[index]?.headers, request.headers, what);
    assertSameText(ours[index].body, request.body, what);
    assert.equal(ours[index].path, request.path, what);
  }
  assert.equal(ours.length, theirs.length, `requests of ${model.id}`);
  assert.equal(ours.length, count, `requests of ${model.id}`);
  for (const { sessionId, body } of withPlugin.requestsOf(model)) {
    assert.match(sessionId, /^oc:/);
    assert.equal(body.metadata.session_id, sessionId, "the plugin was there");
  }
}
