// Text for a terminal. Values from the network are cleaned, cut and wrapped.

import { stripVTControlCharacters, styleText } from "node:util";

/** Characters that end a line, control a terminal, or change the direction of the text after them. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Co}\p{Zl}\p{Zp}]+/gu;

const ELLIPSIS = "…";

/** `value` as one line without control characters; a dash if there is no value. */
export const clean = (value) =>
  stripVTControlCharacters(String(value ?? ""))
    .toWellFormed()
    .replace(UNPRINTABLE, " ")
    .trim() || "–";

const escaped = (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;

/** JSON whose control and format characters are escaped, so that it is safe on a terminal. */
export const jsonText = (value, space = 2) =>
  JSON.stringify(value, null, space).replace(/[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}]/gu, (character) =>
    character.split("").map(escaped).join(""),
  );

/** The number of characters (code points) in `text`. A wide character counts as one. */
export const widthOf = (text) => [...text].length;

/** Shortens `text` to at most `width` characters. Removes the middle, because ids differ at both ends. */
export function cut(text, width) {
  const characters = [...text];
  if (characters.length <= width) {
    return text;
  }
  const room = Math.max(0, width - 1);
  characters.splice(Math.ceil(room / 2), characters.length - room, ELLIPSIS);
  return characters.join("");
}

/** `text`, filled with spaces up to `width` characters. */
export function padded(text, width, align = "left") {
  const blanks = " ".repeat(Math.max(0, width - widthOf(text)));
  return align === "right" ? blanks + text : text + blanks;
}

/** Wraps the words of `text` into lines of at most `width` characters. Each line starts with `indent`. */
export function wrapped(text, width, indent = "") {
  const room = width - widthOf(indent);
  const words = text.split(/\s+/).map((word) => cut(word, room));
  const lines = words.join(" ").matchAll(new RegExp(`(.{1,${room}})(?: |$)`, "gu"));
  return Array.from(lines, ([, line]) => indent + line);
}

/** `lines`, with the lines wrapped that are longer than `width`. */
export const fit = (lines, width) =>
  lines.flatMap((line) =>
    widthOf(stripVTControlCharacters(line)) > width ? wrapped(line, width) : [line],
  );

/**
 * The width and colours for a stream. A terminal gets its own width (40 to 100) and colours, unless `NO_COLOR` is set.
 * Any other stream gets 80 characters without colours.
 *
 * @param {{ isTTY?: boolean, columns?: number, hasColors?(): boolean }} stream
 * @param {NodeJS.ProcessEnv} env
 */
export function styleFor(stream, env) {
  const colour = Boolean(stream.isTTY) && !env.NO_COLOR && stream.hasColors?.() === true;
  return {
    width: Math.min(100, Math.max(40, stream.columns || 80)),
    paint: (format, text) => (colour ? styleText(format, text, { validateStream: false }) : text),
  };
}
