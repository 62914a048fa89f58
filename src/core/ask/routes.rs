//! `taas.affinity.routes`: the latest routes and failures, the newest first.

use serde::{Deserialize, Serialize};

use super::{
    AskError, Fault, Question,
    params::{self, Given},
    selectors::{KEYS, Selector, Selectors},
};
use crate::{
    route::Capture,
    store::{HISTORY_LIMIT, HistoryEntry, LIMIT},
    text,
};

/// How many responses the history holds at most.
const MAX_LIMIT: u64 = (HISTORY_LIMIT * LIMIT.get()) as u64;

const DEFAULT_LIMIT: u64 = 100;

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct Params {
    agent_id: Given,
    session_id: Given,
    workspace_dir: Given,
    conversation_id: Given,
    local_session_id: Given,
    limit: Given,
}

#[derive(Serialize)]
struct Routes<'a> {
    routes: Vec<Route<'a>>,
    total: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Route<'a> {
    agent_id: Option<&'a str>,
    conversation_id: Option<&'a str>,
    status: Option<u16>,
    #[serde(flatten)]
    capture: &'a Capture,
}

pub(super) fn routes(question: &Question<'_>) -> Result<String, AskError> {
    let (selector, limit) = read(question)
        .map_err(|fault| AskError::Params { fault, keys: format!("{KEYS}, limit") })?;
    let history = question.store.history();
    let selected: Vec<_> =
        history.iter().filter(|response| selector.has_response(response)).collect();
    let routes = selected.iter().take(limit).map(|response| Route::of(response)).collect();
    Ok(text::json(&Routes { routes, total: selected.len() }))
}

fn read(question: &Question<'_>) -> Result<(Selector, usize), Fault> {
    let Params { agent_id, session_id, workspace_dir, conversation_id, local_session_id, limit } =
        params::read(question.params)?;
    let limit = limit.number("limit", 1..=MAX_LIMIT)?.unwrap_or(DEFAULT_LIMIT);
    let selectors =
        Selectors { agent_id, session_id, workspace_dir, conversation_id, local_session_id };
    Ok((selectors.first(question)?, usize::try_from(limit).unwrap_or(usize::MAX)))
}

impl<'a> Route<'a> {
    fn of(response: &'a HistoryEntry) -> Self {
        Self {
            agent_id: response.agent_id.as_deref(),
            conversation_id: response.conversation.as_deref(),
            status: response.status,
            capture: &response.capture,
        }
    }
}
