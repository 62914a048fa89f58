/**
 * A simulated TaaS on loopback: a real HTTP server for the three model APIs, in which each upstream slot has its own
 * prompt cache.
 *
 * The model and its limits:
 *
 * - A prompt is the request's tools, then its instructions, then its messages, in that order, each
 *   written as compact JSON. The prompt does not include `metadata`, the model's name, sampling
 *   options or `cache_control`.
 * - Four characters count as one token, a rule of thumb for English. The rule is the same for every phase, and equal
 *   prefixes give equal counts.
 * - A slot remembers blocks of 64 tokens. A block's key is a hash over all blocks before
 *   it, so a block is found only if the whole prompt up to its end is equal, byte for byte.
 *   The unfinished last block is never cached. The slot drops the least recently used blocks.
 * - A request with both a session id and an agent id goes to its session's slot: the slot with
 *   the fewest input tokens when the session's first request came. A request without both ids is
 *   anonymous.
 * - The slot of an anonymous request is drawn at random ("random") or guessed ("guess").
 * - Caches do not expire with time and slots are never full or down. `fault` makes failures.
 */
import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

import { APIS } from "./apis/index.mjs";
import { canonical, promptText } from "./apis/prompt.mjs";
import {
  BLOCKS_PER_SLOT,
  blockKeys,
  commonKeys,
  digest,
  estimateTokens,
  TOKENS_PER_BLOCK,
} from "./slots.mjs";
import { createUpstream, identityOf } from "./upstream.mjs";

/** A few pieces of about equal size, cut between code points. */
function inPieces(text, count) {
  const points = [...text];
  const size = Math.max(1, Math.ceil(points.length / count));
  const pieces = [];
  for (let at = 0; at < points.length; at += size)
    pieces.push(points.slice(at, at + size).join(""));
  return pieces;
}

const TOOL_CALL_ID = /call[0-9a-f]{16}/;

/** Clients wrap an issued id into a longer id. The issued id is still part of that. */
const issuedId = (id) => TOOL_CALL_ID.exec(String(id))?.[0];

const clip = (text, length) => [...text].slice(0, length).join("");

async function readBody(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

function parseBody(text) {
  try {
    const body = JSON.parse(text);
    return body !== null && typeof body === "object" && !Array.isArray(body) ? body : null;
  } catch {
    return null;
  }
}

/**
 * One request to the simulator. `reply` and `fault` get the request before the answer. The fields from `slot` on are set
 * when the request is placed on a slot.
 *
 * @typedef {object} TaasRequest
 * @property {number} index  Position in `requests`.
 * @property {number} time  When it arrived, ms since 1970.
 * @property {number} port  The client's port of the connection.
 * @property {string} method
 * @property {string} path
 * @property {string[]} rawHeaders  Names and values in turn, as they came.
 * @property {Record<string, string>} headers  The same by lower-case name.
 * @property {string} rawBody  The body's bytes, read as UTF-8.
 * @property {object | null} body  The parsed body.
 * @property {string | null} api  `openai-completions`, `openai-responses`, `anthropic-messages`.
 * @property {boolean} stream
 * @property {string} model
 * @property {string} conversation  Key of the conversation, from its first user message.
 * @property {string} firstUserText
 * @property {string} lastUserText
 * @property {number} userTurns
 * @property {boolean} isFollowUp  Whether the request has tool results.
 * @property {string[]} toolResults  Their texts.
 * @property {string[]} toolNames  Tools on offer.
 * @property {string | null} sessionId
 * @property {string | null} agentId
 * @property {import("./upstream.mjs").Call | null} call  The call that was placed; null without a slot.
 * @property {string[]} issuedCalls  Ids of the tool calls in the answer.
 * @property {number | null} slot  Null without a slot (a fault).
 * @property {"pinned" | "drawn" | "recognised" | "guessed" | null} placed  How the slot was chosen.
 * @property {number} inputTokens  All prompt tokens, cached ones included.
 * @property {number} cachedTokens
 * @property {number} outputTokens
 * @property {number | null} status  Null for a reset connection.
 * @property {Record<string, string>} routeHeaders  The response headers beyond the standard ones.
 * @property {boolean} stalled  Whether the answer stopped before its end.
 * @property {boolean} finished  Whether the whole answer was sent.
 */

/**
 * @typedef {object} TaasReply
 * @property {string} [text]
 * @property {string} [reasoning]  The model's reasoning before the text; see `sim/apis`.
 * @property {number} [pieces]  The number of pieces in which text and reasoning are streamed.
 * @property {{name: string, arguments: object}[]} [toolCalls]
 * @property {Record<string, string | null>} [headers]  Replaces response headers; null leaves one out.
 * @property {(usage: object) => object[]} [usage]  Makes the usage objects that are sent, in their order, from the
 *   API's usual one. An empty list sends none.
 */

/**
 * @typedef {object} TaasFault
 * @property {number} [status]  Answer with this instead of a slot's answer; no slot is reached.
 * @property {string} [message]  The message of that error.
 * @property {Record<string, string>} [headers]  Headers of that answer (`Retry-After`, …).
 * @property {boolean | "midstream"} [reset]  Cut the connection, at once or within the answer.
 * @property {number} [delayMs]  Wait before the response's headers are sent.
 * @property {number} [stallAfter]  Send this number of chunks of a streamed answer, then nothing until the
 *   client disconnects.
 * @property {number} [chunkDelayMs]  Wait before every chunk of a streamed answer.
 */

/**
 * Starts the simulator.
 *
 * @param {object} [options]
 * @param {number} [options.slots]  Upstream slots.
 * @param {"random" | "guess"} [options.anonymous]  How a request without an identity gets its slot.
 * @param {string | number} [options.seed]  Equal seeds and equal requests give equal draws.
 * @param {boolean} [options.autorouted]  Whether answers carry the autorouter's headers.
 * @param {number} [options.blocksPerSlot]  Size of a slot's cache, in blocks of 64 tokens.
 * @param {(request: TaasRequest) => string | TaasReply | undefined | Promise<any>} [options.reply]
 * @param {(request: TaasRequest) => TaasFault | undefined | Promise<any>} [options.fault]
 */
export async function startTaas({
  slots = 8,
  anonymous = "random",
  seed = 1,
  autorouted = true,
  blocksPerSlot = BLOCKS_PER_SLOT,
  reply = undefined,
  fault = undefined,
} = {}) {
  if (!["random", "guess"].includes(anonymous)) {
    throw new TypeError(`anonymous must be "random" or "guess", not ${JSON.stringify(anonymous)}`);
  }
  const upstream = createUpstream({ slots, anonymous, seed, blocksPerSlot, common: commonKeys });
  const requests = [];
  const strays = [];
  let issued = 0;

  /** The facts by which a request is placed. */
  function callOf(request, view, prompt) {
    return {
      sessionId: request.sessionId,
      agentId: request.agentId,
      isFirstTurn: view.assistantTurns === 0,
      frame: digest(JSON.stringify(view.instructions, canonical), view.toolNames.join()),
      conversation: request.conversation,
      answeredCalls: view.toolResultIds.map(issuedId).filter((id) => id !== undefined),
      inputTokens: estimateTokens(prompt),
      time: request.time,
      prompt: blockKeys(prompt),
    };
  }

  function describe(incoming, rawBody) {
    const path = incoming.url.split("?")[0];
    const api =
      incoming.method === "POST"
        ? (Object.keys(APIS).find((name) => APIS[name].path.test(path)) ?? null)
        : null;
    const body = parseBody(rawBody);
    const view = api !== null && body !== null ? APIS[api].read(body) : null;
    const request = {
      index: -1,
      time: Date.now(),
      port: incoming.socket.remotePort,
      method: incoming.method,
      path: incoming.url,
      rawHeaders: incoming.rawHeaders,
      headers: incoming.headers,
      rawBody,
      body,
      api,
      stream: body?.stream === true,
      model: String(body?.model ?? ""),
      conversation: digest(view?.userTexts[0] ?? ""),
      firstUserText: view?.userTexts[0] ?? "",
      lastUserText: view?.userTexts.at(-1) ?? "",
      userTurns: view?.userTexts.length ?? 0,
      isFollowUp: (view?.toolResultIds.length ?? 0) > 0,
      toolResults: view?.toolResults ?? [],
      toolNames: view?.toolNames ?? [],
      ...identityOf(incoming.headers, body?.metadata),
      call: null,
      issuedCalls: [],
      slot: null,
      placed: null,
      inputTokens: 0,
      cachedTokens: 0,
      outputTokens: 0,
      status: null,
      routeHeaders: {},
      stalled: false,
      finished: false,
    };
    return { request, view };
  }

  function routeHeaders(request, overrides = {}) {
    const headers = {
      "X-Request-Id": `req-${seed}-${request.index}`,
      "X-Trace-Id": digest("trace", String(seed), String(request.index)),
    };
    if (autorouted) {
      Object.assign(headers, {
        "X-TaaS-Autorouted": "true",
        "X-TaaS-Autorouter-Model": `sim/upstream-${request.slot}`,
        "X-TaaS-Autorouter-Mode": "balanced",
        "X-TaaS-Autorouter-Algorithm-Source": "default",
        "X-TaaS-Thinking-Applied": "low",
        "X-TaaS-Routed-Context-Window": "262144",
      });
    }
    for (const name of ["X-OpenClaw-Turn-Id", "X-OpenClaw-Attempt"]) {
      const value = request.headers[name.toLowerCase()];
      if (value !== undefined) headers[name] = value;
    }
    for (const [name, value] of Object.entries(overrides)) {
      for (const present of Object.keys(headers)) {
        if (present.toLowerCase() === name.toLowerCase()) delete headers[present];
      }
      if (value !== null) headers[name] = value;
    }
    return headers;
  }

  async function answerModelCall(request, view, response) {
    request.index = requests.push(request) - 1;
    const trouble = (await fault?.(request)) ?? {};
    if (trouble.delayMs) await sleep(trouble.delayMs);
    if (trouble.reset === true) return response.destroy();
    if (trouble.status !== undefined) {
      request.status = trouble.status;
      const error = {
        type: "simulated",
        code: "simulated",
        message: trouble.message ?? `simulated ${trouble.status}`,
      };
      sendJson(response, trouble.status, trouble.headers, { type: "error", error });
      request.finished = true;
      return;
    }

    request.call = callOf(request, view, promptText(view.prompt));
    const { slot, placed, knownBlocks } = upstream.serve(request.call);
    const { inputTokens, prompt } = request.call;
    const cachedTokens = knownBlocks * TOKENS_PER_BLOCK;
    Object.assign(request, { slot, placed, inputTokens, cachedTokens });

    const given = (await reply?.(request)) ?? `Noted: ${clip(request.lastUserText, 60)}`;
    const {
      text = "",
      reasoning = "",
      pieces = 4,
      toolCalls = [],
      headers,
      usage = (usual) => [usual],
    } = typeof given === "string" ? { text: given } : given;
    const calls = toolCalls.map((call) => {
      issued += 1;
      // Only letters and digits, because clients rewrite other characters; see TOOL_CALL_ID.
      const id = `call${digest("call", String(seed), String(issued))}`;
      request.issuedCalls.push(id);
      upstream.askedForTool(id, slot);
      return { id, name: call.name, arguments: JSON.stringify(call.arguments ?? {}) };
    });
    request.outputTokens = estimateTokens(
      reasoning + text + calls.map((call) => call.arguments).join(""),
    );
    request.routeHeaders = routeHeaders(request, headers);
    request.status = 200;

    const api = APIS[request.api];
    const answer = {
      id: digest("answer", String(seed), String(request.index)),
      created: Math.floor(request.time / 1000),
      model: request.model,
      text,
      pieces: inPieces(text, pieces),
      reasoning,
      thoughts: inPieces(reasoning, pieces),
      calls,
      inputTokens: request.inputTokens,
      cachedTokens: request.cachedTokens,
      writtenTokens: prompt.length * TOKENS_PER_BLOCK - request.cachedTokens,
      outputTokens: request.outputTokens,
    };
    answer.usages = usage(api.usage(answer));
    if (!request.stream) {
      sendJson(response, 200, request.routeHeaders, api.whole(answer));
      request.finished = true;
      return;
    }
    response.writeHead(200, {
      ...request.routeHeaders,
      "Content-Type": "text/event-stream",
      "Cache-Control": "no-cache",
    });
    let sent = 0;
    for (const event of api.events(answer, request.body)) {
      if (trouble.chunkDelayMs) await sleep(trouble.chunkDelayMs);
      if (response.destroyed) return;
      if (trouble.stallAfter === sent) {
        request.stalled = true;
        return;
      }
      if (trouble.reset === "midstream" && sent === 2) return response.destroy();
      const name = event.event ? `event: ${event.event}\n` : "";
      response.write(`${name}data: ${event.raw ?? JSON.stringify(event.data)}\n\n`);
      sent += 1;
      // Lets each chunk leave separately, so that the client receives several chunks.
      await new Promise((resolve) => setImmediate(resolve));
    }
    response.end();
    request.finished = true;
  }

  function sendJson(response, status, headers, body) {
    response.writeHead(status, { ...headers, "Content-Type": "application/json" });
    response.end(JSON.stringify(body));
  }

  const server = createServer(async (incoming, response) => {
    try {
      const { request, view } = describe(incoming, await readBody(incoming));
      if (view !== null) return await answerModelCall(request, view, response);
      strays.push(request);
      request.status = request.api === null ? 404 : 400;
      sendJson(
        response,
        request.status,
        {},
        { error: { message: `no model call: ${request.path}` } },
      );
    } catch (error) {
      // An error in a test's `reply` or `fault` must fail the test and not end the process.
      strays.push({ path: incoming.url, error });
      if (response.headersSent) response.destroy();
      else sendJson(response, 500, {}, { error: { message: String(error) } });
    }
  });
  // A turn may take longer than Node's default of five seconds.
  server.keepAliveTimeout = 60_000;
  await new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address();

  return {
    url: `http://127.0.0.1:${port}`,
    port,
    /** @type {TaasRequest[]} Model calls, in order of arrival. */
    requests,
    /** Requests that are not model calls, and errors of `reply` and `fault`. */
    strays,
    stats: () => summarise(requests),
    async close() {
      if (!server.listening) return;
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

/**
 * The sums over a list of requests. A request without a slot only counts as a request.
 *
 * @param {TaasRequest[]} requests
 */
export function summarise(requests) {
  const served = requests.filter((request) => request.slot !== null);
  const slotsOf = new Map();
  for (const request of served) {
    if (!slotsOf.has(request.conversation)) slotsOf.set(request.conversation, new Set());
    slotsOf.get(request.conversation).add(request.slot);
  }
  const sum = (field) => served.reduce((total, request) => total + request[field], 0);
  const inputTokens = sum("inputTokens");
  const cachedTokens = sum("cachedTokens");
  return {
    requests: requests.length,
    served: served.length,
    conversations: slotsOf.size,
    slotsPerConversation: Object.fromEntries([...slotsOf].map(([key, set]) => [key, set.size])),
    inputTokens,
    cachedTokens,
    hitRate: inputTokens === 0 ? 0 : cachedTokens / inputTokens,
  };
}
