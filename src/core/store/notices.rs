//! Which agents' routes have changed since somebody was told.

use std::{num::NonZeroUsize, sync::Arc};

use lru::LruCache;
use serde::Serialize;

use super::upsert;

/// How long an agent's next notice waits at least, in milliseconds.
const QUIET: i64 = 60_000;

/// What changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RouteChange {
    /// The model that answered when the agent was looked at last.
    pub from: String,
    /// The model that answers now.
    pub to: String,
}

#[derive(Debug, Default)]
struct Told {
    model: Option<String>,
    /// When there was a change to tell of.
    at: Option<i64>,
}

#[derive(Debug)]
pub(super) struct Notices(LruCache<Arc<str>, Told>);

impl Notices {
    pub(super) fn new(limit: NonZeroUsize) -> Self {
        Self(LruCache::new(limit))
    }

    /// Whether `model` is another one than `agent` had when it was looked at last. A change within a minute of
    /// the last one that was told is told after it, if it is still one.
    pub(super) fn change(&mut self, agent: &str, model: &str, now: i64) -> Option<RouteChange> {
        upsert(&mut self.0, agent, |told| {
            let Some(from) = told.model.as_deref() else {
                told.model = Some(model.to_owned());
                return None;
            };
            if from == model || told.at.is_some_and(|at| now.saturating_sub(at) < QUIET) {
                return None;
            }
            told.at = Some(now);
            let from = told.model.replace(model.to_owned())?;
            Some(RouteChange { from, to: model.to_owned() })
        })
    }
}
