// The forms in which gateways send the usage of a call.

/**
 * By API, and by what is special about a form: the usage objects that are sent, in their order, made from the usual one.
 */
export const USAGE_FORMS = {
  "openai-completions": {
    "details that are null": () => [
      { prompt_tokens: 1000, completion_tokens: 10, prompt_tokens_details: null },
    ],
    "no details": () => [{ prompt_tokens: 1000, completion_tokens: 10 }],
    "a cached part beside the total": () => [
      { prompt_tokens: 1000, completion_tokens: 10, prompt_cache_hit_tokens: 900 },
    ],
    "a cached part above the total": () => [
      { prompt_tokens: 500, completion_tokens: 10, prompt_tokens_details: { cached_tokens: 900 } },
    ],
    "a written part": () => [
      {
        prompt_tokens: 1000,
        completion_tokens: 10,
        prompt_tokens_details: { cached_tokens: 400, cache_write_tokens: 500 },
      },
    ],
    "usage twice": (usual) => [{ ...usual, prompt_tokens: 1 }, usual],
    "no usage": () => [],
    "a prompt of the second tier": () => [
      {
        prompt_tokens: 150_000,
        completion_tokens: 10,
        prompt_tokens_details: { cached_tokens: 9 },
      },
    ],
    "a billed cost": () => [{ prompt_tokens: 1000, completion_tokens: 100, cost: 0.009 }],
  },
  "openai-responses": {
    "details that are null": () => [
      { input_tokens: 1000, output_tokens: 10, input_tokens_details: null },
    ],
    "no details": () => [{ input_tokens: 1000, output_tokens: 10 }],
    "a cached part above the total": () => [
      { input_tokens: 500, output_tokens: 10, input_tokens_details: { cached_tokens: 900 } },
    ],
    "a written part": () => [
      {
        input_tokens: 1000,
        output_tokens: 10,
        input_tokens_details: { cached_tokens: 400, cache_write_tokens: 500 },
      },
    ],
    "usage twice": (usual) => [{ ...usual, input_tokens: 1 }, usual],
    "no usage": () => [],
    "a prompt of the second tier": () => [
      { input_tokens: 150_000, output_tokens: 10, input_tokens_details: { cached_tokens: 9 } },
    ],
  },
  "anthropic-messages": {
    "counts that are null": () => [
      {
        input_tokens: 1000,
        output_tokens: 10,
        cache_read_input_tokens: null,
        cache_creation_input_tokens: null,
      },
    ],
    "a cached part beside the total": () => [
      { input_tokens: 100, output_tokens: 10, cache_read_input_tokens: 900 },
    ],
    "tokens written for an hour": () => [
      {
        input_tokens: 100,
        output_tokens: 10,
        cache_read_input_tokens: 400,
        cache_creation_input_tokens: 500,
        cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 500 },
      },
    ],
    "usage twice": (usual) => [{ ...usual, input_tokens: 1 }, usual],
    "no usage": () => [],
    "a prompt of the second tier": () => [
      { input_tokens: 9, output_tokens: 10, cache_read_input_tokens: 150_000 },
    ],
  },
};
