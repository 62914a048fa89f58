//! What the views share: the answer, the cells of a row of usage, and texts from outside.

use maud::{Markup, html};

use crate::{
    numbers::{DASH, ago, count, counted, digits, percent, usd, usd_pair},
    store::Row,
    text::is_visible,
    usage::Tally,
};

/// The longest shown text from outside, in characters.
pub(super) const TEXT_LIMIT: usize = 64;

/// A text from outside, without characters that are invisible or change the direction of the text after them.
pub(super) fn shown(text: &str, limit: usize) -> String {
    let visible = text.chars().filter(|c| is_visible(*c));
    let mut shown: String = visible.take(limit + 1).collect();
    if let Some((cut, _)) = shown.char_indices().nth(limit) {
        shown.truncate(cut);
        shown.push('…');
    }
    shown
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
    let Some((amount, uncached)) = tally.saving() else {
        return hits;
    };
    let (saved, uncached) = usd_pair(amount, uncached);
    if amount < 0.0 {
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
    let savings: Vec<_> = tallies.filter_map(Tally::saving).map(|(saved, _)| saved).collect();
    (!savings.is_empty()).then(|| digits(savings))
}

/// The savings in dollars, or in tokens without `digits`.
fn saved(tally: &Tally, digits: Option<usize>) -> String {
    let Some(digits) = digits else {
        return format!("{} tok", count(tally.tokens.cached));
    };
    tally.saving().map_or_else(|| DASH.to_owned(), |(saved, _)| usd(saved, digits))
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
