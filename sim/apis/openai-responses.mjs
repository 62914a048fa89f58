// The API `openai-responses`: reads a request, and writes an answer whole or as a stream.

import { contentText, trailing, withoutHostNotes } from "./prompt.mjs";

export const responses = {
  path: /\/responses$/,
  read(body) {
    const all =
      typeof body.input === "string" ? [{ role: "user", content: body.input }] : (body.input ?? []);
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
    if (answer.reasoning) {
      items.push({
        type: "reasoning",
        id: `rs_${answer.id}`,
        status: "completed",
        summary: [{ type: "summary_text", text: answer.reasoning }],
        encrypted_content: Buffer.from(`sealed ${answer.reasoning}`).toString("base64"),
      });
    }
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
      usage: answer.usages.at(-1) ?? null,
    };
  },
  *events(answer) {
    let sequence = 0;
    const event = (type, fields) => ({
      event: type,
      data: { type, sequence_number: sequence++, ...fields },
    });
    const [early = null] = answer.usages.slice(0, -1);
    const begun = { ...this.whole(answer), status: "in_progress", output: [], usage: early };
    yield event("response.created", { response: begun });
    yield event("response.in_progress", { response: begun });
    for (const [index, item] of this.items(answer).entries()) {
      const at = { item_id: item.id, output_index: index };
      const open = { message: { content: [] }, reasoning: { summary: [] } };
      yield event("response.output_item.added", {
        output_index: index,
        item: { ...item, ...(open[item.type] ?? { arguments: "" }), status: "in_progress" },
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
      } else if (item.type === "reasoning") {
        const part = { ...at, summary_index: 0 };
        yield event("response.reasoning_summary_part.added", {
          ...part,
          part: { type: "summary_text", text: "" },
        });
        for (const thought of answer.thoughts) {
          yield event("response.reasoning_summary_text.delta", { ...part, delta: thought });
        }
        yield event("response.reasoning_summary_text.done", { ...part, text: answer.reasoning });
        yield event("response.reasoning_summary_part.done", { ...part, part: item.summary[0] });
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
};
