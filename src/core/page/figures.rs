//! What the views share: the answer, the cells of a row of usage, and texts from outside.

use maud::{Markup, html};

use super::numbers::{DASH, ago, count, counted, digits, percent, usd, usd_pair};
use crate::{store::Row, usage::Tally};

/// The longest shown text from outside, in characters.
pub(super) const TEXT_LIMIT: usize = 64;

/// A text from outside, without characters that are invisible or change the direction of the text after them.
pub(super) fn shown(text: &str, limit: usize) -> String {
    let is_visible = |c: &char| !c.is_control() && !is_format(*c);
    let mut shown: String = text.chars().filter(is_visible).take(limit + 1).collect();
    if let Some((cut, _)) = shown.char_indices().nth(limit) {
        shown.truncate(cut);
        shown.push('…');
    }
    shown
}

/// Whether a character only changes how others are shown.
const fn is_format(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
    )
}

/// A text from outside, or a dash.
pub(super) fn text_or_dash(text: Option<&str>) -> String {
    text.map(|text| shown(text, TEXT_LIMIT))
        .filter(|text| !text.is_empty())
        .unwrap_or_else(|| DASH.to_owned())
}

/// `92 % of prompt tokens came from the cache. $12.40 saved of $15.90.`
pub(super) fn answer(tally: &Tally) -> String {
    let hits = match tally.tokens.hit_rate() {
        Some(rate) => format!("{} of prompt tokens came from the cache.", percent(Some(rate))),
        None => "No prompt tokens are known yet.".to_owned(),
    };
    if tally.priced == 0 {
        return hits;
    }
    let (saved, uncached) = usd_pair(tally.saved, tally.uncached_cost);
    if tally.saved < 0.0 {
        let lost = saved.trim_start_matches('-');
        return format!(
            "{hits} Cache writes cost {lost} more than cache reads saved, of {uncached}."
        );
    }
    format!("{hits} {saved} saved of {uncached}.")
}

/// Says if some calls have no price.
pub(super) fn prices(tally: &Tally) -> Markup {
    html! {
        @if tally.priced == 0 {
            " The prices of the models are unknown, so the page shows saved tokens."
        } @else if tally.priced < tally.requests {
            " Savings are those of " (counted(tally.priced, "call")) " with a known price."
        }
    }
}

/// The digits of the savings in a column. Without any price, the column has tokens.
pub(super) fn digits_of<'a>(tallies: impl Iterator<Item = &'a Tally>) -> Option<usize> {
    let priced: Vec<_> = tallies.filter(|tally| tally.priced > 0).map(|it| it.saved).collect();
    (!priced.is_empty()).then(|| digits(priced))
}

/// The savings in dollars, or in tokens without `digits`.
fn saved(tally: &Tally, digits: Option<usize>) -> String {
    match digits {
        Some(digits) if tally.priced > 0 => usd(tally.saved, digits),
        Some(_) => DASH.to_owned(),
        None => format!("{} tok", count(tally.tokens.cached)),
    }
}

/// The headings of [`cells`].
pub(super) fn headings() -> Markup {
    html! {
        th scope="col" { "Routed model" }
        th scope="col" { "Hit rate" }
        th scope="col" { "Saved" }
        th scope="col" { "Calls" }
        th scope="col" { "Failed" }
        th scope="col" { "Last use" }
        th scope="col" { "Last 32 calls" }
    }
}

/// Model, hit rate, savings, calls, failures, last use and chart.
pub(super) fn cells(row: &Row, digits: Option<usize>, now: i64) -> Markup {
    let tally = &row.tally;
    html! {
        td { (text_or_dash(row.model.as_deref())) }
        td { (percent(tally.tokens.hit_rate())) }
        td { (saved(tally, digits)) }
        td { (count(tally.requests)) }
        td class=[(tally.failures > 0).then_some("bad")] { (count(tally.failures)) }
        td { (ago(tally.last_use, now)) }
        td { (super::chart::chart(tally)) }
    }
}
