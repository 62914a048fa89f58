//! The latest answers of each session: what was routed, and what failed.

use std::{collections::VecDeque, num::NonZeroUsize, sync::Arc};

use lru::LruCache;

use super::Whose;
use crate::route::Capture;

/// How many answers of each session are remembered.
pub const SESSION_LIMIT: usize = 16;

/// An answer, as it is kept and as people see it.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    /// Tells which of two came first.
    serial: u64,
    pub(crate) agent_id: Option<Arc<str>>,
    pub(crate) conversation: Option<Arc<str>>,
    pub(crate) workspace: Option<Arc<str>>,
    pub(crate) status: Option<u16>,
    pub(crate) capture: Arc<Capture>,
}

/// Whose answers are kept together: those of an affinity session, or, where another plugin's request names none,
/// those of a conversation, else of an agent.
#[derive(Debug, PartialEq, Eq, Hash)]
enum Group {
    Session(Arc<str>),
    Conversation(Arc<str>),
    Agent(Option<Arc<str>>),
}

#[derive(Debug)]
pub(super) struct History {
    /// The newest answer of each last.
    groups: LruCache<Group, VecDeque<Answer>>,
    next_serial: u64,
}

impl History {
    pub(super) fn new(limit: NonZeroUsize) -> Self {
        Self { groups: LruCache::new(limit), next_serial: 0 }
    }

    /// Remembers an answer.
    pub(super) fn add(&mut self, whose: &Whose<'_>, capture: Arc<Capture>, status: Option<u16>) {
        self.next_serial += 1;
        let answer = Answer {
            serial: self.next_serial,
            agent_id: whose.agent_id.map(Arc::from),
            conversation: whose.conversation.map(Arc::from),
            workspace: whose.workspace.map(Arc::from),
            status,
            capture,
        };
        let group = match (&answer.capture.session_id, &answer.conversation) {
            (Some(session), _) => Group::Session(Arc::from(session.as_str())),
            (None, Some(conversation)) => Group::Conversation(Arc::clone(conversation)),
            (None, None) => Group::Agent(answer.agent_id.clone()),
        };
        let answers = self.groups.get_or_insert_mut(group, VecDeque::new);
        if answers.len() == SESSION_LIMIT {
            answers.pop_front();
        }
        answers.push_back(answer);
    }

    pub(super) fn has(&self, session: &str) -> bool {
        self.groups.contains(&Group::Session(Arc::from(session)))
    }

    /// All of them, the newest first.
    pub(super) fn all(&self) -> Vec<Answer> {
        let mut all: Vec<_> =
            self.groups.iter().flat_map(|(_, answers)| answers).cloned().collect();
        all.sort_by_key(|answer| std::cmp::Reverse(answer.serial));
        all
    }
}
