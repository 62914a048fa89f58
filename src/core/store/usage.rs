//! The usage of each session, agent and model, and the totals.

use std::{collections::VecDeque, num::NonZeroUsize, sync::Arc};

use lru::LruCache;

use super::{CallIdentity, upsert};
use crate::usage::{Ended, Tally, Tokens};

/// How many models are kept. The usage of an evicted model stays in the totals.
pub const MODEL_LIMIT: NonZeroUsize = NonZeroUsize::new(64).expect("not zero");

/// How many calls of each session are kept.
pub const CALL_LIMIT: usize = 32;

/// One call of a session.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call {
    pub(crate) at: i64,
    pub(crate) status: Option<u16>,
    pub(crate) failed: bool,
    pub(crate) tokens: Tokens,
    /// The number of the model, which may be evicted by now.
    model: Option<u32>,
}

/// The usage of one affinity session.
#[derive(Debug, Default, Clone)]
pub(crate) struct OfSession {
    pub(crate) tally: Tally,
    pub(crate) source: &'static str,
    pub(crate) agent: Option<Arc<str>>,
    pub(crate) workspace: Option<Arc<str>>,
    model: Option<u32>,
    /// The newest call is the last.
    pub(crate) calls: VecDeque<Call>,
}

/// The usage of one agent.
#[derive(Debug, Default, Clone)]
pub(crate) struct OfAgent {
    pub(crate) tally: Tally,
    pub(crate) source: &'static str,
    pub(crate) session: Option<Arc<str>>,
    model: Option<u32>,
    /// The affinity id of the latest workspace.
    pub(crate) workspace: Option<Arc<str>>,
}

/// The usage of one model.
#[derive(Debug, Default, Clone)]
pub(crate) struct OfModel {
    pub(crate) tally: Tally,
    number: u32,
    /// The provider and the model that the latest call requested.
    pub(crate) requested: Option<(Arc<str>, Arc<str>)>,
}

#[derive(Debug)]
pub(super) struct Usage {
    totals: Tally,
    /// The number of calls without an agent id.
    anonymous: u64,
    sessions: LruCache<Arc<str>, OfSession>,
    agents: LruCache<Arc<str>, OfAgent>,
    models: LruCache<Arc<str>, OfModel>,
    next_number: u32,
}

/// A copy of all usage, the most recent first.
#[derive(Debug, Default)]
pub(crate) struct UsageSnapshot {
    pub(crate) totals: Tally,
    pub(crate) anonymous: u64,
    pub(crate) sessions: Vec<(Arc<str>, OfSession)>,
    pub(crate) agents: Vec<(Arc<str>, OfAgent)>,
    pub(crate) models: Vec<(Arc<str>, OfModel)>,
}

/// The number of prompts from which a session's hit rate is judged. Calls without token counts are not judged.
const RATED_PROMPTS: u64 = 20;
const LOW_HIT_RATE: f64 = 0.2;

/// The number of prompts from which a model counts as uncached.
const UNCACHED_PROMPTS: u64 = 10;

impl Usage {
    pub(super) fn new(limit: NonZeroUsize) -> Self {
        Self {
            totals: Tally::default(),
            anonymous: 0,
            sessions: LruCache::new(limit),
            agents: LruCache::new(limit),
            models: LruCache::new(MODEL_LIMIT),
            next_number: 0,
        }
    }

    /// Adds a call.
    pub(super) fn add(&mut self, identity: &CallIdentity<'_>, call: &Ended<'_>) {
        self.totals.add(call);
        self.anonymous += u64::from(identity.agent_id.is_none());
        let model = call.model.map(|name| {
            let next = &mut self.next_number;
            upsert(&mut self.models, name, |model| {
                if model.tally.requests == 0 {
                    model.number = *next;
                    *next = next.wrapping_add(1);
                }
                model.tally.add(call);
                if model.requested.as_ref().is_none_or(|(provider, id)| {
                    Some(&**provider) != identity.provider || Some(&**id) != identity.model_id
                }) {
                    let both = identity.provider.zip(identity.model_id);
                    model.requested = both.map(|(provider, id)| (provider.into(), id.into()));
                }
                model.number
            })
        });
        upsert(&mut self.sessions, identity.session_id, |session| {
            session.tally.add(call);
            session.source = identity.source;
            replace(&mut session.agent, identity.agent_id);
            replace(&mut session.workspace, identity.workspace);
            session.model = model.or(session.model);
            if session.calls.len() == CALL_LIMIT {
                session.calls.pop_front();
            }
            let Ended { at, status, failed, tokens, .. } = *call;
            session.calls.push_back(Call { at, status, failed, tokens, model });
        });
        if let Some(agent) = identity.agent_id {
            upsert(&mut self.agents, agent, |agent| {
                agent.tally.add(call);
                agent.source = identity.source;
                replace(&mut agent.session, Some(identity.session_id));
                agent.model = model.or(agent.model);
                replace(&mut agent.workspace, identity.workspace);
            });
        }
    }

    pub(super) fn snapshot(&self) -> UsageSnapshot {
        UsageSnapshot {
            totals: self.totals.clone(),
            anonymous: self.anonymous,
            sessions: newest_first(&self.sessions),
            agents: newest_first(&self.agents),
            models: newest_first(&self.models),
        }
    }
}

impl OfSession {
    /// The hit rate of all or of the latest prompts if it is low, and the number of these prompts.
    pub(crate) fn low_hit_rate(&self) -> Option<(f64, u64)> {
        if self.tally.prompts < RATED_PROMPTS {
            return None;
        }
        let (mut latest, mut prompts) = (Tokens::default(), 0);
        for Call { tokens, .. } in &self.calls {
            latest.add(*tokens);
            prompts += u64::from(tokens.prompt() > 0);
        }
        [(self.tally.tokens, self.tally.prompts), (latest, prompts)]
            .into_iter()
            .filter(|(_, prompts)| *prompts >= RATED_PROMPTS)
            .filter_map(|(tokens, prompts)| Some((tokens.hit_rate()?, prompts)))
            .find(|(rate, _)| *rate < LOW_HIT_RATE)
    }
}

impl OfAgent {
    /// Whether the agent's latest call used the session.
    pub(crate) fn is_in(&self, session_id: &str) -> bool {
        self.session.as_deref() == Some(session_id)
    }
}

impl OfModel {
    /// Whether there are enough prompts, and no token of them came from a cache.
    pub(crate) fn is_uncached(&self) -> bool {
        self.tally.prompts >= UNCACHED_PROMPTS && self.tally.tokens.cached == 0
    }
}

impl UsageSnapshot {
    /// The name of a model by its number, unless the model is evicted.
    fn name(&self, number: Option<u32>) -> Option<&str> {
        let mut models = self.models.iter();
        models.find(|(_, model)| Some(model.number) == number).map(|(name, _)| &**name)
    }

    pub(crate) fn model_of_session(&self, session: &OfSession) -> Option<&str> {
        self.name(session.model)
    }

    pub(crate) fn model_of_agent(&self, agent: &OfAgent) -> Option<&str> {
        self.name(agent.model)
    }

    pub(crate) fn model_of_call(&self, call: &Call) -> Option<&str> {
        self.name(call.model)
    }
}

/// Replaces the value of `slot`, unless `value` is `None`.
fn replace(slot: &mut Option<Arc<str>>, value: Option<&str>) {
    if value.is_some() && slot.as_deref() != value {
        *slot = value.map(Arc::from);
    }
}

fn newest_first<T: Clone>(all: &LruCache<Arc<str>, T>) -> Vec<(Arc<str>, T)> {
    all.iter().map(|(name, value)| (Arc::clone(name), value.clone())).collect()
}
