//! Which agents' routes have changed since the log was told.

use std::{
    num::NonZeroUsize,
    sync::Arc,
    time::{Duration, Instant},
};

use lru::LruCache;
use serde::Serialize;

use super::upsert;

/// How long an agent's next notice waits at least.
const QUIET: Duration = Duration::from_secs(60);

/// What changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RouteChange {
    /// The model that was told last; before that, the first that answered.
    pub from: String,
    /// The model that answers now.
    pub to: String,
}

#[derive(Debug, Default)]
struct OfAgent {
    /// The model that people know of.
    known: Option<String>,
    /// When they were told of it.
    told_at: Option<Instant>,
}

#[derive(Debug)]
pub(super) struct Notices(LruCache<Arc<str>, OfAgent>);

impl Notices {
    pub(super) fn new(limit: NonZeroUsize) -> Self {
        Self(LruCache::new(limit))
    }

    /// Notes that `model` has answered `agent`, and says whether people know of another one. What may not be told yet
    /// is told at a later answer, if it is still so.
    pub(super) fn change(&mut self, agent: &str, model: &str, now: Instant) -> Option<RouteChange> {
        upsert(&mut self.0, agent, |agent| {
            let known = agent.known.get_or_insert_with(|| model.to_owned());
            let is_quiet = agent.told_at.is_some_and(|at| now.duration_since(at) < QUIET);
            if known == model || is_quiet {
                return None;
            }
            agent.told_at = Some(now);
            let from = std::mem::replace(known, model.to_owned());
            Some(RouteChange { from, to: model.to_owned() })
        })
    }
}
