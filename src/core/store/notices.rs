//! Which agents' routes have changed since somebody was told.

use std::{num::NonZeroUsize, sync::Arc};

use lru::LruCache;
use serde::Serialize;

use super::upsert;
use crate::route::Capture;

/// How long an agent's next notice waits at least, in milliseconds.
const QUIET: i64 = 60_000;

/// How old the answer is at most that a change is told of, in milliseconds.
const NEWS: i64 = 600_000;

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
    told_at: Option<i64>,
    /// The latest answer, of which they may know nothing.
    answer: Option<Arc<Capture>>,
}

#[derive(Debug)]
pub(super) struct Notices(LruCache<Arc<str>, OfAgent>);

impl Notices {
    pub(super) fn new(limit: NonZeroUsize) -> Self {
        Self(LruCache::new(limit))
    }

    /// Notes an answer of `agent`, where it says its model.
    pub(super) fn note(&mut self, agent: &str, answer: &Arc<Capture>) {
        let Some(model) = answer.autorouter_model.as_deref() else {
            return;
        };
        upsert(&mut self.0, agent, |agent| {
            agent.known.get_or_insert_with(|| model.to_owned());
            agent.answer = Some(Arc::clone(answer));
        });
    }

    /// Whether the latest answer of `agent` is another model's than people know of. What may not be told yet is
    /// told later, if it is still so.
    pub(super) fn change(&mut self, agent: &str, now: i64) -> Option<RouteChange> {
        let agent = self.0.get_mut(agent)?;
        let answer = agent.answer.as_deref()?;
        let to = answer.autorouter_model.as_deref()?;
        if agent.known.as_deref() == Some(to)
            || agent.told_at.is_some_and(|at| now.saturating_sub(at) < QUIET)
            || now.saturating_sub(answer.captured_at) > NEWS
        {
            return None;
        }
        agent.told_at = Some(now);
        let from = agent.known.replace(to.to_owned())?;
        Some(RouteChange { from, to: to.to_owned() })
    }
}
