//! Which affinity session each of OpenClaw's own sessions belongs to, for those that called last.

use std::{
    hash::{BuildHasher, RandomState},
    num::NonZeroUsize,
    sync::Arc,
};

use lru::LruCache;

use super::Whose;

/// By a hash of their ids, which are long, and which nobody needs to be told from here.
#[derive(Debug)]
pub(super) struct Conversations {
    sessions: LruCache<u64, Arc<str>>,
    hasher: RandomState,
}

impl Conversations {
    pub(super) fn new(limit: NonZeroUsize) -> Self {
        Self { sessions: LruCache::new(limit), hasher: RandomState::new() }
    }

    /// A conversation belongs where its latest call went.
    pub(super) fn note(&mut self, whose: &Whose<'_>) {
        let Some(conversation) = whose.conversation.filter(|_| !whose.session_id.is_empty()) else {
            return;
        };
        let session = self
            .sessions
            .get_or_insert_mut(self.hasher.hash_one(conversation), || Arc::from(whose.session_id));
        if **session != *whose.session_id {
            *session = Arc::from(whose.session_id);
        }
    }

    pub(super) fn session_of(&self, conversation: &str) -> Option<Arc<str>> {
        self.sessions.peek(&self.hasher.hash_one(conversation)).cloned()
    }
}
