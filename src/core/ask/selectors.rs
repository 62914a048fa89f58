//! What a question is about: an agent, a session, a workspace's sessions, a conversation, or nothing in
//! particular.

use super::{Fault, Question, params::Params, params::TEXT_LIMIT, params::quoted};
use crate::{
    identity::{SessionSource, is_session_id},
    route::VALUE_LIMIT,
    store::{Answer, OfSession, Store},
    surroundings::expand_home,
    text::{NAME_LIMIT, bounded},
};

/// The keys of the selectors, the first that is given first.
pub const KEYS: [&str; 5] =
    [AGENT_ID, SESSION_ID, WORKSPACE_DIR, CONVERSATION_ID, LOCAL_SESSION_ID];

/// An agent id.
pub const AGENT_ID: &str = "agentId";
/// An affinity session id.
pub const SESSION_ID: &str = "sessionId";
/// A directory.
pub const WORKSPACE_DIR: &str = "workspaceDir";
const CONVERSATION_ID: &str = "conversationId";
/// The same under the name that it had once.
const LOCAL_SESSION_ID: &str = "localSessionId";

/// What is accepted where everything may be asked for.
pub const SELECTED: &str = "accepted is one of agentId, sessionId (an oc:... id) or workspaceDir, or conversationId (OpenClaw's own \
     session id, also as localSessionId), a non-blank string each, or no params at all for everything";

/// What a question is about.
#[derive(Debug, PartialEq, Eq)]
pub enum Subject {
    /// An agent, in whatever letter case it was asked for.
    Agent(String),
    /// An affinity session id, or what an observed request named its session.
    Session(String),
    /// The affinity id of a workspace, which is its session where that is what sessions are made of.
    Workspace(String),
    /// OpenClaw's own session id.
    Conversation {
        /// The key that it was asked for by.
        key: &'static str,
        /// The id.
        id: String,
        /// The affinity session that it belongs to.
        session_id: String,
    },
    /// Everything.
    All,
}

impl Subject {
    /// The subject that `params` select. Every selector has to be right, whichever counts.
    ///
    /// # Errors
    /// [`Fault`], where a selector is not what is accepted.
    pub fn of(question: &Question<'_>, params: &Params<'_>) -> Result<Self, Fault> {
        let store = question.store;
        let namespace = question.surroundings.namespace();
        let agent = params.text(AGENT_ID, NAME_LIMIT)?;
        let session = params.text(SESSION_ID, TEXT_LIMIT)?;
        let is_known = |id: &str| is_session_id(id) || store.knows(id);
        if let Some(text) = session.as_ref().filter(|text| !is_known(text)) {
            return Err(Fault::NoSessionId { text: quoted(text) });
        }
        let workspace = params.text(WORKSPACE_DIR, TEXT_LIMIT)?;
        let conversation = params.text(CONVERSATION_ID, TEXT_LIMIT)?;
        let local_session = params.text(LOCAL_SESSION_ID, TEXT_LIMIT)?;
        if let Some(agent) = agent {
            return Ok(Self::Agent(agent));
        }
        if let Some(session) = session {
            return Ok(Self::Session(session));
        }
        if let Some(dir) = workspace {
            let dir = expand_home(&dir, question.surroundings)?;
            return Ok(Self::Workspace(SessionSource::workspace(&dir)?.session_id(namespace)));
        }
        let named = [(CONVERSATION_ID, conversation), (LOCAL_SESSION_ID, local_session)];
        let mut named = named.into_iter().filter_map(|(key, id)| Some((key, id?)));
        Ok(named
            .next()
            .map_or(Self::All, |(key, id)| Self::conversation(store, key, id, namespace)))
    }

    fn conversation(store: &Store, key: &'static str, id: String, namespace: Option<&str>) -> Self {
        // As it is kept.
        let noted = bounded(&id, VALUE_LIMIT).and_then(|id| store.session_of(&id));
        let session_id = noted.map_or_else(
            || SessionSource::Conversation(id.clone()).session_id(namespace),
            |session_id| (*session_id).to_owned(),
        );
        Self::Conversation { key, id, session_id }
    }

    /// Whether it is about one session.
    #[must_use]
    pub fn is_session(&self) -> bool {
        !matches!(self, Self::Agent(_) | Self::All)
    }

    /// The affinity id that it names, seen or not.
    pub(super) fn session_id(&self) -> Option<&str> {
        match self {
            Self::Session(id) | Self::Workspace(id) => Some(id),
            Self::Conversation { session_id, .. } => Some(session_id),
            Self::Agent(_) | Self::All => None,
        }
    }

    /// Whether it is about the session with this id.
    pub(super) fn has(&self, id: &str, session: &OfSession) -> bool {
        match self {
            Self::All => true,
            Self::Agent(agent) => is_agent(session.agent.as_deref(), agent),
            Self::Session(asked) => asked == id,
            Self::Workspace(asked) => asked == id || session.workspace.as_deref() == Some(asked),
            Self::Conversation { session_id, .. } => session_id == id,
        }
    }

    /// Whether it is about this answer.
    pub(super) fn answered(&self, answer: &Answer) -> bool {
        let session_id = answer.capture.session_id.as_deref();
        match self {
            Self::All => true,
            Self::Agent(agent) => is_agent(answer.agent_id.as_deref(), agent),
            Self::Session(asked) => session_id == Some(asked),
            Self::Workspace(asked) => {
                session_id == Some(asked) || answer.workspace.as_deref() == Some(asked)
            }
            Self::Conversation { id, .. } => {
                answer.conversation.as_deref() == bounded(id, VALUE_LIMIT).as_deref()
            }
        }
    }
}

/// Whether an agent is the one that was asked for.
pub(super) fn is_agent(agent: Option<&str>, asked: &str) -> bool {
    agent.is_some_and(|agent| agent.eq_ignore_ascii_case(asked.trim()))
}
