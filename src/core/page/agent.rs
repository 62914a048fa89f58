//! The view of one agent: its sessions and its latest routes.

use maud::{Markup, html};

use super::{
    ROOM,
    figures::{TEXT_LIMIT, answer, cells, digits_of, headings, prices, shown, text_or_dash},
    fitted,
};
use crate::{
    ask::Question,
    numbers::{DASH, ago, count, counted, percent},
    store::{HISTORY_LIMIT, HistoryEntry, Row},
    usage::Tokens,
};

pub(super) fn content(question: &Question<'_>, id: &str) -> Markup {
    let (usage, now) = (question.store.usage(), question.now);
    let id = id.trim().to_ascii_lowercase();
    let agent = usage.agents.peek(&id);
    let mut routes = question.store.history();
    routes.retain(|entry| entry.agent_id.as_deref() == Some(&*id));
    routes.truncate(HISTORY_LIMIT);
    let sessions = usage.sessions.iter().map(|(_, session)| session);
    let sessions: Vec<_> = sessions.filter(|session| usage.are_together(session, &id)).collect();
    html! {
        nav { a href="?" { "All agents" } }
        @if agent.is_none() && routes.is_empty() {
            h1 { "No calls recorded for this agent." }
            p {
                "The gateway has seen no call of the agent " b { (shown(&id, TEXT_LIMIT)) }
                " since it started. Look for a typing error in the name, or send the agent a message."
            }
        } @else {
            h1 { (shown(&id, TEXT_LIMIT)) }
            @if let Some(Row { tally, .. }) = agent {
                p.answer { (answer(tally)) }
                p.muted {
                    (counted(tally.requests, "call")) ", " (count(tally.failures)) " failed, the last "
                    (ago(tally.last_use, now)) "." (prices(tally))
                }
            }
            h2 { "Sessions" }
            (session_table(&sessions, now))
            h2 { "Last routes" }
            (route_table(&routes, now))
        }
    }
}

fn session_table(sessions: &[&Row], now: i64) -> Markup {
    let digits = digits_of(sessions.iter().map(|row| &row.tally));
    let rows = sessions.iter().map(|row| {
        html! {
            tr {
                th scope="row" { code { (text_or_dash(Some(&row.session_id))) } }
                (cells(row, digits, now))
            }
        }
    });
    let (rows, left_out) = fitted(rows, ROOM / 2);
    html! {
        @if sessions.is_empty() {
            p { "No sessions recorded for this agent." }
        } @else {
            table.sessions {
                thead { tr { th scope="col" { "Session" } (headings()) } }
                tbody { (rows) }
            }
        }
        @if left_out > 0 {
            p.muted { (counted(left_out as u64, "session")) " used less recently not shown." }
        }
    }
}

fn route_table(routes: &[HistoryEntry], now: i64) -> Markup {
    let (rows, left_out) = fitted(routes.iter().map(|entry| route(entry, now)), ROOM / 2);
    html! {
        @if routes.is_empty() {
            p { "No routes recorded for this agent." }
        } @else {
            table.routes {
                thead { tr {
                    th scope="col" { "Time" }
                    th scope="col" { "Model" }
                    th scope="col" { "Status" }
                    th scope="col" { "Prompt tokens" }
                    th scope="col" { "Cached" }
                    th scope="col" { "Output tokens" }
                    th scope="col" { "Request id" }
                } }
                tbody { (rows) }
            }
        }
        @if left_out > 0 {
            p.muted { (counted(left_out as u64, "route")) " not shown." }
        }
    }
}

fn route(entry: &HistoryEntry, now: i64) -> Markup {
    let HistoryEntry { capture, status, kind, tokens, .. } = entry;
    let number =
        |of: fn(Tokens) -> u64| tokens.map_or_else(|| DASH.to_owned(), |all| count(of(all)));
    let is_bad = status.is_some_and(|status| status >= 400);
    html! {
        tr {
            th scope="row" { (ago(Some(capture.captured_at), now)) }
            td {
                (text_or_dash(capture.autorouter_model.as_deref()))
                @if *kind == "completion" { " " small { "title or recap" } }
            }
            td class=[is_bad.then_some("bad")] {
                @if let Some(status) = status { (status) } @else { "ok" }
            }
            td { (number(Tokens::prompt)) }
            td { (percent(tokens.and_then(Tokens::hit_rate))) }
            td { (number(|all| all.output)) }
            td { code { (text_or_dash(capture.taas_request_id.as_deref())) } }
        }
    }
}
