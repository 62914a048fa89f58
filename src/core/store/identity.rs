//! The identity of a call, as the store needs it.

use crate::agent;

/// The identity of a call, and what else is known when the call begins.
#[derive(Debug, Default, Clone, Copy)]
pub struct CallIdentity<'a> {
    /// The affinity session id. For an observed call, what its request names as its session, or empty.
    pub session_id: &'a str,
    /// The kind of source that the session id comes from.
    pub source: &'static str,
    /// The agent id, in any letter case.
    pub agent_id: Option<&'a str>,
    /// OpenClaw's own session id.
    pub conversation: Option<&'a str>,
    /// The affinity id of the workspace, whether it is the session's or not.
    pub workspace: Option<&'a str>,
    /// The workspace of the agent, in whatever namespace. `None` for a workspace that OpenClaw made for a conversation.
    pub place: Option<&'a str>,
    /// The provider id.
    pub provider: Option<&'a str>,
    /// The id of the model that is asked for.
    pub model_id: Option<&'a str>,
    /// Whether the call is part of an agent's run, and no completion such as a title.
    pub is_run: bool,
    /// Whether another plugin made the call.
    pub observed: bool,
    /// The number of the call, if it began in this store. The store then knows its conversation.
    pub call: Option<u32>,
}

impl CallIdentity<'_> {
    /// Calls `action` with the agent id in the form by which OpenClaw tells agents apart.
    pub(super) fn normalized<T>(&self, action: impl FnOnce(&CallIdentity<'_>) -> T) -> T {
        let agent_id = self.agent_id.and_then(agent::normalized);
        action(&CallIdentity { agent_id: agent_id.as_deref(), ..*self })
    }
}
