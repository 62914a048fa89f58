//! The latest capture of each session, agent, conversation and workspace.

use std::{num::NonZeroUsize, sync::Arc};

use lru::LruCache;

use super::CallIdentity;
use crate::route::Capture;

/// Captures by id. A new capture evicts the oldest one.
type Latest = LruCache<Arc<str>, Arc<Capture>>;

#[derive(Debug)]
pub(super) struct Captures {
    by_session: Latest,
    by_agent: Latest,
    /// By OpenClaw's session id.
    by_conversation: Latest,
    /// By the affinity id of the workspace, which differs from the session id if `affinity` is `conversation`.
    by_workspace: Latest,
    /// The latest of all. An observed capture may have neither session nor agent.
    latest: Option<Arc<Capture>>,
}

impl Captures {
    pub(super) fn new(limit: NonZeroUsize) -> Self {
        let new = || LruCache::new(limit);
        Self {
            by_session: new(),
            by_agent: new(),
            by_conversation: new(),
            by_workspace: new(),
            latest: None,
        }
    }

    /// Stores `capture`. Returns what it replaced, so that the caller can free the memory without the lock.
    pub(super) fn insert(
        &mut self,
        identity: &CallIdentity<'_>,
        capture: &Arc<Capture>,
    ) -> impl Sized + use<> {
        let session = capture.session_id.as_deref();
        (
            put(&mut self.by_session, session, capture),
            put(&mut self.by_agent, identity.agent_id, capture),
            put(&mut self.by_conversation, identity.conversation, capture),
            put(&mut self.by_workspace, identity.workspace, capture),
            self.latest.replace(Arc::clone(capture)),
        )
    }

    pub(super) fn by_session(&self, session: &str) -> Option<Arc<Capture>> {
        self.by_session.peek(session).cloned()
    }

    pub(super) fn by_agent(&self, agent: &str) -> Option<Arc<Capture>> {
        self.by_agent.peek(agent).cloned()
    }

    pub(super) fn by_conversation(&self, conversation: &str) -> Option<Arc<Capture>> {
        self.by_conversation.peek(conversation).cloned()
    }

    /// The latest capture of a workspace, or of the session with the same id.
    pub(super) fn by_workspace(&self, workspace: &str) -> Option<Arc<Capture>> {
        self.by_workspace.peek(workspace).cloned().or_else(|| self.by_session(workspace))
    }

    pub(super) fn latest(&self) -> Option<Arc<Capture>> {
        self.latest.clone()
    }

    /// The number of sessions and the number of agents.
    pub(super) fn len(&self) -> (usize, usize) {
        (self.by_session.len(), self.by_agent.len())
    }
}

/// Stores `capture` under `id`, and returns what it replaced.
fn put(
    latest: &mut Latest,
    id: Option<&str>,
    capture: &Arc<Capture>,
) -> Option<(Option<Arc<str>>, Arc<Capture>)> {
    let (id, capture) = (id?, Arc::clone(capture));
    match latest.get_mut(id) {
        Some(slot) => Some((None, std::mem::replace(slot, capture))),
        None => latest.push(Arc::from(id), capture).map(|(id, old)| (Some(id), old)),
    }
}
