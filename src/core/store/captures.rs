//! The latest capture of each session, agent and conversation, for those captured last.

use std::{num::NonZeroUsize, sync::Arc};

use lru::LruCache;

use super::Whose;
use crate::route::Capture;

/// Captures by the name of their session or agent; the one that was captured last is the most recent.
type Latest = LruCache<Arc<str>, Arc<Capture>>;

/// A name and its capture.
pub(super) type Entry = (Arc<str>, Arc<Capture>);

/// All that a table holds; the oldest first.
pub(super) struct Held {
    pub(super) sessions: Vec<Entry>,
    pub(super) agents: Vec<Entry>,
    pub(super) conversations: Vec<Entry>,
    pub(super) workspaces: Vec<Entry>,
    pub(super) latest: Option<Arc<Capture>>,
}

#[derive(Debug)]
pub(super) struct Captures {
    by_session: Latest,
    by_agent: Latest,
    /// By OpenClaw's own session id.
    by_conversation: Latest,
    /// By the affinity id of a workspace, where each conversation in it is a session of its own.
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
        let workspace = whose.workspace.filter(|workspace| session != Some(workspace));
        (
            put(&mut self.by_session, session, capture),
            put(&mut self.by_agent, whose.agent_id, capture),
            put(&mut self.by_conversation, whose.conversation, capture),
            put(&mut self.by_workspace, workspace, capture),
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
        let both = [self.by_session(workspace), self.by_workspace.peek(workspace).cloned()];
        both.into_iter().flatten().max_by_key(|capture| capture.captured_at)
    }

    pub(super) fn latest(&self) -> Option<Arc<Capture>> {
        self.latest.clone()
    }

    /// How many sessions and how many agents there are.
    pub(super) fn len(&self) -> (usize, usize) {
        (self.by_session.len(), self.by_agent.len())
    }

    pub(super) fn held(&self) -> Held {
        Held {
            sessions: oldest_first(&self.by_session),
            agents: oldest_first(&self.by_agent),
            conversations: oldest_first(&self.by_conversation),
            workspaces: oldest_first(&self.by_workspace),
            latest: self.latest(),
        }
    }

    /// Takes in what another table held; the newest of a name counts.
    pub(super) fn merge(&mut self, held: Held) {
        merge(&mut self.by_session, held.sessions);
        merge(&mut self.by_agent, held.agents);
        merge(&mut self.by_conversation, held.conversations);
        merge(&mut self.by_workspace, held.workspaces);
        let newest = [&self.by_session, &self.by_agent].map(|latest| latest.peek_mru());
        let newest = newest.into_iter().flatten().map(|(_, capture)| capture);
        self.latest = newest
            .chain(&held.latest)
            .chain(&self.latest)
            .max_by_key(|capture| capture.captured_at)
            .cloned();
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

fn oldest_first(latest: &Latest) -> Vec<Entry> {
    let entries = latest.iter().rev();
    entries.map(|(name, capture)| (Arc::clone(name), Arc::clone(capture))).collect()
}

fn merge(latest: &mut Latest, mut all: Vec<Entry>) {
    all.extend(oldest_first(latest));
    // Of two that are equally old, the own one comes last and stays.
    all.sort_by_key(|(_, capture)| capture.captured_at);
    for (name, capture) in all {
        latest.push(name, capture);
    }
}
