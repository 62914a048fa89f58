//! Which affinity session each of OpenClaw's own sessions belongs to, and between which workspaces it moved, for those
//! that called last.

use std::{
    hash::{BuildHasher, RandomState},
    mem,
    num::NonZeroUsize,
    sync::Arc,
};

use lru::LruCache;

use super::Whose;

/// By a hash of their ids, which are long, and which nobody needs to be told from here.
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

/// Between which workspaces a conversation of an agent moved.
#[derive(Debug, Clone)]
pub(crate) struct Moves {
    pub(crate) agent: Arc<str>,
    /// The affinity ids of the workspace that it was seen under last, and of the one before.
    pub(crate) latest: Arc<str>,
    pub(crate) other: Option<Arc<str>>,
    /// How often it changed.
    pub(crate) count: u32,
    /// Whether it went back to where it had been. A move alone may be an edit of the configuration.
    pub(crate) has_returned: bool,
}

impl Conversations {
    pub(super) fn new(limit: NonZeroUsize) -> Self {
        Self { known: LruCache::new(limit), hasher: RandomState::new() }
    }

    /// A conversation belongs where its latest call went.
    pub(super) fn note(&mut self, whose: &Whose<'_>) {
        let Some(id) = whose.conversation.filter(|_| !whose.session_id.is_empty()) else {
            return;
        };
        let new = || Conversation { session: Arc::from(whose.session_id), moves: None };
        let conversation = self.known.get_or_insert_mut(self.hasher.hash_one(id), new);
        if *conversation.session != *whose.session_id {
            conversation.session = Arc::from(whose.session_id);
        }
        if let (Some(agent), Some(workspace), false) =
            (whose.agent_id, whose.workspace, whose.in_worktree)
        {
            match &mut conversation.moves {
                // Agents may use one id, each for a conversation of its own.
                Some(moves) if *moves.agent == *agent => moves.note(workspace),
                moves => *moves = Some(Moves::new(agent, workspace)),
            }
        }
    }

    pub(super) fn session_of(&self, conversation: &str) -> Option<Arc<str>> {
        let known = self.known.peek(&self.hasher.hash_one(conversation))?;
        Some(Arc::clone(&known.session))
    }

    /// Those that moved, the newest first.
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

    fn note(&mut self, workspace: &str) {
        if *self.latest != *workspace {
            self.has_returned |= self.other.as_deref() == Some(workspace);
            self.count = self.count.saturating_add(1);
            self.other = Some(mem::replace(&mut self.latest, workspace.into()));
        }
    }
}
