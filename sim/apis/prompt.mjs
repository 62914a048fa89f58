// The text of a request, in the same form for the three APIs.

/**
 * Makes equal messages compare as equal. To put a cache marker on a message, a client writes its text as a list with
 * one part; in the next turn it writes the text as a string again.
 */
export function canonical(key, value) {
  if (key === "cache_control") return undefined;
  return key === "content" && typeof value === "string" ? [{ type: "text", text: value }] : value;
}
export const promptText = (parts) =>
  parts
    .filter((part) => part !== undefined)
    .map((part) => JSON.stringify(part, canonical))
    .join("\n");

/** The text of a message's content, which is a string or a list of parts in all three APIs. */
export function contentText(content) {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content
    .filter((part) => typeof part?.text === "string")
    .map((part) => part.text)
    .join("\n");
}

/**
 * The host adds its own notes after the conversation, as user messages that change in every turn. The notes are part of
 * the prompt but not messages of the user.
 */
const isHostNote = (message) =>
  message.role === "user" &&
  contentText(message.content).startsWith("<<<BEGIN_OPENCLAW_INTERNAL_CONTEXT>>>");
export const withoutHostNotes = (messages) => messages.filter((message) => !isHostNote(message));

export const trailing = (list, belongs) =>
  list.slice(list.findLastIndex((item) => !belongs(item)) + 1);
