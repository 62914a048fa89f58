// What the installed host skips behind a provider's wrapper, read from its published files. They are
// bundled but not minified: functions keep their names, except for a `$1` where two share one.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Where the host says whether a provider's wrapper is there. */
const FLAG = "providerWrapperHandled";

/** The text from the brace at `open` to the one that closes it. */
function block(text, open) {
  let depth = 0;
  for (let at = open; at < text.length; at += 1) {
    if (text[at] === "{") depth += 1;
    if (text[at] === "}") depth -= 1;
    if (depth === 0) return text.slice(open, at + 1);
  }
  throw new Error("a block without an end");
}

/** The file of the agent's stream wrappers in `dist`, as text. */
export function readWrappers(dist) {
  const texts = readdirSync(dist)
    .filter((name) => name.endsWith(".mjs"))
    .map((name) => readFileSync(join(dist, name), "utf8"))
    .filter((text) => text.includes(FLAG));
  if (texts.length !== 1) {
    throw new Error(`${texts.length} files of the host speak of ${FLAG}; there was one`);
  }
  return texts[0];
}

/**
 * The wrappers that the host skips, in its order, from the inside to the outside.
 *
 * @param {string} text
 * @returns {string[]}
 */
export function skippedRepairs(text) {
  const asked = [...text.matchAll(new RegExp(`if \\(![\\w.$]*${FLAG}\\) `, "g"))];
  const mentions = text.split(FLAG).length - 1;
  // It is set, handed on and asked for once.
  if (asked.length !== 1 || mentions !== 3) {
    throw new Error(
      `the host asks ${asked.length} times for ${FLAG} and names it ${mentions} times`,
    );
  }
  const skipped = block(text, asked[0].index + asked[0][0].length);
  return [...skipped.matchAll(/\b(create\w+Wrapper)(?:\$\d+)?\(/g)].map(([, name]) => name);
}

/**
 * The host's rules for which models are repaired, taken from its text and made to run, and `names`,
 * the models' names that they spell out.
 *
 * @param {string} text
 * @param {(model: object) => object} detectOpenAICompletionsCompat
 */
export function hostRules(text, detectOpenAICompletionsCompat) {
  const names = {
    thinking: "isDeepSeekV4OpenAICompatibleModel",
    native: "deepSeekV4NativeThinkingAllowedByCompat",
    sanitized: "shouldSanitizeDeepSeekV4NonNativeFields",
    mimo: "isMiMoReasoningOpenAICompatibleModel",
    visible: "isMiMoReasoningAsVisibleTextOpenAICompatibleModel",
  };
  const start = text.indexOf("function normalizeDeepSeekV4CandidateId(");
  const last = text.indexOf(`function ${names.visible}(`);
  if (start < 0 || last < start) {
    throw new Error("the host's rules for DeepSeek V4 and MiMo are not where they were");
  }
  const open = text.indexOf("{", text.indexOf(")", last));
  const source = text.slice(start, open) + block(text, open);
  const values = Object.entries(names).map(([key, name]) => `${key}: ${name}`);
  const sets = [...source.matchAll(/const (\w+) = (?:\/\*.*?\*\/ )?new Set\(/g)].map(
    ([, name]) => name,
  );
  const spelt = [...source.matchAll(/"(deepseek-[\w.-]+)"/g)].map(([literal]) => literal);
  const listed = [...sets.map((name) => `...${name}`), ...spelt];
  return new Function(
    "detectOpenAICompletionsCompat",
    `${source}\nreturn { ${values}, names: [...new Set([${listed}])] };`,
  )(detectOpenAICompletionsCompat);
}
