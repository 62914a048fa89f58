//! The affinity session of each conversation, and its moves between workspaces.

use std::{mem, num::NonZeroUsize};

use lru::LruCache;

use super::CallIdentity;

/// Conversations by their id.
#[derive(Debug)]
pub(super) struct Conversations(LruCache<String, Conversation>);

#[derive(Debug, Default)]
struct Conversation {
    /// Whether a call with a prompt has ended.
    has_prompt: bool,
    session: String,
    moves: Option<Moves>,
}

/// The moves of one agent's conversation between workspaces.
#[derive(Debug, Clone)]
pub(crate) struct Moves {
    pub(crate) agent: String,
    /// The affinity id of the latest workspace.
    pub(crate) latest: String,
    /// The affinity id of the workspace before.
    pub(crate) other: Option<String>,
    pub(crate) count: u32,
    /// Whether the conversation went back. A single move may follow an edit of the configuration.
    pub(crate) has_returned: bool,
}

impl Conversations {
    pub(super) fn new(limit: NonZeroUsize) -> Self {
        Self(LruCache::new(limit))
    }

    /// Records the session and the workspace of a conversation's latest call.
    pub(super) fn record(&mut self, identity: &CallIdentity<'_>) {
        let Some(id) = identity.conversation.filter(|_| !identity.session_id.is_empty()) else {
            return;
        };
        let conversation = self.0.get_or_insert_mut_ref(id, Conversation::default);
        identity.session_id.clone_into(&mut conversation.session);
        if let (Some(agent), Some(workspace)) = (identity.agent_id, identity.place) {
            match &mut conversation.moves {
                // Two agents can use the same conversation id.
                Some(moves) if moves.agent == agent => moves.record(workspace),
                moves => *moves = Some(Moves::new(agent, workspace)),
            }
        }
    }

    /// Whether the call that now ends, with a prompt, is the conversation's first. `None` if the conversation is unknown.
    pub(super) fn is_first_prompt(&mut self, conversation: Option<&str>) -> Option<bool> {
        let known = self.0.peek_mut(conversation?)?;
        Some(!mem::replace(&mut known.has_prompt, true))
    }

    pub(super) fn session_of(&self, conversation: &str) -> Option<String> {
        Some(self.0.peek(conversation)?.session.clone())
    }

    /// The conversations that moved, the most recent first.
    pub(super) fn moved(&self) -> Vec<Moves> {
        let all = self.0.iter().filter_map(|(_, conversation)| conversation.moves.as_ref());
        all.filter(|moves| moves.count > 0).cloned().collect()
    }
}

impl Moves {
    fn new(agent: &str, workspace: &str) -> Self {
        let (agent, latest) = (agent.into(), workspace.into());
        Self { agent, latest, other: None, count: 0, has_returned: false }
    }

    fn record(&mut self, workspace: &str) {
        if self.latest != workspace {
            self.has_returned |= self.other.as_deref() == Some(workspace);
            self.count = self.count.saturating_add(1);
            self.other = Some(mem::replace(&mut self.latest, workspace.into()));
        }
    }
}
