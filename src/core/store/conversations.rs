//! The affinity session of each conversation, and its moves between workspaces.

use std::{
    hash::{BuildHasher, RandomState},
    mem,
    num::NonZeroUsize,
    sync::Arc,
};

use lru::LruCache;

use super::CallIdentity;

/// Conversations by a hash of their id. Ids are long, and nobody reads them from here.
#[derive(Debug)]
pub(super) struct Conversations {
    known: LruCache<u64, Conversation>,
    hasher: RandomState,
}

#[derive(Debug)]
struct Conversation {
    session: Arc<str>,
    moves: Option<Moves>,
}

/// The moves of one agent's conversation between workspaces.
#[derive(Debug, Clone)]
pub(crate) struct Moves {
    pub(crate) agent: Arc<str>,
    /// The affinity id of the latest workspace.
    pub(crate) latest: Arc<str>,
    /// The affinity id of the workspace before.
    pub(crate) other: Option<Arc<str>>,
    pub(crate) count: u32,
    /// Whether the conversation went back. A single move may follow an edit of the configuration.
    pub(crate) has_returned: bool,
}

impl Conversations {
    pub(super) fn new(limit: NonZeroUsize) -> Self {
        Self { known: LruCache::new(limit), hasher: RandomState::new() }
    }

    /// Records the session and the workspace of a conversation's latest call.
    pub(super) fn record(&mut self, identity: &CallIdentity<'_>) {
        let Some(id) = identity.conversation.filter(|_| !identity.session_id.is_empty()) else {
            return;
        };
        let new = || Conversation { session: Arc::from(identity.session_id), moves: None };
        let conversation = self.known.get_or_insert_mut(self.hasher.hash_one(id), new);
        if *conversation.session != *identity.session_id {
            conversation.session = Arc::from(identity.session_id);
        }
        if let (Some(agent), Some(workspace)) = (identity.agent_id, identity.place) {
            match &mut conversation.moves {
                // Two agents can use the same conversation id.
                Some(moves) if *moves.agent == *agent => moves.record(workspace),
                moves => *moves = Some(Moves::new(agent, workspace)),
            }
        }
    }

    pub(super) fn session_of(&self, conversation: &str) -> Option<Arc<str>> {
        let known = self.known.peek(&self.hasher.hash_one(conversation))?;
        Some(Arc::clone(&known.session))
    }

    /// The conversations that moved, the most recent first.
    pub(super) fn moved(&self) -> Vec<Moves> {
        let all = self.known.iter().filter_map(|(_, conversation)| conversation.moves.as_ref());
        all.filter(|moves| moves.count > 0).cloned().collect()
    }
}

impl Moves {
    fn new(agent: &str, workspace: &str) -> Self {
        let (agent, latest) = (agent.into(), workspace.into());
        Self { agent, latest, other: None, count: 0, has_returned: false }
    }

    fn record(&mut self, workspace: &str) {
        if *self.latest != *workspace {
            self.has_returned |= self.other.as_deref() == Some(workspace);
            self.count = self.count.saturating_add(1);
            self.other = Some(mem::replace(&mut self.latest, workspace.into()));
        }
    }
}
