//! The view of all agents.

use maud::{Markup, html};

use super::{
    ROOM,
    figures::{answer, cells, digits_of, headings, prices, shown, text_or_dash},
    fitted,
};
use crate::{
    ask::Question,
    doctor::{Check, Level},
    numbers::{ago, count, counted},
    store::{Row, Usage},
    usage::BASELINE,
};

/// The longest shown evidence of a check, in characters.
const EVIDENCE_LIMIT: usize = 400;

/// The most bytes of the list of warnings.
const WARNINGS_ROOM: usize = 9_000;

pub(super) fn content(question: &Question<'_>, skip: usize) -> Markup {
    let usage = question.store.usage();
    let totals = &usage.totals;
    let warnings = warnings(&question.checks(&usage, question.facts().as_ref()));
    let room = ROOM.saturating_sub(warnings.0.len());
    html! {
        @if totals.requests == 0 {
            h1 { "No calls recorded since the gateway started." }
            p { "Send a message to an agent. This page then shows its calls." }
        } @else {
            h1 { (answer(totals)) }
            p.muted {
                (counted(totals.requests, "call")) ", " (count(totals.failures)) " failed, the first "
                (ago(totals.first_use, question.now)) ". Savings are compared with the cost "
                (BASELINE) "." (prices(totals))
            }
            h2 { "Agents" }
            (agents(&usage, skip, room, question.now))
        }
        h2 { "Warnings" }
        (warnings)
    }
}

fn agents(usage: &Usage, skip: usize, room: usize, now: i64) -> Markup {
    let digits = digits_of(usage.agents.iter().map(|(_, row)| &row.tally));
    let all: Vec<_> = usage.agents.iter().skip(skip).collect();
    let rows = all.iter().map(|(name, row)| agent(name, row, digits, now));
    let (rows, left_out) = fitted(rows, room);
    html! {
        @if usage.agents.is_empty() {
            p { "No call named its agent." }
        } @else {
            table.agents {
                thead { tr {
                    th scope="col" { "Agent" }
                    th scope="col" { "Pinned session" }
                    (headings())
                } }
                tbody { (rows) }
            }
        }
        @if left_out > 0 {
            p {
                a href={ "?skip=" (usage.agents.len() - left_out) } {
                    (counted(left_out as u64, "more agent")) ", used less recently"
                }
            }
        }
        @if skip > 0 {
            p { a href="?" { "The agents used last" } }
        }
    }
}

fn agent(name: &str, row: &Row, digits: Option<usize>, now: i64) -> Markup {
    html! {
        tr {
            th scope="row" { a href={ "?agent=" (name) } { (name) } }
            td { code { (text_or_dash(Some(&row.session_id))) } }
            (cells(row, digits, now))
        }
    }
}

fn warnings(checks: &[Check]) -> Markup {
    let warnings: Vec<_> = checks.iter().filter(|check| !check.is_ok()).collect();
    let (rows, left_out) = fitted(warnings.iter().map(|check| warning(check)), WARNINGS_ROOM);
    html! {
        @if warnings.is_empty() {
            p { "No warnings." }
        } @else {
            ul { (rows) }
        }
        @if left_out > 0 {
            p.muted {
                (counted(left_out as u64, "warning")) " not shown. "
                code { "openclaw taas doctor" } " shows all."
            }
        }
    }
}

fn warning(check: &Check) -> Markup {
    let level = if check.level == Level::Fault { "Fault" } else { "Warning" };
    html! {
        li {
            p { b { (level) " " code { (check.id) } } ": " (shown(&check.evidence, EVIDENCE_LIMIT)) "." }
            @if let Some(advice) = &check.advice {
                p { "To do: " (with_code(advice)) "." }
            }
        }
    }
}

/// A text of ours, in which backticks mark code.
fn with_code(text: &str) -> Markup {
    html! {
        @for (at, part) in text.split('`').enumerate() {
            @if at % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}
