//! The affinity session of each conversation, and its moves between workspaces.

use std::{mem, num::NonZeroUsize};

use lru::LruCache;

use super::CallIdentity;

/// Conversations by their id.
#[derive(Debug)]
pub(super) struct Conversations(LruCache<String, Conversation>);

/// A conversation, and how it moved between workspaces.
#[derive(Debug, Default, Clone)]
pub(crate) struct Conversation {
    /// Whether a call with a prompt has ended.
    has_prompt: bool,
    session: String,
    pub(crate) agent: String,
    /// The affinity id of the latest workspace.
    pub(crate) latest: String,
    /// The affinity id of the workspace before, if the conversation moved.
    pub(crate) other: String,
    pub(crate) moves: u32,
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
        let known = self.0.get_or_insert_mut_ref(id, Conversation::default);
        identity.session_id.clone_into(&mut known.session);
        let (Some(agent), Some(workspace)) = (identity.agent_id, identity.place) else {
            return;
        };
        if known.agent != agent {
            // Two agents can use the same conversation id.
            let (session, agent, latest) =
                (mem::take(&mut known.session), agent.to_owned(), workspace.to_owned());
            *known = Conversation { session, agent, latest, ..Conversation::default() };
        } else if known.latest != workspace {
            known.has_returned |= known.other == workspace;
            known.moves = known.moves.saturating_add(1);
            known.other = mem::replace(&mut known.latest, workspace.to_owned());
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
    pub(super) fn moved(&self) -> Vec<Conversation> {
        let all = self.0.iter().map(|(_, conversation)| conversation);
        all.filter(|conversation| conversation.moves > 0).cloned().collect()
    }
}
