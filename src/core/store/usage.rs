//! The usage of each session, agent and model, and the totals.

use std::{collections::VecDeque, num::NonZeroUsize, sync::Arc};

use lru::LruCache;
use serde::Serialize;

use super::CallIdentity;
use crate::usage::{Ended, Outcome, RECENT_CALLS, Tally, Tokens};

/// How many models are kept. The usage of an evicted model stays in the totals.
pub(super) const MODEL_LIMIT: NonZeroUsize = NonZeroUsize::new(64).expect("not zero");

/// The number of calls from which a session's hit rate is judged. Calls without token counts are not judged.
const RATED_CALLS: usize = 20;
const LOW_HIT_RATE: f64 = 0.2;

/// The number of prompts from which a model counts as uncached.
const UNCACHED_PROMPTS: u64 = 10;

/// One call of a session.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Call {
    at: i64,
    status: Option<u16>,
    failed: bool,
    model: Option<Arc<str>>,
    tokens: Tokens,
}

/// A call that failed.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Failure {
    at: i64,
    status: Option<u16>,
    /// TaaS's id of the request.
    request_id: Option<String>,
}

/// The usage of one affinity session or of one agent. The ids and the model are those of its latest call that had them.
#[derive(Debug, Default, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Row {
    pub(crate) agent_id: Option<String>,
    pub(crate) session_id: String,
    source: &'static str,
    /// The model of the latest run, else of the latest completion, such as a title.
    pub(crate) model: Option<Arc<str>>,
    #[serde(skip)]
    is_model_of_run: bool,
    last_failure: Option<Failure>,
    /// The affinity id of the workspace.
    #[serde(skip)]
    pub(crate) workspace: Option<String>,
    #[serde(flatten)]
    pub(crate) tally: Tally,
    /// The calls of a session. The newest call is the first.
    #[serde(skip)]
    pub(crate) calls: VecDeque<Call>,
}

/// The usage of one model.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct OfModel {
    model: Arc<str>,
    #[serde(flatten)]
    pub(crate) tally: Tally,
    /// The provider and the model that the latest call requested.
    #[serde(skip)]
    pub(crate) requested: Option<(String, String)>,
}

/// The usage of all calls.
#[derive(Debug, Clone)]
pub(crate) struct Usage {
    pub(crate) totals: Tally,
    /// The number of calls without an agent id.
    pub(crate) anonymous: u64,
    pub(crate) sessions: LruCache<String, Row>,
    pub(crate) agents: LruCache<String, Row>,
    pub(crate) models: LruCache<String, OfModel>,
}

impl Usage {
    pub(super) fn new(limit: NonZeroUsize) -> Self {
        Self {
            totals: Tally::default(),
            anonymous: 0,
            sessions: LruCache::new(limit),
            agents: LruCache::new(limit),
            models: LruCache::new(MODEL_LIMIT),
        }
    }

    /// Adds a call.
    pub(super) fn add(&mut self, identity: &CallIdentity<'_>, call: &Ended<'_>) {
        self.totals.add(call);
        self.anonymous += u64::from(identity.agent_id.is_none());
        let model = call.model.map(|name| {
            let new = || OfModel { model: name.into(), tally: Tally::default(), requested: None };
            let model = self.models.get_or_insert_mut_ref(name, new);
            model.tally.add(call);
            let requested = identity.provider.zip(identity.model_id);
            model.requested = requested.map(|(provider, id)| (provider.to_owned(), id.to_owned()));
            Arc::clone(&model.model)
        });
        let session = self.sessions.get_or_insert_mut_ref(identity.session_id, Row::default);
        session.add(identity, call, model.as_ref());
        session.calls.truncate(RECENT_CALLS - 1);
        let Ended { at, status, tokens, .. } = *call;
        let failed = call.outcome == Outcome::Failed;
        session.calls.push_front(Call { at, status, failed, tokens, model: model.clone() });
        if let Some(agent) = identity.agent_id {
            let agent = self.agents.get_or_insert_mut_ref(agent, Row::default);
            agent.add(identity, call, model.as_ref());
        }
    }

    /// Whether a session belongs to an agent. A session knows only its latest agent, and an agent only its latest session.
    pub(crate) fn are_together(&self, session: &Row, agent: &str) -> bool {
        let of_agent = self.agents.peek(agent);
        session.agent_id.as_deref() == Some(agent)
            || of_agent.is_some_and(|row| row.session_id == session.session_id)
    }
}

impl Row {
    fn add(&mut self, identity: &CallIdentity<'_>, call: &Ended<'_>, model: Option<&Arc<str>>) {
        self.tally.add(call);
        self.source = identity.source;
        identity.session_id.clone_into(&mut self.session_id);
        keep(&mut self.agent_id, identity.agent_id);
        keep(&mut self.workspace, identity.workspace);
        if model.is_some() && (call.is_run || !self.is_model_of_run) {
            self.model = model.cloned();
            self.is_model_of_run = call.is_run;
        }
        if call.outcome == Outcome::Failed {
            let request_id = call.request_id.map(str::to_owned);
            self.last_failure = Some(Failure { at: call.at, status: call.status, request_id });
        }
    }

    /// The hit rate of the latest calls if it is low, and the number of these calls.
    pub(crate) fn low_hit_rate(&self) -> Option<(f64, usize)> {
        let (rate, calls) = (self.tally.recent_hit_rate()?, self.tally.recent.len());
        (calls >= RATED_CALLS && rate < LOW_HIT_RATE).then_some((rate, calls))
    }
}

/// Keeps the latest known id. Most ids are the same as before, and the memory of the text is used again.
fn keep(latest: &mut Option<String>, id: Option<&str>) {
    if let Some(id) = id {
        id.clone_into(latest.get_or_insert_default());
    }
}

impl OfModel {
    /// Whether there are enough prompts, and no token of them came from a cache.
    pub(crate) fn is_uncached(&self) -> bool {
        self.tally.prompts >= UNCACHED_PROMPTS && self.tally.tokens.cached == 0
    }
}
