//! Selects what a query is about: an agent, a session, a workspace, a conversation, or everything.

use serde::Deserialize;

use super::{
    Fault, Question,
    params::{Given, TEXT_LIMIT, quoted},
};
use crate::{
    identity::{SessionSource, is_session_id},
    route::VALUE_LIMIT,
    store::{HistoryEntry, OfSession, Store},
    surroundings::expand_home,
    text::{NAME_LIMIT, bounded},
};

/// The keys of [`Selectors`].
pub(super) const KEYS: &str = "agentId, sessionId, workspaceDir, conversationId, localSessionId";

/// The params of a method that takes every selector and nothing else.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct Selectors {
    pub(super) agent_id: Given,
    pub(super) session_id: Given,
    pub(super) workspace_dir: Given,
    pub(super) conversation_id: Given,
    /// The older name of `conversationId`.
    pub(super) local_session_id: Given,
}

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

impl Selectors {
    /// The first selector that the client sent. Every selector is checked, whichever counts.
    pub(super) fn first(&self, question: &Question<'_>) -> Result<Selector, Fault> {
        let store = question.store;
        let namespace = question.surroundings.namespace();
        let agent = self.agent_id.text("agentId", NAME_LIMIT)?;
        let session = self.session_id.text("sessionId", TEXT_LIMIT)?;
        let is_known = |id: &str| is_session_id(id) || store.knows(id);
        if let Some(id) = session.as_ref().filter(|id| !is_known(id)) {
            return Err(Fault::Value {
                key: "sessionId",
                accepted: "oc: and 16 lower-case hexadecimal digits, such as oc:583c4ba8ac9a207f"
                    .to_owned(),
                got: Some(quoted(id)),
            });
        }
        let workspace = self.workspace_dir.text("workspaceDir", TEXT_LIMIT)?;
        let conversation = self.conversation_id.text("conversationId", TEXT_LIMIT)?;
        let local_session = self.local_session_id.text("localSessionId", TEXT_LIMIT)?;
        if let Some(agent) = agent {
            return Ok(Selector::Agent(agent));
        }
        if let Some(session) = session {
            return Ok(Selector::Session(session));
        }
        if let Some(dir) = workspace {
            let dir = expand_home(&dir, question.surroundings)?;
            return Ok(Selector::Workspace(SessionSource::workspace(&dir)?.session_id(namespace)));
        }
        let conversations = [("conversationId", conversation), ("localSessionId", local_session)];
        let mut conversations = conversations.into_iter().filter_map(|(key, id)| Some((key, id?)));
        Ok(conversations
            .next()
            .map_or(Selector::All, |(key, id)| Selector::conversation(store, key, id, namespace)))
    }
}

impl Selector {
    fn conversation(store: &Store, key: &'static str, id: String, namespace: Option<&str>) -> Self {
        let recorded = bounded(&id, VALUE_LIMIT).and_then(|id| store.session_of(&id));
        let session_id = recorded.map_or_else(
            || SessionSource::Conversation(id.clone()).session_id(namespace),
            |session_id| (*session_id).to_owned(),
        );
        Self::Conversation { key, id, session_id }
    }

    /// Whether this selects a single session.
    pub(super) fn is_session(&self) -> bool {
        !matches!(self, Self::Agent(_) | Self::All)
    }

    /// The selected affinity session id, whether or not a call used it.
    pub(super) fn session_id(&self) -> Option<&str> {
        match self {
            Self::Session(id) | Self::Workspace(id) => Some(id),
            Self::Conversation { session_id, .. } => Some(session_id),
            Self::Agent(_) | Self::All => None,
        }
    }

    /// Whether this selects the session `id`.
    pub(super) fn has_session(&self, id: &str, session: &OfSession) -> bool {
        match self {
            Self::All => true,
            Self::Agent(selected) => is_agent(session.agent.as_deref(), selected),
            Self::Session(selected) => selected == id,
            Self::Workspace(selected) => {
                selected == id || session.workspace.as_deref() == Some(selected)
            }
            Self::Conversation { session_id, .. } => session_id == id,
        }
    }

    /// Whether this selects a response of the history.
    pub(super) fn has_response(&self, response: &HistoryEntry) -> bool {
        let session_id = response.capture.session_id.as_deref();
        match self {
            Self::All => true,
            Self::Agent(selected) => is_agent(response.agent_id.as_deref(), selected),
            Self::Session(selected) => session_id == Some(selected),
            Self::Workspace(selected) => {
                session_id == Some(selected) || response.workspace.as_deref() == Some(selected)
            }
            Self::Conversation { id, .. } => {
                response.conversation.as_deref() == bounded(id, VALUE_LIMIT).as_deref()
            }
        }
    }
}

/// Whether the agent id `agent` is the `selected` one.
pub(super) fn is_agent(agent: Option<&str>, selected: &str) -> bool {
    agent.is_some_and(|agent| agent.eq_ignore_ascii_case(selected.trim()))
}
