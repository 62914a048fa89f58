//! `taas.affinity.routes`: the latest routes and failures, the newest first.

use serde_json::json;

use super::{Fault, Params, Question, selectors::Selector};
use crate::store::{HISTORY_LIMIT, HistoryEntry, LIMIT};

/// The keys of [`selectors`](super::selectors), and `limit`.
pub(super) const KEYS: &str =
    "agentId, sessionId, workspaceDir, conversationId, localSessionId, limit";

/// How many responses the history holds at most.
const MAX_LIMIT: usize = HISTORY_LIMIT * LIMIT.get();

const DEFAULT_LIMIT: usize = 100;

pub(super) fn routes(question: &Question<'_>, params: &Params) -> Result<String, Fault> {
    let limit = params.number("limit", MAX_LIMIT)?.unwrap_or(DEFAULT_LIMIT);
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
    routes.retain(is_selected);
    let total = routes.len();
    routes.truncate(limit);
    Ok(json!({ "routes": routes, "total": total }).to_string())
}
