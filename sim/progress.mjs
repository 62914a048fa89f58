import { WIDTH } from "../scripts/terminal.mjs";

/**
 * One line that is written over and over on a terminal; elsewhere (a log, a pipe) plain lines, few
 * enough to read.
 *
 * @param {NodeJS.WriteStream} stream
 * @param {number} total how many steps there are
 */
export function progress(stream, total) {
  const live = stream.isTTY === true;
  const began = Date.now();
  const stamp = () => `${((Date.now() - began) / 1000).toFixed(0).padStart(3)} s`;
  let done = 0;
  // A line that is wider than the terminal could not be written over.
  const fitted = (text) => text.slice(0, Math.min(stream.columns || WIDTH, WIDTH));
  const line = (label) => {
    const width = 12;
    const filled = Math.round((done / total) * width);
    return fitted(`${stamp()} ${"█".repeat(filled)}${"░".repeat(width - filled)} ${label}`);
  };
  return {
    /** Always worth a line of its own. */
    say: (label) =>
      live
        ? stream.write(`\r\x1b[2K${line(label)}`)
        : stream.write(`${fitted(`${stamp()}  ${label}`)}\n`),
    /** One step further; a line of its own only on a terminal. */
    step(label) {
      done += 1;
      if (live) stream.write(`\r\x1b[2K${line(label)}`);
    },
    clear: () => live && stream.write("\r\x1b[2K"),
  };
}
