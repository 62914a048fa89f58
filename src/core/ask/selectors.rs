//! Selects what a query is about: an agent, a session, a workspace, a conversation, or everything.

use super::{Fault, Params, Question, params::TEXT_LIMIT};
use crate::{
    identity::{SessionSource, is_session_id},
    route::VALUE_LIMIT,
    surroundings::{absolute, expand_home},
    text::NAME_LIMIT,
};

/// The keys that select something. `localSessionId` is the older name of `conversationId`.
pub(super) const KEYS: &str = "agentId, sessionId, workspaceDir, conversationId, localSessionId";

/// What a query is about.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Selector {
    /// An agent id as the client wrote it.
    Agent(String),
    /// An affinity session id, or the session of an observed request.
    Session(String),
    /// The affinity id of a workspace.
    Workspace(String),
    /// A conversation of OpenClaw.
    Conversation {
        /// The key that the client used.
        key: &'static str,
        /// OpenClaw's session id.
        id: String,
        /// The affinity session of the conversation.
        session_id: String,
    },
    /// Everything.
    All,
}

impl Selector {
    /// The first selector that the client sent. Every selector is checked, whichever counts.
    pub(super) fn first(question: &Question<'_>, params: &Params) -> Result<Self, Fault> {
        let Question { store, surroundings, .. } = *question;
        let agent = params.text("agentId", NAME_LIMIT)?;
        let session = params.text("sessionId", TEXT_LIMIT)?;
        let is_known = |id: &str| is_session_id(id) || store.knows(id);
        if let Some(id) = session.as_ref().filter(|id| !is_known(id)) {
            let accepted = "oc: and 16 lower-case hexadecimal digits, such as oc:583c4ba8ac9a207f";
            return Err(Fault::value("sessionId", accepted, Some(id)));
        }
        let workspace = params.text("workspaceDir", TEXT_LIMIT)?;
        let conversation = params.text("conversationId", VALUE_LIMIT)?;
        let local_session = params.text("localSessionId", VALUE_LIMIT)?;
        let conversation = (conversation.map(|id| ("conversationId", id)))
            .or(local_session.map(|id| ("localSessionId", id)));
        let session_id = |source: SessionSource| source.session_id(surroundings.namespace());
        Ok(if let Some(id) = agent {
            Self::Agent(id)
        } else if let Some(id) = session {
            Self::Session(id)
        } else if let Some(dir) = workspace {
            let dir = expand_home(&dir, surroundings).ok_or(Fault::NoHome)?;
            Self::Workspace(session_id(SessionSource::Workspace(absolute(&dir)?)))
        } else if let Some((key, id)) = conversation {
            let recorded = store.session_of(&id);
            let session_id =
                recorded.unwrap_or_else(|| session_id(SessionSource::Conversation(id.clone())));
            Self::Conversation { key, id, session_id }
        } else {
            Self::All
        })
    }

    /// Whether this selects what has these ids.
    pub(super) fn has(
        &self,
        session: Option<&str>,
        agent: Option<&str>,
        workspace: Option<&str>,
    ) -> bool {
        match self {
            Self::All => true,
            Self::Agent(id) => agent.is_some_and(|agent| agent.eq_ignore_ascii_case(id.trim())),
            Self::Session(id) | Self::Conversation { session_id: id, .. } => session == Some(id),
            Self::Workspace(id) => [session, workspace].contains(&Some(id)),
        }
    }
}
