// Writes what a run found into a document. The place has the name of the npm script that writes it:
//
//     <!-- demo -->
//     …
//     <!-- /demo -->

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { ROOT } from "./run.mjs";

/**
 * @param {string} name of the document, such as `docs/hosts.md`
 * @param {string} script the npm script whose run this is
 * @param {string} text takes the place of the text before it
 */
export function writeInto(name, script, text) {
  const path = join(ROOT, name);
  const place = new RegExp(`(?<=<!-- ${script} -->\n).*?(?=<!-- /${script} -->)`, "s");
  const document = readFileSync(path, "utf8");
  if (!place.test(document)) throw new Error(`${name} has no <!-- ${script} -->`);
  writeFileSync(
    path,
    document.replace(place, () => `${text}\n`),
  );
}
