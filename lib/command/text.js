// Text for a terminal: what came over the network is made harmless, measured in columns, cut and wrapped.

import { stripVTControlCharacters, styleText } from "node:util";

/** What ends a line, commands a terminal, or turns the direction of what follows. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Co}\p{Zl}\p{Zp}]+/gu;

/**
 * What takes two columns: the blocks that Unicode's East Asian width calls wide or full-width, emoji, and half-width kana
 * with a voice mark. Rather one column too many than a row that is too long.
 */
const WIDE =
  /[\u1100-\u115f\u2329\u232a\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{18dff}\u{1aff0}-\u{1b2ff}\u{1f200}-\u{1f265}\u{20000}-\u{3fffd}\p{Emoji_Presentation}]|\ufe0f|.[\uff9e\uff9f]/u;
const NO_WIDTH = /^[\p{Mn}\p{Me}]+$/u;

const ELLIPSIS = "…";
const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });

/** Any value as one harmless line; a dash where there is none. */
export function clean(value) {
  if (value === null || value === undefined || value === "") {
    return "–";
  }
  const text = stripVTControlCharacters(String(value)).toWellFormed();
  return text.replace(UNPRINTABLE, " ").trim() || "–";
}

/** JSON that is harmless on a terminal too; it says the same. */
export const jsonText = (value, space = 2) =>
  JSON.stringify(value, null, space).replace(/[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}]/gu, (character) =>
    [...Array(character.length).keys()]
      .map((at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, "0")}`)
      .join(""),
  );

/** Characters that are segmented at a time: what it takes grows faster than a text does. */
const PIECE = 256;

/** What a reader takes for one character each. */
function segments(text) {
  const all = [];
  for (let at = 0; at < text.length; ) {
    // No piece ends between the halves of a character.
    const isHalved = text.codePointAt(at + PIECE - 1) > 0xffff;
    const end = at + PIECE - (isHalved ? 1 : 0);
    const piece = Array.from(graphemes.segment(text.slice(at, end)), ({ segment }) => segment);
    if (end < text.length && piece.length > 1) {
      // It may go on behind the piece.
      piece.pop();
    }
    all.push(...piece);
    at += piece.join("").length;
  }
  return all;
}

function widthOfSegment(segment) {
  if (NO_WIDTH.test(segment)) {
    return 0;
  }
  return WIDE.test(segment) ? 2 : 1;
}

/** How many columns a terminal takes for `text`, which is clean. */
export const widthOf = (text) =>
  segments(text).reduce((width, segment) => width + widthOfSegment(segment), 0);

/** As many of `parts`, in their order, as fit into `width` columns. */
function fitting(parts, width) {
  let left = width;
  const kept = [];
  for (const part of parts) {
    left -= widthOfSegment(part);
    if (left < 0) {
      break;
    }
    kept.push(part);
  }
  return kept;
}

/** `text` in at most `width` columns. What is cut is cut out of the middle: ids differ at both ends. */
export function cut(text, width) {
  if (widthOf(text) <= width) {
    return text;
  }
  const parts = segments(text);
  const room = Math.max(0, width - 1);
  const head = fitting(parts, Math.ceil(room / 2));
  const tail = fitting(parts.toReversed(), Math.floor(room / 2)).toReversed();
  return `${head.join("")}${ELLIPSIS}${tail.join("")}`;
}

/** `text` with blanks up to `width` columns. */
export function padded(text, width, align = "left") {
  const blanks = " ".repeat(Math.max(0, width - widthOf(text)));
  return align === "right" ? blanks + text : text + blanks;
}

/** The words of `text` in lines of at most `width` columns, each after `indent`. */
export function wrapped(text, width, indent = "") {
  const room = width - widthOf(indent);
  const lines = [];
  let used = Number.POSITIVE_INFINITY;
  for (const word of text.split(/\s+/).map((word) => cut(word, room))) {
    const width = widthOf(word);
    used += 1 + width;
    if (used <= room) {
      lines[lines.length - 1] += ` ${word}`;
    } else {
      lines.push(word);
      used = width;
    }
  }
  return lines.map((line) => indent + line);
}

/**
 * How to write for a stream: on a terminal in its width and, unless `NO_COLOR` says otherwise, in colour;
 * else in 80 columns and without.
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
