// Formats numbers, money and times for people.

const compact = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 });
const relative = new Intl.RelativeTimeFormat("en", { style: "short", numeric: "always" });

/** Smaller numbers are printed in full. */
const EXACT = 10_000;

/** A dash for anything but a number. */
const orDash = (format) => (value) => (Number.isFinite(value) ? format(value) : "–");

/** `9,876`, `601 k`, `1.2 M`. */
export const count = orDash((value) =>
  Math.abs(value) < EXACT
    ? value.toLocaleString("en", { maximumFractionDigits: 0 })
    : compact.format(value).replace(/[A-Z]/, " $&").replace("K", "k"),
);

/** `92 %`. Only the whole is `100 %`, and only nothing is `0 %`. */
export const percent = orDash((rate) => {
  const rounded = Math.round(rate * 100);
  const shown = rate > 0 && rate < 1 ? Math.min(Math.max(rounded, 1), 99) : rounded;
  return `${shown} %`;
});

const dollars = (digits) =>
  new Intl.NumberFormat("en-US", {
    style: "currency",
    currency: "USD",
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
    // Avoids "-$0.00".
    signDisplay: "negative",
  });

const MOST_DIGITS = 6;

/** Whether each amount keeps two significant digits, and different amounts stay different if they must be `distinct`. */
function isReadable(shown, exact, distinct) {
  const isLong = (text) => /[1-9]\D?\d/.test(text);
  return (
    shown.every((text, at) => isLong(text) || !/[1-9]/.test(exact[at])) &&
    !(distinct && new Set(shown).size < new Set(exact).size)
  );
}

/**
 * The format of amounts in dollars that are shown together: `$0.42`, `-$0.03`. All get the same number of digits, from two
 * to six, so that each amount is readable.
 */
export function moneyOf(amounts, { distinct = false } = {}) {
  const known = amounts.filter(Number.isFinite);
  const texts = (digits) => known.map(dollars(digits).format);
  const exact = texts(MOST_DIGITS);
  const digits = [2, 3, 4, 5].find((each) => isReadable(texts(each), exact, distinct));
  return orDash(dollars(digits ?? MOST_DIGITS).format);
}

const seconds = (ms) => `${Number((ms / 1000).toPrecision(2))}`;

/** `0.12/0.34 s`: the 50th and the 95th percentile. */
export const percentiles = (value) =>
  value ? `${seconds(value.p50)}/${seconds(value.p95)} s` : "–";

const UNITS = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
];

const since = orDash((ms) => {
  const seconds = Math.floor(ms / 1000);
  const [unit, size] = UNITS.find(([, size]) => seconds >= size) ?? [];
  return unit ? relative.format(-Math.floor(seconds / size), unit).replace(".", "") : "just now";
});

/** `2 min ago`, for two times in milliseconds. A time in the future, by another machine's clock, is `just now`. */
export const ago = (at, now) => since(Number.isFinite(at) ? now - at : undefined);

/** `1 call`, `2 calls`. */
export const counted = (value, noun) => `${count(value)} ${noun}${value === 1 ? "" : "s"}`;
