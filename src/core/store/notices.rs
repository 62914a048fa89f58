//! Finds the agents whose routed model changed, for the route notices in the log.

use std::{
    num::NonZeroUsize,
    time::{Duration, Instant},
};

use lru::LruCache;

/// The shortest time between two notices of an agent.
const QUIET: Duration = Duration::from_secs(60);

/// A change of the model that the autorouter chose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteChange {
    /// The model of the previous notice, or the first model if there was no notice.
    pub from: String,
    /// The current model.
    pub to: String,
}

#[derive(Debug)]
struct OfAgent {
    /// The model of the latest notice, or the first model.
    known: String,
    /// The time of the latest notice.
    noticed_at: Option<Instant>,
}

#[derive(Debug)]
pub(super) struct Notices(LruCache<String, OfAgent>);

impl Notices {
    pub(super) fn new(limit: NonZeroUsize) -> Self {
        Self(LruCache::new(limit))
    }

    /// Records that `model` answered `agent`, and returns a change to report. A change within [`QUIET`] is reported by a
    /// later call, unless the model has changed back by then.
    pub(super) fn change(&mut self, agent: &str, model: &str, now: Instant) -> Option<RouteChange> {
        let new = || OfAgent { known: model.to_owned(), noticed_at: None };
        let agent = self.0.get_or_insert_mut_ref(agent, new);
        let is_quiet = agent.noticed_at.is_some_and(|at| now.duration_since(at) < QUIET);
        if agent.known == model || is_quiet {
            return None;
        }
        agent.noticed_at = Some(now);
        let from = std::mem::replace(&mut agent.known, model.to_owned());
        Some(RouteChange { from, to: model.to_owned() })
    }
}
