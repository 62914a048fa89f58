import { WIDTH } from "../scripts/terminal.mjs";

/**
 * Shows progress: one line that is redrawn on a terminal, and a few plain lines in a log or pipe.
 *
 * @param {NodeJS.WriteStream} stream
 * @param {number} total the number of steps
 */
export function progress(stream, total) {
  const live = stream.isTTY === true;
  const began = Date.now();
  const stamp = () => `${((Date.now() - began) / 1000).toFixed(0).padStart(3)} s`;
  let done = 0;
  // A line that is wider than the terminal could not be redrawn.
  const fitted = (text) => text.slice(0, Math.min(stream.columns || WIDTH, WIDTH));
  const line = (label) => {
    const width = 12;
    const filled = Math.round((done / total) * width);
    return fitted(`${stamp()} ${"█".repeat(filled)}${"░".repeat(width - filled)} ${label}`);
  };
  return {
    /** Prints a label; always a separate line outside a terminal. */
    say: (label) =>
      live
        ? stream.write(`\r\x1b[2K${line(label)}`)
        : stream.write(`${fitted(`${stamp()}  ${label}`)}\n`),
    /** Counts a step, and shows the label only on a terminal. */
    step(label) {
      done += 1;
      if (live) stream.write(`\r\x1b[2K${line(label)}`);
    },
    clear: () => live && stream.write("\r\x1b[2K"),
  };
}
