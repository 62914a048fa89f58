// Models that the host treats specially over the three APIs: by their names, by the settings of their
// entry (`compat`), by their parameters and by how much they are told to think.

/** @typedef {{id: string, thinking?: string, compat?: object, params?: object, mute?: boolean}} Special */

/** @type {Record<string, Special[]>} `mute` models answer with reasoning alone. */
const BY_API = {
  "openai-completions": [
    { id: "deepseek-v4-flash", thinking: "high" },
    { id: "vendor/deepseek-v4-pro:free", thinking: "off" },
    { id: "other/DeepSeek-V4-Flash", thinking: "high", compat: { thinkingFormat: "openai" } },
    { id: "strict/deepseek-v4-pro", thinking: "high", compat: { strictMessageKeys: true } },
    {
      id: "plain/deepseek-v4-flash",
      thinking: "medium",
      compat: { requiresStringContent: true, thinkingFormat: "deepseek" },
      params: { extra_body: { reasoning_effort: "low", top_k: 4 } },
    },
    { id: "mimo-v2-omni", thinking: "high", mute: true },
    { id: "vendor/mimo-v2-pro", thinking: "off", compat: { supportsTools: false } },
    { id: "mimo-v2.6-flash", thinking: "medium", params: { parallel_tool_calls: true } },
    { id: "google/gemini-3.1-pro-preview", thinking: "high" },
    { id: "glm-5", thinking: "high", compat: { thinkingFormat: "zai", zaiToolStream: true } },
    {
      id: "qwen3-max",
      thinking: "high",
      compat: { thinkingFormat: "qwen-chat-template" },
      params: { chat_template_kwargs: { more: true } },
    },
    { id: "kimi-k2-thinking", thinking: "high" },
    { id: "minimax-m2", thinking: "high", compat: { maxTokensField: "max_tokens" } },
    {
      id: "anthropic/claude-sonnet-4.6",
      thinking: "high",
      compat: { cacheControlFormat: "anthropic" },
      params: { cacheRetention: "long" },
    },
    {
      id: "gpt-4.1",
      compat: {
        supportsStore: true,
        supportsPromptCacheKey: true,
        sendSessionAffinityHeaders: true,
        supportsDeveloperRole: true,
      },
      params: { cacheRetention: "long", parallel_tool_calls: false },
    },
  ],
  "anthropic-messages": [
    { id: "claude-opus-4-6", thinking: "high", params: { cacheRetention: "long" } },
    { id: "claude-haiku-4-5", thinking: "off", params: { cacheRetention: "short" } },
    { id: "MiniMax-M3", thinking: "high" },
  ],
  "openai-responses": [
    {
      id: "gpt-5.5",
      thinking: "high",
      compat: { supportsPromptCacheKey: true, sendSessionAffinityHeaders: true },
      params: { parallel_tool_calls: false },
    },
    { id: "gpt-5.5-off", thinking: "off" },
    { id: "gpt-5.5-storing", thinking: "low", compat: { supportsResponsesContinuation: true } },
    { id: "gpt-5.5-forgetting", thinking: "low", compat: { supportsStore: false } },
    { id: "gpt-5.5-compacting", params: { responsesServerCompaction: true } },
  ],
};

/** All of them, each with the name of the session that it is talked to in. */
export const SPECIAL_MODELS = Object.entries(BY_API).flatMap(([api, models]) =>
  models.map((model) => ({
    ...model,
    api,
    session: model.id.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-"),
  })),
);
