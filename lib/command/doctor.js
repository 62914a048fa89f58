// `openclaw taas doctor`: what is looked at, what was found, and what to do.

import { checkLines, summary } from "./checks.js";
import { EXIT } from "./errors.js";

/** For a bug report: which versions, what was counted, and every check. No path, key, host or prompt. */
function report({ pluginVersion, affinity, totals, checks }, openclaw) {
  const { node } = process.versions;
  const versions = { plugin: pluginVersion, openclaw, node };
  return { versions, platform: `${process.platform}-${process.arch}`, affinity, totals, checks };
}

/** @type {import("./tree.js").View} */
export const view = {
  async run({ ask, importSdk }) {
    const status = await ask("taas.affinity.status", {});
    const { checks } = status;
    if (!Array.isArray(checks)) {
      throw new TypeError("it has no checks");
    }
    const sdk = await importSdk("openclaw/plugin-sdk/cli-runtime").catch(() => ({}));
    return {
      answer: report(status, sdk.VERSION ?? null),
      lines: (style) => [
        ...checks.flatMap((check) => checkLines(check, style)),
        "",
        `${summary(checks)}. For a bug report: openclaw taas doctor --json`,
      ],
      exit: checks.every(({ level }) => level === "ok") ? EXIT.fine : EXIT.wrong,
    };
  },
};
