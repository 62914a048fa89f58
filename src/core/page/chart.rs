//! A line chart of the hit rate of the latest calls.

use maud::{Markup, html};

use crate::{
    numbers::percent,
    usage::{RECENT_CALLS, Tally},
};

/// The horizontal distance between two calls.
const STEP: usize = 3;
/// A margin for the thickness of the line.
const EDGE: usize = 2;
const WIDTH: usize = STEP * (RECENT_CALLS - 1) + 2 * EDGE;
const HEIGHT: f64 = 24.0;
const LOWEST: f64 = 22.0;
const RISE: f64 = 20.0;

/// The newest call is at the right.
pub(super) fn chart(tally: &Tally) -> Markup {
    let rates: Vec<f64> = tally.recent.iter().rev().filter_map(|call| call.hit_rate()).collect();
    let (Some(first), Some(last)) = (rates.first(), rates.last()) else {
        return html! {};
    };
    let point = |at: usize, rate: f64| {
        let x = WIDTH - EDGE - STEP * (rates.len() - 1 - at);
        format!("{x},{:.1}", LOWEST - rate * RISE)
    };
    let points: Vec<_> = rates.iter().enumerate().map(|(at, rate)| point(at, *rate)).collect();
    let end = points.last().and_then(|point| point.split_once(','));
    let text = match rates.len() {
        1 => format!("Hit rate of the only call: {}", percent(Some(*last))),
        calls => format!(
            "Hit rate of the last {calls} calls: first {}, last {}, lowest {}",
            percent(Some(*first)),
            percent(Some(*last)),
            percent(rates.iter().copied().reduce(f64::min)),
        ),
    };
    html! {
        svg viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" {
            title { (text) }
            polyline points=(points.join(" ")) {}
            @if let Some((x, y)) = end {
                circle cx=(x) cy=(y) r="2" {}
            }
        }
    }
}
