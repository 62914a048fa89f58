//! The page in OpenClaw's Control UI: one HTML document, complete without a script.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::{
    ask::{Fault, Params, Question},
    numbers,
    text::NAME_LIMIT,
};

mod agent;
mod chart;
mod figures;
mod index;

/// With `agentId`, the page shows this agent. Without it, the page shows all agents except the `skip` agents used last.
/// `nonce` is that of the document's security policy.
pub(crate) const KEYS: &str = "agentId, skip, nonce";

/// The highest `skip`. The store has fewer agents.
const MOST_SKIPPED: usize = 9_999;

/// The most bytes of the rows of all tables. A document then has at most 30,000 bytes.
const ROOM: usize = 22_000;

/// Answers with the HTML document.
pub(crate) fn page(question: &Question<'_>, params: &Params) -> Result<String, Fault> {
    let agent = params.text("agentId", NAME_LIMIT)?;
    let nonce = params.text("nonce", NAME_LIMIT)?.unwrap_or_default();
    let content = match agent {
        Some(id) => agent::content(question, &id),
        None => index::content(question, params.number("skip", MOST_SKIPPED)?.unwrap_or(0)),
    };
    Ok(document(&nonce, &content, question.now).into_string())
}

fn document(nonce: &str, content: &Markup, now: i64) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { "TaaS" }
                noscript { meta http-equiv="refresh" content="10"; }
                style nonce=(nonce) { (PreEscaped(include_str!("page.css"))) }
                script nonce=(nonce) { (PreEscaped(include_str!("page.js"))) }
            }
            body {
                main { (content) }
                footer { "As of " (numbers::clock(now)) ". Figures since the gateway started." }
            }
        }
    }
}

/// The first rows, as many as have room, and the number of the others.
fn fitted(rows: impl Iterator<Item = Markup>, room: usize) -> (Markup, usize) {
    let mut used = 0;
    let (fitting, others): (Vec<_>, Vec<_>) = rows.partition(|row| {
        used += row.0.len();
        used <= room
    });
    (html! { @for row in fitting { (row) } }, others.len())
}
