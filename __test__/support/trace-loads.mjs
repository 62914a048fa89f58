// Preloaded into the host's command line: writes down which of the plugin's files it loads.

import { appendFileSync } from "node:fs";
import { registerHooks } from "node:module";

const { TRACE_LOADS } = process.env;

/** The plugin runs from copies of its directory, so a path within the package is what names a file. */
const OURS = /\/lib\/command\/[\w-]+\.js|\/lib\/faults\.js/;

const note = (line) => appendFileSync(TRACE_LOADS, `${line}\n`);

registerHooks({
  load(url, context, next) {
    const [file] = OURS.exec(url) ?? [];
    if (file) {
      note(file);
    }
    return next(url, context);
  },
});

const { dlopen } = process;
process.dlopen = function open(module, filename, ...rest) {
  if (filename.includes("openclaw-taas-affinity")) {
    note("addon");
  }
  return Reflect.apply(dlopen, this, [module, filename, ...rest]);
};
