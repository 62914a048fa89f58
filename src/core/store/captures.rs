//! The latest capture of each session, agent and conversation, for those captured last.

use std::{num::NonZeroUsize, sync::Arc};

use lru::LruCache;

use super::Whose;
use crate::route::Capture;

/// Captures by the name of their session or agent; the one that was captured last is the most recent.
type Latest = LruCache<Arc<str>, Arc<Capture>>;

#[derive(Debug)]
pub(super) struct Captures {
    by_session: Latest,
    by_agent: Latest,
    /// By OpenClaw's own session id.
    by_conversation: Latest,
    /// By the affinity id of a workspace, in which each conversation may be a session of its own.
    by_workspace: Latest,
    /// The latest of all; one that was observed may have neither a session nor an agent.
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

    /// Makes `capture` the latest of all that it belongs to. What made room is returned, so that its memory
    /// need not be given back under a lock.
    pub(super) fn insert(
        &mut self,
        whose: &Whose<'_>,
        capture: &Arc<Capture>,
    ) -> impl Sized + use<> {
        let session = capture.session_id.as_deref();
        (
            put(&mut self.by_session, session, capture),
            put(&mut self.by_agent, whose.agent_id, capture),
            put(&mut self.by_conversation, whose.conversation, capture),
            put(&mut self.by_workspace, whose.workspace, capture),
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

    /// By the affinity id of a workspace, whether that is the session's or not.
    pub(super) fn by_workspace(&self, workspace: &str) -> Option<Arc<Capture>> {
        self.by_workspace.peek(workspace).cloned().or_else(|| self.by_session(workspace))
    }

    pub(super) fn latest(&self) -> Option<Arc<Capture>> {
        self.latest.clone()
    }

    /// How many sessions and how many agents there are.
    pub(super) fn len(&self) -> (usize, usize) {
        (self.by_session.len(), self.by_agent.len())
    }
}

/// Makes `capture` the latest of `name`. What it takes the place of is returned.
fn put(
    latest: &mut Latest,
    name: Option<&str>,
    capture: &Arc<Capture>,
) -> Option<(Option<Arc<str>>, Arc<Capture>)> {
    let (name, capture) = (name?, Arc::clone(capture));
    match latest.get_mut(name) {
        Some(slot) => Some((None, std::mem::replace(slot, capture))),
        None => latest.push(Arc::from(name), capture).map(|(name, old)| (Some(name), old)),
    }
}
