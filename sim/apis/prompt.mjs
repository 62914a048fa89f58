// What a request says, as text: the same for the three APIs.

/**
 * Two requests that say the same must count as the same. Clients mark places to cache, and to mark a
 * message they must write its text as a list of one part; the next turn writes it as a string again.
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
 * The host adds notes of its own after the conversation, as user messages that change from turn to
 * turn and are not kept. They are part of the prompt, but nobody said them.
 */
const isHostNote = (message) =>
  message.role === "user" &&
  contentText(message.content).startsWith("<<<BEGIN_OPENCLAW_INTERNAL_CONTEXT>>>");
export const withoutHostNotes = (messages) => messages.filter((message) => !isHostNote(message));

export const trailing = (list, belongs) =>
  list.slice(list.findLastIndex((item) => !belongs(item)) + 1);
