//! `taas.affinity.routes`: the latest routes and failures, the newest first.

use serde_json::json;

use super::{Fault, Params, Question, selectors::Selector};
use crate::store::{HISTORY_LIMIT, HistoryEntry, KINDS, LIMIT};

/// The keys of [`selectors`](super::selectors), `kind` and `limit`.
pub(super) const KEYS: &str =
    "agentId, sessionId, workspaceDir, conversationId, localSessionId, kind, limit";

/// How many responses the history holds at most.
const MAX_LIMIT: usize = HISTORY_LIMIT * LIMIT.get();

const DEFAULT_LIMIT: usize = 100;

pub(super) fn routes(question: &Question<'_>, params: &Params) -> Result<String, Fault> {
    let limit = params.number("limit", MAX_LIMIT)?.unwrap_or(DEFAULT_LIMIT);
    let kind = params.one_of("kind", &KINDS)?;
    let selector = Selector::first(question, params)?;
    let is_selected = |entry: &HistoryEntry| match &selector {
        Selector::Conversation { id, .. } => entry.conversation_id.as_deref() == Some(id),
        _ => selector.has(
            entry.capture.session_id.as_deref(),
            entry.agent_id.as_deref(),
            entry.workspace.as_deref(),
        ),
    };
    let mut routes = question.store.history();
    routes.retain(|entry| is_selected(entry) && kind.is_none_or(|kind| entry.kind == kind));
    let total = routes.len();
    routes.truncate(limit);
    Ok(json!({ "routes": routes, "total": total }).to_string())
}
