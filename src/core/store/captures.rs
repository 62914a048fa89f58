//! The latest capture of each session and of each agent, for those captured last.

use std::{num::NonZeroUsize, sync::Arc};

use lru::LruCache;

use crate::route::Capture;

/// Captures by the name of their session or agent; the one that was captured last is the most recent.
type Latest = LruCache<Arc<str>, Arc<Capture>>;

/// A name and its capture.
pub(super) type Entry = (Arc<str>, Arc<Capture>);

/// All that a table holds; the oldest first.
pub(super) struct Held {
    pub(super) sessions: Vec<Entry>,
    pub(super) agents: Vec<Entry>,
    pub(super) latest: Option<Arc<Capture>>,
}

#[derive(Debug)]
pub(super) struct Captures {
    by_session: Latest,
    by_agent: Latest,
    /// The latest of all; one that was observed may have neither a session nor an agent.
    latest: Option<Arc<Capture>>,
}

impl Captures {
    pub(super) fn new(limit: NonZeroUsize) -> Self {
        Self { by_session: LruCache::new(limit), by_agent: LruCache::new(limit), latest: None }
    }

    /// Makes `capture` the latest of its session and of `agent`. What made room is returned, so that
    /// its memory need not be given back under a lock.
    pub(super) fn insert(
        &mut self,
        session: Option<Arc<str>>,
        agent: Option<Arc<str>>,
        capture: Arc<Capture>,
    ) -> impl Sized + use<> {
        (
            agent.and_then(|agent| self.by_agent.push(agent, Arc::clone(&capture))),
            session.and_then(|session| self.by_session.push(session, Arc::clone(&capture))),
            self.latest.replace(capture),
        )
    }

    pub(super) fn by_session(&self, session: &str) -> Option<Arc<Capture>> {
        self.by_session.peek(session).cloned()
    }

    pub(super) fn by_agent(&self, agent: &str) -> Option<Arc<Capture>> {
        self.by_agent.peek(agent).cloned()
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
            latest: self.latest(),
        }
    }

    /// Takes in what another table held; the newest of a name counts.
    pub(super) fn merge(&mut self, held: Held) {
        merge(&mut self.by_session, held.sessions);
        merge(&mut self.by_agent, held.agents);
        let newest = [&self.by_session, &self.by_agent].map(|latest| latest.peek_mru());
        let newest = newest.into_iter().flatten().map(|(_, capture)| capture);
        self.latest = newest
            .chain(&held.latest)
            .chain(&self.latest)
            .max_by_key(|capture| capture.captured_at)
            .cloned();
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
