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

/** `92 %`. */
export const percent = orDash((rate) => `${Math.round(rate * 100)} %`);

/** `$0.42`, `-$0.03`; amounts below one cent get four digits, such as `$0.0024`. */
export const usd = orDash((value) =>
  value.toLocaleString("en-US", {
    style: "currency",
    currency: "USD",
    maximumFractionDigits: Math.abs(value) < 0.01 ? 4 : 2,
    // Avoids "-$0.00".
    signDisplay: "negative",
  }),
);

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
