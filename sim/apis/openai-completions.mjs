// The API `openai-completions`: reads a request, and writes an answer whole or as a stream.

import { contentText, trailing, withoutHostNotes } from "./prompt.mjs";

export const completions = {
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
    // OpenAI's API does not have this field. DeepSeek introduced it, and most servers of open models send it.
    if (answer.reasoning) message.reasoning_content = answer.reasoning;
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
      ...(answer.usages.length > 0 && { usage: answer.usages.at(-1) }),
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
    for (const thought of answer.thoughts) yield chunk({ reasoning_content: thought });
    for (const piece of answer.pieces) yield chunk({ content: piece });
    for (const call of this.toolCalls(answer.calls)) yield chunk({ tool_calls: [call] });
    yield chunk({}, answer.calls.length > 0 ? "tool_calls" : "stop");
    if (body.stream_options?.include_usage) {
      const last = chunk({}).data;
      for (const usage of answer.usages) yield { data: { ...last, choices: [], usage } };
    }
    yield { raw: "[DONE]" };
  },
};
