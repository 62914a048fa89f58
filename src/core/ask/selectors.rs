//! What a question is about: an agent, a session, a workspace's session, or nothing in particular.

use super::{Fault, params::Params, params::TEXT_LIMIT, params::quoted};
use crate::{
    identity::{SessionSource, is_session_id},
    store::Store,
    surroundings::{Surroundings, expand_home},
    text::NAME_LIMIT,
};

/// The keys of the selectors, the first that is given first.
pub const KEYS: [&str; 3] = [AGENT_ID, SESSION_ID, WORKSPACE_DIR];

const AGENT_ID: &str = "agentId";
const SESSION_ID: &str = "sessionId";
const WORKSPACE_DIR: &str = "workspaceDir";

/// What a question is about.
#[derive(Debug, PartialEq, Eq)]
pub enum Subject {
    /// An agent, in whatever letter case it was asked for.
    Agent(String),
    /// An affinity session id, or what an observed request named its session.
    Session(String),
    /// Everything.
    All,
}

impl Subject {
    /// The subject that `params` select. Every selector has to be right, whichever counts.
    ///
    /// # Errors
    /// [`Fault`], where a selector is not what is accepted.
    pub fn of(
        store: &Store,
        params: &Params<'_>,
        surroundings: &dyn Surroundings,
    ) -> Result<Self, Fault> {
        let agent = params.text(AGENT_ID, NAME_LIMIT)?;
        let session = params.text(SESSION_ID, TEXT_LIMIT)?;
        let is_known = |id: &str| is_session_id(id) || store.by_session(id).is_some();
        if let Some(text) = session.as_ref().filter(|text| !is_known(text)) {
            return Err(Fault::NoSessionId { text: quoted(text) });
        }
        let workspace = params.text(WORKSPACE_DIR, TEXT_LIMIT)?;
        if let Some(agent) = agent {
            return Ok(Self::Agent(agent));
        }
        if let Some(session) = session {
            return Ok(Self::Session(session));
        }
        let Some(dir) = workspace else {
            return Ok(Self::All);
        };
        let dir = expand_home(&dir, surroundings)?;
        Ok(Self::Session(SessionSource::workspace(&dir)?.session_id()))
    }
}
