import { messages } from "./anthropic-messages.mjs";
import { completions } from "./openai-completions.mjs";
import { responses } from "./openai-responses.mjs";

/**
 * The three APIs behind one interface. `read` parses a request; `whole` and `events` write an answer without and with
 * streaming.
 */
export const APIS = {
  "openai-completions": completions,
  "openai-responses": responses,
  "anthropic-messages": messages,
};
