// Formats numbers, money and times for people.

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 });
const relative = new Intl.RelativeTimeFormat("en", { style: "short", numeric: "always" });
const money = (digits) =>
  new Intl.NumberFormat("en-US", {
    style: "currency",
    currency: "USD",
    minimumFractionDigits: 2,
    maximumFractionDigits: digits,
  });
const dollars = money(2);
const fractions = money(4);

/** Smaller numbers are printed in full. */
const EXACT = 10_000;

const NONE = "–";
const isNumber = (value) => typeof value === "number" && Number.isFinite(value);

/** `9,876`, `601 k`, `1.2 M`. */
export function count(value) {
  if (!isNumber(value)) {
    return NONE;
  }
  if (Math.abs(value) < EXACT) {
    return whole.format(value);
  }
  const parts = compact.formatToParts(value);
  return parts
    .map(({ type, value: text }) => (type === "compact" ? ` ${text.replace("K", "k")}` : text))
    .join("");
}

/** `92 %`. */
export const percent = (rate) => (isNumber(rate) ? `${Math.round(rate * 100)} %` : NONE);

/** `$0.42`, `-$0.03`; amounts below one cent get four digits, such as `$0.0024`. */
export function usd(value) {
  if (!isNumber(value)) {
    return NONE;
  }
  // Avoids "-$0.00".
  const shown = Math.abs(value) < 0.00005 ? 0 : value;
  return (Math.abs(shown) < 0.01 ? fractions : dollars).format(shown);
}

const UNITS = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
];

/** `2 min ago`, for two times in milliseconds. A time in the future, by another machine's clock, is `just now`. */
export function ago(at, now) {
  if (!isNumber(at) || !isNumber(now)) {
    return NONE;
  }
  const seconds = Math.floor((now - at) / 1000);
  if (seconds < 1) {
    return "just now";
  }
  const [unit, size] = UNITS.find(([, size]) => seconds >= size);
  return relative.format(-Math.floor(seconds / size), unit).replace(".", "");
}

/** `1 call`, `2 calls`. */
export const counted = (value, noun) => `${count(value)} ${noun}${value === 1 ? "" : "s"}`;
