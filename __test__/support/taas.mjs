/**
 * An embedded TaaS on loopback: a real HTTP server that speaks the three model APIs and models the
 * one thing that affinity is about, which is that a prompt cache lives on one upstream slot.
 *
 * What is modelled, and what is not:
 *
 * - A prompt is the request's tools, then its instructions, then its messages, in that order, each
 *   written as compact JSON. Nothing else of the request belongs to it: not `metadata`, not the
 *   model's name, not sampling options, and not `cache_control`, which marks places and is not text.
 * - Four characters count as one token. That is a rule of thumb for English; what matters here is
 *   that it is the same for every phase and that equal prefixes give equal counts.
 * - A slot remembers blocks of 64 tokens. A block's key is a hash chained over all blocks before
 *   it, so a block can only be found where the whole prompt up to it is the same, byte for byte.
 *   The unfinished last block is never cached. The slot drops the least recently used blocks.
 * - A request with both a session id and an agent id goes to its session's slot. A request with
 *   only one of them, or none, is anonymous, because the service trusts only the pair.
 * - An anonymous request is drawn at random ("random"), or its slot is guessed ("guess").
 * - Caches do not expire with time and slots are never full or down; `fault` makes failures.
 */
import { createHash } from "node:crypto";
import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

const CHARS_PER_TOKEN = 4;
const TOKENS_PER_BLOCK = 64;
const CHARS_PER_BLOCK = CHARS_PER_TOKEN * TOKENS_PER_BLOCK;

/** How sure the service's guess is, as its documentation gives it. */
export const CONFIDENCE = Object.freeze({ toolResult: 1, conversation: 0.85, firstTurn: 0.3 });

/** A small seeded generator (mulberry32): the same seed gives the same draws on every machine. */
function seededRandom(seed) {
  let state = createHash("sha256").update(String(seed)).digest().readUInt32LE(0);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const digest = (...parts) => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part).update("\0");
  return hash.digest("hex").slice(0, 16);
};

const estimateTokens = (text) => Math.ceil(text.length / CHARS_PER_TOKEN);

/** The keys of a prompt's complete blocks; each key stands for the whole prompt up to its block. */
function blockKeys(prompt) {
  const keys = [];
  let previous = "";
  for (let end = CHARS_PER_BLOCK; end <= prompt.length; end += CHARS_PER_BLOCK) {
    previous = digest(previous, prompt.slice(end - CHARS_PER_BLOCK, end));
    keys.push(previous);
  }
  return keys;
}

/** One upstream slot's prompt cache. A Map keeps insertion order, which makes it the LRU list. */
class PrefixCache {
  #blocks = new Map();
  #limit;

  constructor(limit) {
    this.#limit = limit;
  }

  /** How many leading blocks are known; afterwards all of them are. */
  lookUpAndStore(keys) {
    let known = 0;
    while (known < keys.length && this.#blocks.has(keys[known])) known += 1;
    // From the last to the first, so that a prompt's head is the freshest and outlives its tail:
    // a tail without its head could never be found again.
    for (const key of keys.toReversed()) {
      this.#blocks.delete(key);
      this.#blocks.set(key, true);
    }
    for (const oldest of this.#blocks.keys()) {
      if (this.#blocks.size <= this.#limit) break;
      this.#blocks.delete(oldest);
    }
    return known;
  }
}

/**
 * Two requests that say the same must count as the same. Clients mark places to cache, and to mark a
 * message they must write its text as a list of one part; the next turn writes it as a string again.
 */
function canonical(key, value) {
  if (key === "cache_control") return undefined;
  return key === "content" && typeof value === "string" ? [{ type: "text", text: value }] : value;
}
const promptText = (parts) =>
  parts
    .filter((part) => part !== undefined)
    .map((part) => JSON.stringify(part, canonical))
    .join("\n");

/** The text of a message's content, which is a string or a list of parts in all three APIs. */
function contentText(content) {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content
    .filter((part) => typeof part?.text === "string")
    .map((part) => part.text)
    .join("\n");
}

/**
 * The host adds notes of its own after the conversation, as user messages that change from turn to
 * turn and are not kept. They are part of the prompt, but nobody said them.
 */
const isHostNote = (message) =>
  message.role === "user" &&
  contentText(message.content).startsWith("<<<BEGIN_OPENCLAW_INTERNAL_CONTEXT>>>");
const withoutHostNotes = (messages) => messages.filter((message) => !isHostNote(message));

const trailing = (list, belongs) => list.slice(list.findLastIndex((item) => !belongs(item)) + 1);

/**
 * The three APIs, brought to one view. `read` understands a request, `whole` and `events` write an
 * answer without and with streaming.
 */
const APIS = {
  "openai-completions": {
    path: /\/chat\/completions$/,
    read(body) {
      const messages = withoutHostNotes(body.messages ?? []);
      const isTool = (message) => message.role === "tool";
      return {
        prompt: [body.tools, ...(body.messages ?? [])],
        instructions: messages.filter((m) => m.role === "system" || m.role === "developer"),
        userTexts: messages.filter((m) => m.role === "user").map((m) => contentText(m.content)),
        assistantTurns: messages.filter((m) => m.role === "assistant").length,
        toolResultIds: trailing(messages, isTool).map((m) => m.tool_call_id),
        toolResults: trailing(messages, isTool).map((m) => contentText(m.content)),
        toolNames: (body.tools ?? []).map((tool) => tool.function?.name),
      };
    },
    usage: ({ inputTokens, cachedTokens, outputTokens }) => ({
      prompt_tokens: inputTokens,
      completion_tokens: outputTokens,
      total_tokens: inputTokens + outputTokens,
      prompt_tokens_details: { cached_tokens: cachedTokens },
    }),
    toolCalls: (calls) =>
      calls.map((call, index) => ({
        index,
        id: call.id,
        type: "function",
        function: { name: call.name, arguments: call.arguments },
      })),
    whole(answer) {
      const message = { role: "assistant", content: answer.text || null };
      if (answer.calls.length > 0) {
        message.tool_calls = this.toolCalls(answer.calls).map(({ index: _index, ...call }) => call);
      }
      return {
        id: `chatcmpl-${answer.id}`,
        object: "chat.completion",
        created: answer.created,
        model: answer.model,
        choices: [
          { index: 0, message, finish_reason: answer.calls.length > 0 ? "tool_calls" : "stop" },
        ],
        usage: this.usage(answer),
      };
    },
    *events(answer, body) {
      const chunk = (delta, finishReason = null) => ({
        data: {
          id: `chatcmpl-${answer.id}`,
          object: "chat.completion.chunk",
          created: answer.created,
          model: answer.model,
          choices: [{ index: 0, delta, finish_reason: finishReason }],
        },
      });
      yield chunk({ role: "assistant", content: "" });
      for (const piece of answer.pieces) yield chunk({ content: piece });
      for (const call of this.toolCalls(answer.calls)) yield chunk({ tool_calls: [call] });
      yield chunk({}, answer.calls.length > 0 ? "tool_calls" : "stop");
      if (body.stream_options?.include_usage) {
        const last = chunk({}).data;
        yield { data: { ...last, choices: [], usage: this.usage(answer) } };
      }
      yield { raw: "[DONE]" };
    },
  },

  "openai-responses": {
    path: /\/responses$/,
    read(body) {
      const all =
        typeof body.input === "string"
          ? [{ role: "user", content: body.input }]
          : (body.input ?? []);
      const input = withoutHostNotes(all);
      const isTool = (item) => item.type === "function_call_output";
      return {
        prompt: [body.tools, body.instructions, ...all],
        instructions: [
          body.instructions ?? "",
          ...input.filter((i) => i.role === "system" || i.role === "developer"),
        ],
        userTexts: input.filter((i) => i.role === "user").map((i) => contentText(i.content)),
        assistantTurns: input.filter((i) => i.role === "assistant" || i.type === "function_call")
          .length,
        toolResultIds: trailing(input, isTool).map((i) => i.call_id),
        toolResults: trailing(input, isTool).map((i) => contentText(i.output)),
        toolNames: (body.tools ?? []).map((tool) => tool.name),
      };
    },
    usage: ({ inputTokens, cachedTokens, outputTokens }) => ({
      input_tokens: inputTokens,
      input_tokens_details: { cached_tokens: cachedTokens },
      output_tokens: outputTokens,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: inputTokens + outputTokens,
    }),
    items(answer) {
      const items = [];
      if (answer.text) {
        items.push({
          type: "message",
          id: `msg_${answer.id}`,
          role: "assistant",
          status: "completed",
          content: [{ type: "output_text", text: answer.text, annotations: [] }],
        });
      }
      for (const call of answer.calls) {
        items.push({
          type: "function_call",
          id: `fc_${call.id}`,
          call_id: call.id,
          name: call.name,
          arguments: call.arguments,
          status: "completed",
        });
      }
      return items;
    },
    whole(answer) {
      return {
        id: `resp_${answer.id}`,
        object: "response",
        created_at: answer.created,
        status: "completed",
        model: answer.model,
        output: this.items(answer),
        parallel_tool_calls: true,
        usage: this.usage(answer),
      };
    },
    *events(answer) {
      let sequence = 0;
      const event = (type, fields) => ({
        event: type,
        data: { type, sequence_number: sequence++, ...fields },
      });
      const begun = { ...this.whole(answer), status: "in_progress", output: [], usage: null };
      yield event("response.created", { response: begun });
      yield event("response.in_progress", { response: begun });
      for (const [index, item] of this.items(answer).entries()) {
        const at = { item_id: item.id, output_index: index };
        const open = item.type === "message" ? { content: [] } : { arguments: "" };
        yield event("response.output_item.added", {
          output_index: index,
          item: { ...item, ...open, status: "in_progress" },
        });
        if (item.type === "message") {
          const part = { ...at, content_index: 0 };
          yield event("response.content_part.added", {
            ...part,
            part: { type: "output_text", text: "", annotations: [] },
          });
          for (const piece of answer.pieces) {
            yield event("response.output_text.delta", { ...part, delta: piece });
          }
          yield event("response.output_text.done", { ...part, text: answer.text });
          yield event("response.content_part.done", { ...part, part: item.content[0] });
        } else {
          yield event("response.function_call_arguments.delta", { ...at, delta: item.arguments });
          yield event("response.function_call_arguments.done", {
            ...at,
            arguments: item.arguments,
          });
        }
        yield event("response.output_item.done", { output_index: index, item });
      }
      yield event("response.completed", { response: this.whole(answer) });
    },
  },

  "anthropic-messages": {
    path: /\/messages$/,
    read(body) {
      const messages = withoutHostNotes(body.messages ?? []);
      const results = Array.isArray(messages.at(-1)?.content)
        ? messages.at(-1).content.filter((part) => part.type === "tool_result")
        : [];
      // A tool result travels in a message of role "user" but is not something the user said.
      const spoken = (message) =>
        message.role === "user" &&
        !(Array.isArray(message.content) && message.content.some((p) => p.type === "tool_result"));
      return {
        prompt: [body.tools, body.system, ...(body.messages ?? [])],
        instructions: [body.system ?? ""],
        userTexts: messages.filter(spoken).map((m) => contentText(m.content)),
        assistantTurns: messages.filter((m) => m.role === "assistant").length,
        toolResultIds: results.map((part) => part.tool_use_id),
        toolResults: results.map((part) => contentText(part.content)),
        toolNames: (body.tools ?? []).map((tool) => tool.name),
      };
    },
    // Here the three counts are disjoint: `input_tokens` is what neither was read nor written.
    usage: ({ inputTokens, cachedTokens, writtenTokens, outputTokens }) => ({
      input_tokens: inputTokens - cachedTokens - writtenTokens,
      cache_read_input_tokens: cachedTokens,
      cache_creation_input_tokens: writtenTokens,
      output_tokens: outputTokens,
    }),
    blocks(answer) {
      const blocks = answer.text ? [{ type: "text", text: answer.text }] : [];
      for (const call of answer.calls) {
        blocks.push({
          type: "tool_use",
          id: call.id,
          name: call.name,
          input: JSON.parse(call.arguments),
        });
      }
      return blocks;
    },
    whole(answer) {
      return {
        id: `msg_${answer.id}`,
        type: "message",
        role: "assistant",
        model: answer.model,
        content: this.blocks(answer),
        stop_reason: answer.calls.length > 0 ? "tool_use" : "end_turn",
        stop_sequence: null,
        usage: this.usage(answer),
      };
    },
    *events(answer) {
      const event = (type, fields) => ({ event: type, data: { type, ...fields } });
      const whole = this.whole(answer);
      yield event("message_start", {
        message: {
          ...whole,
          content: [],
          stop_reason: null,
          usage: { ...whole.usage, output_tokens: 1 },
        },
      });
      for (const [index, block] of whole.content.entries()) {
        const isText = block.type === "text";
        const start = isText ? { ...block, text: "" } : { ...block, input: {} };
        yield event("content_block_start", { index, content_block: start });
        const deltas = isText
          ? answer.pieces.map((text) => ({ type: "text_delta", text }))
          : [{ type: "input_json_delta", partial_json: JSON.stringify(block.input) }];
        for (const delta of deltas) yield event("content_block_delta", { index, delta });
        yield event("content_block_stop", { index });
      }
      yield event("message_delta", {
        delta: { stop_reason: whole.stop_reason, stop_sequence: null },
        usage: whole.usage,
      });
      yield event("message_stop", {});
    },
  },
};

/** A few pieces of about equal size, cut between code points. */
function inPieces(text, count = 4) {
  const points = [...text];
  const size = Math.max(1, Math.ceil(points.length / count));
  const pieces = [];
  for (let at = 0; at < points.length; at += size)
    pieces.push(points.slice(at, at + size).join(""));
  return pieces;
}

const TOOL_CALL_ID = /call[0-9a-f]{16}/;

/** Clients put an id of their own around the one that was issued; ours is still in it. */
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
 * One request as the simulator saw it. `reply` and `fault` get it before it is answered; the fields
 * from `slot` on are filled in when it is placed on a slot.
 *
 * @typedef {object} TaasRequest
 * @property {number} index  Position in `requests`.
 * @property {number} time  When it arrived, ms since 1970.
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
 * @property {boolean} isFollowUp  Whether it hands in tool results.
 * @property {string[]} toolResults  Their texts.
 * @property {string[]} toolNames  Tools on offer.
 * @property {string | null} sessionId
 * @property {string | null} agentId
 * @property {number | null} slot  Null where no slot was reached (a fault).
 * @property {"pinned" | "drawn" | "recognised" | "guessed" | null} placed  How the slot was found.
 * @property {number} inputTokens  All prompt tokens, cached ones included.
 * @property {number} cachedTokens
 * @property {number} outputTokens
 * @property {number | null} status  What was answered; null for a reset connection.
 * @property {Record<string, string>} routeHeaders  What was sent beside the standard headers.
 * @property {boolean} finished  Whether the whole answer was handed to the client.
 */

/**
 * @typedef {object} TaasReply
 * @property {string} [text]
 * @property {{name: string, arguments: object}[]} [toolCalls]
 * @property {Record<string, string | null>} [headers]  Replaces response headers; null leaves one out.
 */

/**
 * @typedef {object} TaasFault
 * @property {number} [status]  Answer with this instead of a slot's answer; no slot is reached.
 * @property {Record<string, string>} [headers]  Headers of that answer (`Retry-After`, …).
 * @property {boolean | "midstream"} [reset]  Cut the connection, at once or within the answer.
 * @property {number} [delayMs]  Wait before the response's headers are sent.
 * @property {number} [chunkDelayMs]  Wait before every chunk of a streamed answer.
 */

/**
 * Starts the simulator.
 *
 * @param {object} [options]
 * @param {number} [options.slots]  Upstream slots.
 * @param {"random" | "guess"} [options.anonymous]  What happens to a request without an identity.
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
  blocksPerSlot = 8192,
  reply = undefined,
  fault = undefined,
} = {}) {
  if (!["random", "guess"].includes(anonymous)) {
    throw new TypeError(`anonymous must be "random" or "guess", not ${JSON.stringify(anonymous)}`);
  }
  const random = seededRandom(seed);
  const draw = () => Math.floor(random() * slots);
  const caches = Array.from({ length: slots }, () => new PrefixCache(blocksPerSlot));
  const slotOfSession = new Map();
  const slotOfToolCall = new Map();
  const slotOfStructure = new Map();
  const requests = [];
  const strays = [];
  let issued = 0;

  /** Which slot an anonymous request goes to when the service tries to guess. */
  function guess(request, view) {
    const known = view.toolResultIds
      .map((id) => slotOfToolCall.get(issuedId(id)))
      .find((slot) => slot !== undefined);
    if (known !== undefined && random() < CONFIDENCE.toolResult) {
      return { slot: known, placed: "recognised" };
    }
    const firstTurn = view.assistantTurns === 0;
    const confidence = firstTurn ? CONFIDENCE.firstTurn : CONFIDENCE.conversation;
    const pointed = slotOfStructure.get(structureOf(request, view, firstTurn));
    // One draw decides whether the guess holds, whatever is known, so that the sequence of draws
    // depends on the requests alone.
    const holds = random() < confidence;
    if (holds && pointed !== undefined) return { slot: pointed, placed: "guessed" };
    return { slot: draw(), placed: "drawn" };
  }

  /** A first turn can be told only by its instructions and tools, later ones by how they began. */
  function structureOf(request, view, firstTurn) {
    const frame = digest(JSON.stringify(view.instructions, canonical), view.toolNames.join());
    return firstTurn ? frame : `conversation:${request.conversation}`;
  }

  function place(request, view) {
    if (request.sessionId !== null && request.agentId !== null) {
      if (!slotOfSession.has(request.sessionId)) slotOfSession.set(request.sessionId, draw());
      return { slot: slotOfSession.get(request.sessionId), placed: "pinned" };
    }
    return anonymous === "guess" ? guess(request, view) : { slot: draw(), placed: "drawn" };
  }

  function describe(incoming, rawBody) {
    const path = incoming.url.split("?")[0];
    const api =
      incoming.method === "POST"
        ? (Object.keys(APIS).find((name) => APIS[name].path.test(path)) ?? null)
        : null;
    const body = parseBody(rawBody);
    const view = api !== null && body !== null ? APIS[api].read(body) : null;
    const metadata = body?.metadata;
    const known = (value) => (typeof value === "string" && value.trim() !== "" ? value : null);
    const request = {
      index: -1,
      time: Date.now(),
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
      sessionId: known(incoming.headers["x-session-id"]) ?? known(metadata?.session_id),
      agentId:
        known(incoming.headers["x-openclaw-agent-id"]) ??
        known(metadata?.openclaw_correlation?.agent_id),
      slot: null,
      placed: null,
      inputTokens: 0,
      cachedTokens: 0,
      outputTokens: 0,
      status: null,
      routeHeaders: {},
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
        message: `simulated ${trouble.status}`,
      };
      sendJson(response, trouble.status, trouble.headers, { type: "error", error });
      request.finished = true;
      return;
    }

    const { slot, placed } = place(request, view);
    Object.assign(request, { slot, placed });
    const prompt = promptText(view.prompt);
    const keys = blockKeys(prompt);
    request.inputTokens = estimateTokens(prompt);
    request.cachedTokens = caches[slot].lookUpAndStore(keys) * TOKENS_PER_BLOCK;
    const frame = structureOf(request, view, true);
    slotOfStructure.set(frame, slot);
    slotOfStructure.set(structureOf(request, view, false), slot);

    const given = (await reply?.(request)) ?? `Noted: ${clip(request.lastUserText, 60)}`;
    const {
      text = "",
      toolCalls = [],
      headers,
    } = typeof given === "string" ? { text: given } : given;
    const calls = toolCalls.map((call) => {
      issued += 1;
      // Letters and digits alone, because clients rewrite other characters; see TOOL_CALL_ID.
      const id = `call${digest("call", String(seed), String(issued))}`;
      slotOfToolCall.set(id, slot);
      return { id, name: call.name, arguments: JSON.stringify(call.arguments ?? {}) };
    });
    request.outputTokens = estimateTokens(text + calls.map((call) => call.arguments).join(""));
    request.routeHeaders = routeHeaders(request, headers);
    request.status = 200;

    const api = APIS[request.api];
    const answer = {
      id: digest("answer", String(seed), String(request.index)),
      created: Math.floor(request.time / 1000),
      model: request.model,
      text,
      pieces: inPieces(text),
      calls,
      inputTokens: request.inputTokens,
      cachedTokens: request.cachedTokens,
      writtenTokens: keys.length * TOKENS_PER_BLOCK - request.cachedTokens,
      outputTokens: request.outputTokens,
    };
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
      if (trouble.reset === "midstream" && sent === 2) return response.destroy();
      const name = event.event ? `event: ${event.event}\n` : "";
      response.write(`${name}data: ${event.raw ?? JSON.stringify(event.data)}\n\n`);
      sent += 1;
      // Let each chunk leave on its own: a client must meet chunks, not one lump.
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
      // A mistake in a test's own `reply` or `fault` must be seen there, not end the process.
      strays.push({ path: incoming.url, error });
      if (response.headersSent) response.destroy();
      else sendJson(response, 500, {}, { error: { message: String(error) } });
    }
  });
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
    /** Anything else that arrived, and errors of `reply` and `fault`. */
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
 * What a list of requests amounts to. Requests that reached no slot count as requests only.
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
