//! Numbers, money and times for people.

/// Stands for a missing value.
pub(crate) const DASH: &str = "–";

/// Smaller numbers are shown in full.
const EXACT: u64 = 10_000;

/// The most digits of an amount in US dollars.
const MOST_DIGITS: usize = 6;

/// `9,876`, `601 k`, `1.2 M`.
#[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
pub(crate) fn count(count: u64) -> String {
    if count < EXACT {
        return grouped(&count.to_string());
    }
    let units = [(1e9, "G"), (1e6, "M"), (1e3, "k")];
    let is_reached = |(unit, _): &(f64, &str)| count as f64 >= unit * 0.9995;
    let (unit, name) = units.into_iter().find(is_reached).unwrap_or((1.0, ""));
    let value = count as f64 / unit;
    let digits = if value < 9.995 { 2 } else { usize::from(value < 99.95) };
    let text = format!("{value:.digits$}");
    let text = if digits > 0 { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{text} {name}")
}

/// `92 %`. Only the whole is `100 %`, and only nothing is `0 %`.
pub(crate) fn percent(rate: Option<f64>) -> String {
    let Some(rate) = rate else {
        return DASH.to_owned();
    };
    let is_part = rate > 0.0 && rate < 1.0;
    let shown = (rate * 100.0).round();
    format!("{:.0} %", if is_part { shown.clamp(1.0, 99.0) } else { shown })
}

/// `$0.42`, `-$0.03`.
pub(crate) fn usd(amount: f64, digits: usize) -> String {
    let text = format!("{:.digits$}", amount.abs());
    let is_zero = text.bytes().all(|byte| matches!(byte, b'0' | b'.'));
    let sign = if amount < 0.0 && !is_zero { "-" } else { "" };
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    format!("{sign}${}.{fraction}", grouped(whole))
}

/// How many decimal places to show: at least two, and enough for two significant digits of the smallest amount.
pub(crate) fn digits(amounts: impl IntoIterator<Item = f64>) -> usize {
    let amounts = amounts.into_iter().map(f64::abs).filter(|amount| *amount > 0.0);
    let smallest = amounts.fold(1.0, f64::min);
    let mut digits = 2;
    let mut shown = smallest * 100.0;
    while shown < 9.5 && digits < MOST_DIGITS {
        digits += 1;
        shown *= 10.0;
    }
    digits
}

/// Two amounts, with digits that tell them apart: `$0.018`, `$0.021`.
pub(crate) fn usd_pair(one: f64, other: f64) -> (String, String) {
    let pair = |digits| (usd(one, digits), usd(other, digits));
    let fewest = digits([one, other]);
    (fewest..=MOST_DIGITS).map(pair).find(|(one, other)| one != other).unwrap_or(pair(fewest))
}

/// `2 min ago`, for times in milliseconds. A time in the future, by another machine's clock, is `just now`.
pub(crate) fn ago(at: Option<i64>, now: i64) -> String {
    let Some(at) = at else {
        return DASH.to_owned();
    };
    let seconds = now.saturating_sub(at) / 1000;
    let units = [(86_400, "day"), (3_600, "hr"), (60, "min"), (1, "sec")];
    let Some((size, unit)) = units.into_iter().find(|(size, _)| seconds >= *size) else {
        return "just now".to_owned();
    };
    let number = seconds / size;
    let plural = if unit == "day" && number > 1 { "s" } else { "" };
    format!("{number} {unit}{plural} ago")
}

/// `09:41:07 UTC`.
pub(crate) fn clock(at: i64) -> String {
    let seconds = at.div_euclid(1000).rem_euclid(86_400);
    format!("{:02}:{:02}:{:02} UTC", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}

/// `1 call`, `2 calls`.
pub(crate) fn counted(number: u64, noun: &str) -> String {
    format!("{} {noun}{}", count(number), plural(number))
}

/// The ending of a noun after `number`.
pub(crate) fn plural(number: u64) -> &'static str {
    if number == 1 { "" } else { "s" }
}

/// Digits with a comma before each three.
pub(crate) fn grouped(digits: &str) -> String {
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_have_at_most_three_digits_from_10_000_on() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (9_876, "9,876"),
            (10_000, "10 k"),
            (42_940, "42.9 k"),
            (600_000, "600 k"),
            (999_990, "1 M"),
            (1_234_567, "1.23 M"),
            (2_000_000_000, "2 G"),
        ] {
            assert_eq!(count(number), text);
        }
    }

    #[test]
    fn two_amounts_have_digits_that_tell_them_apart() {
        for (one, other, texts) in [
            (12.4, 15.9, ["$12.40", "$15.90"]),
            (0.0184, 0.0212, ["$0.018", "$0.021"]),
            (12.401, 12.402, ["$12.401", "$12.402"]),
            (0.0, 0.0, ["$0.00", "$0.00"]),
            (1234.5, 1_234_567.0, ["$1,234.50", "$1,234,567.00"]),
            (-0.5, 2.0, ["-$0.50", "$2.00"]),
        ] {
            let (found, found_other) = usd_pair(one, other);
            assert_eq!([found, found_other], texts);
        }
        assert_eq!(usd(-0.001, 2), "$0.00");
    }

    #[test]
    fn times_are_told_in_one_unit() {
        let now = 1_790_000_000_000;
        for (before, text) in [
            (-5_000, "just now"),
            (900, "just now"),
            (10_000, "10 sec ago"),
            (125_000, "2 min ago"),
            (7_300_000, "2 hr ago"),
            (86_400_000, "1 day ago"),
            (200_000_000, "2 days ago"),
        ] {
            assert_eq!(ago(Some(now - before), now), text);
        }
        assert_eq!(clock(now), "14:13:20 UTC");
    }
}
