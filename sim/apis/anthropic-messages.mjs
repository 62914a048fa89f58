// The API `anthropic-messages`: reads a request, and writes an answer whole or as a stream.

import { contentText, withoutHostNotes } from "./prompt.mjs";

export const messages = {
  path: /\/messages$/,
  read(body) {
    const messages = withoutHostNotes(body.messages ?? []);
    const results = Array.isArray(messages.at(-1)?.content)
      ? messages.at(-1).content.filter((part) => part.type === "tool_result")
      : [];
    // A tool result is in a message of role "user" but is not a message of the user.
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
  // The three counts are disjoint: `input_tokens` excludes tokens read from or written to the cache.
  usage: ({ inputTokens, cachedTokens, writtenTokens, outputTokens }) => ({
    input_tokens: inputTokens - cachedTokens - writtenTokens,
    cache_read_input_tokens: cachedTokens,
    cache_creation_input_tokens: writtenTokens,
    output_tokens: outputTokens,
  }),
  blocks(answer) {
    const blocks = [];
    if (answer.reasoning) {
      const signature = Buffer.from(`signed ${answer.reasoning}`).toString("base64");
      blocks.push({ type: "thinking", thinking: answer.reasoning, signature });
    }
    if (answer.text) blocks.push({ type: "text", text: answer.text });
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
  /** The start event of a block, and the field that is streamed in pieces. */
  stream: {
    text: (_block, { pieces }) => ({
      start: { text: "" },
      deltas: pieces.map((text) => ({ type: "text_delta", text })),
    }),
    thinking: ({ signature }, { thoughts }) => ({
      start: { thinking: "", signature: "" },
      deltas: [
        ...thoughts.map((thinking) => ({ type: "thinking_delta", thinking })),
        { type: "signature_delta", signature },
      ],
    }),
    tool_use: ({ input }) => ({
      start: { input: {} },
      deltas: [{ type: "input_json_delta", partial_json: JSON.stringify(input) }],
    }),
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
      ...(answer.usages.length > 0 && { usage: answer.usages.at(-1) }),
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
        ...(whole.usage && { usage: { ...answer.usages[0], output_tokens: 1 } }),
      },
    });
    for (const [index, block] of whole.content.entries()) {
      const { start, deltas } = this.stream[block.type](block, answer);
      yield event("content_block_start", { index, content_block: { ...block, ...start } });
      for (const delta of deltas) yield event("content_block_delta", { index, delta });
      yield event("content_block_stop", { index });
    }
    yield event("message_delta", {
      delta: { stop_reason: whole.stop_reason, stop_sequence: null },
      ...(whole.usage && { usage: whole.usage }),
    });
    yield event("message_stop", {});
  },
};
