// The documents: what they quote is in the code, their links lead somewhere, and the README keeps its form.

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";

import { readJson } from "../scripts/platforms.mjs";
import { DOCUMENTS, quotes, withQuotes } from "../scripts/quotes.mjs";
import { ROOT } from "./support/plugin.mjs";

const textOf = (name) => readFileSync(join(ROOT, name), "utf8");
const MANIFEST = readJson(join(ROOT, "openclaw.plugin.json"));
const PACKAGE = readJson(join(ROOT, "package.json"));

/** A document without its code blocks. */
const prose = (name) => textOf(name).replace(/^( *)```.*?^ *```$/gms, "");

/**
 * The messages of the code. Texts that are joined or broken over several lines are one text, and a part that is filled in at
 * run time is `…`, as in a quote.
 */
function messages() {
  const files = ["lib", "src"].flatMap((directory) =>
    readdirSync(join(ROOT, directory), { recursive: true })
      .filter((name) => /\.(js|rs)$/.test(name) && !/\btests\b/.test(name))
      .map((name) => join(directory, name)),
  );
  return ["index.js", ...files]
    .map((name) => textOf(name).replace(/^#\[cfg\(test\)\]\nmod tests.*/ms, ""))
    .join("\n")
    .replace(/["'`]\s*\+\s*["'`]/g, "")
    .replace(/\\\n\s*/g, "")
    .replace(/\\(["'`])/g, "$1")
    .replace(/\$?\{[^{}\n]*\}/g, "…");
}

/** The cells of each table of a document, row by row, with the table's head. */
function rowsOf(name) {
  const rows = [];
  let head;
  for (const line of textOf(name).split("\n")) {
    if (!line.startsWith("|")) {
      head = undefined;
      continue;
    }
    const cells = line
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim());
    if (head === undefined) {
      head = cells;
    } else if (!/^:?-+:?$/.test(cells[0])) {
      rows.push({ head, cells });
    }
  }
  return rows;
}

const codesIn = (text) => [...text.matchAll(/`([^`]+)`/g)].map(([, code]) => code);

/** Every message of the plugin that a document quotes. */
const quoted = (name) => [
  // What OpenClaw says is not in our code.
  ...rowsOf(name)
    .filter(({ head }) => /\bsays\b/.test(head[0]) && !/^OpenClaw says/.test(head[0]))
    .flatMap(({ cells }) => codesIn(cells[0])),
  ...codesIn(prose(name))
    .filter((code) => /^taas-affinity: ./.test(code))
    .map((code) => code.replace("taas-affinity: ", "")),
];

test("every message that a document quotes is in the code", () => {
  const said = messages();
  const all = DOCUMENTS.flatMap((name) => quoted(name).map((quote) => ({ name, quote })));
  assert.ok(all.length > 25, `only ${all.length} quotes were found`);
  const wrong = all
    .filter(({ quote }) => !said.includes(quote))
    .map(({ name, quote }) => `${name} quotes \`${quote}\`, which no file in lib/ or src/ has`);
  assert.deepEqual(wrong, []);
});

test("every command output that a document quotes is what the plugin prints", async () => {
  const outputs = await quotes();
  const shown = new Set();
  for (const name of DOCUMENTS) {
    withQuotes(textOf(name), (command, output) => {
      shown.add(command);
      assert.equal(output, outputs.get(command), `${name}, ${command}: npm run docs writes it`);
    });
  }
  assert.deepEqual([...shown].sort(), [...outputs.keys()].sort());
});

test("docs/troubleshooting.md explains every check of the doctor", () => {
  const explained = rowsOf("docs/troubleshooting.md")
    .filter(({ head }) => head[0] === "check")
    .flatMap(({ cells }) => codesIn(cells[0]));
  const core = join(ROOT, "src", "core");
  const ids = readdirSync(core, { recursive: true })
    .filter((name) => /^doctor(\.rs|[\\/].*\.rs)$/.test(name))
    .flatMap((name) => [...readFileSync(join(core, name), "utf8").matchAll(/\bid: "([\w-]+)"/g)])
    .map(([, id]) => id);
  assert.ok(ids.length > 10);
  assert.deepEqual(explained.sort(), [...new Set(ids)].sort());
});

/** The address of a heading on GitHub. */
const anchorOf = (heading) =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .trim()
    .replaceAll(" ", "-");

const anchorsOf = (name) =>
  [...prose(name).matchAll(/^#+ (.*)$/gm)].map(([, heading]) => anchorOf(heading));

test("every relative link of a document leads to a file and a heading", () => {
  const broken = [];
  for (const name of DOCUMENTS) {
    const links = [
      ...[...prose(name).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link),
      ...[...textOf(name).matchAll(/(?:src|srcset)="([^"]+)"/g)].map(([, link]) => link),
    ];
    for (const link of links.filter((one) => !/^https?:/.test(one))) {
      const [path, anchor] = link.split("#");
      const target = path === "" ? name : join(dirname(name), path);
      const isThere =
        existsSync(join(ROOT, target)) &&
        (anchor === undefined || anchorsOf(target).includes(anchor));
      if (!isThere) broken.push(`${name}: ${link}`);
    }
  }
  assert.deepEqual(broken, []);
});

test("every document and README section that a message names exists", () => {
  const said = messages();
  const documents = new Set([...said.matchAll(/\b(?:docs\/)?[\w-]+\.md\b/g)].map(([name]) => name));
  const missing = [...documents].filter((name) => !existsSync(join(ROOT, name)));
  const sections = [...said.matchAll(/the README, "([^"]+)"|"([^"]+)" in the README/g)].map(
    ([, after, before]) => after ?? before,
  );
  const unknown = sections.filter((title) => !anchorsOf("README.md").includes(anchorOf(title)));
  assert.deepEqual([...missing, ...unknown], []);
});

test("every npm script that a document names exists", () => {
  const unknown = DOCUMENTS.flatMap((name) => [
    ...[...textOf(name).matchAll(/npm run ([\w:-]+)/g)],
    ...[...textOf(name).matchAll(/^<!-- \/?([\w:]+) -->$/gm)],
  ])
    .map(([, script]) => script)
    .filter((script) => PACKAGE.scripts[script] === undefined);
  assert.deepEqual(unknown, []);
});

test("the README lists the settings of the manifest, with their defaults", () => {
  const rows = rowsOf("README.md").filter(({ head }) => head[1] === "default");
  const listed = rows.map(({ cells }) => [codesIn(cells[0])[0], codesIn(cells[1])[0] ?? cells[1]]);
  const settings = Object.entries(MANIFEST.configSchema.properties).map(([key, { anyOf }]) => {
    const byDefault = anyOf?.[0]?.default;
    return [key, byDefault === undefined ? "none" : JSON.stringify(byDefault)];
  });
  assert.deepEqual(listed, settings);
});

test("the README's provider entry is part of examples/openclaw.json5", () => {
  const bare = (text) => text.replace(/^\s*\/\/.*$/gm, "").replace(/\s/g, "");
  const [, entry] = /```json5\n(.*?)\n```/s.exec(textOf("README.md"));
  // The example goes on with other models.
  const [begin] = bare(entry).split(",}]");
  assert.ok(bare(textOf("examples/openclaw.json5")).includes(begin));
});

test("the README has at most 120 lines, in this order", () => {
  const readme = textOf("README.md");
  assert.ok(readme.trimEnd().split("\n").length <= 120);
  assert.deepEqual(
    [...readme.matchAll(/^## (.*)$/gm)].map(([, title]) => title),
    [
      "Do I need it?",
      "Install",
      "Turn caching on",
      "Check that it works",
      "What the plugin sends",
      "Settings",
      "Troubleshooting",
      "Limits and releases",
      "Links",
    ],
  );
  assert.match(readme, /gateway to many.*\*slots\*.*\*pinned\*: /s, "the words are explained");
});
