//! `taas.affinity.status`: usage by agent, session and model, the algorithms, and the doctor's checks.

use serde::Serialize;
use serde_json::{Value, json};

use super::{
    AskError, Question, params,
    selectors::{KEYS, Selector, Selectors, is_agent},
};
use crate::{
    doctor::{Check, Facts, Level, checks},
    store::{Algorithm, AlgorithmTarget, CallIdentity, OfAgent, OfSession, UsageSnapshot},
    text,
    usage::{BASELINE, Tally, Tokens},
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    now: i64,
    since: Option<i64>,
    plugin_version: Option<&'a str>,
    affinity: &'a str,
    baseline: &'static str,
    totals: &'a Tally,
    agents: Vec<AgentRow<'a>>,
    sessions: Vec<SessionRow<'a>>,
    models: Vec<ModelRow<'a>>,
    algorithms: Vec<Value>,
    warnings: Vec<&'a Check>,
    checks: &'a [Check],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AgentRow<'a> {
    agent_id: &'a str,
    session_id: Option<&'a str>,
    source: &'static str,
    model: Option<&'a str>,
    algorithm: Option<&'static str>,
    #[serde(flatten)]
    tally: &'a Tally,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SessionRow<'a> {
    session_id: &'a str,
    agent_id: Option<&'a str>,
    source: &'static str,
    model: Option<&'a str>,
    algorithm: Option<&'static str>,
    #[serde(flatten)]
    tally: &'a Tally,
    #[serde(skip_serializing_if = "Option::is_none")]
    calls: Option<Vec<Call<'a>>>,
}

#[derive(Serialize)]
struct Call<'a> {
    at: i64,
    status: Option<u16>,
    failed: bool,
    model: Option<&'a str>,
    tokens: Tokens,
}

#[derive(Serialize)]
struct ModelRow<'a> {
    model: &'a str,
    #[serde(flatten)]
    tally: &'a Tally,
}

pub(super) fn status(question: &Question<'_>) -> Result<String, AskError> {
    let selector = params::read::<Selectors>(question.params)
        .and_then(|selectors| selectors.first(question))
        .map_err(|fault| AskError::Params { fault, keys: KEYS.to_owned() })?;
    Ok(Status::of(question).json(&selector))
}

struct Status<'a> {
    question: &'a Question<'a>,
    usage: UsageSnapshot,
}

impl<'a> Status<'a> {
    fn of(question: &'a Question<'a>) -> Self {
        Self { question, usage: question.store.usage_snapshot() }
    }

    fn json(&self, selector: &Selector) -> String {
        let facts = self.question.facts.and_then(Facts::read);
        let facts = facts.as_ref();
        let moved = self.question.store.moved();
        let checks = checks(&self.usage, &moved, facts, self.question.surroundings);
        let sessions = self.sessions(selector);
        let agents = self.usage.agents.iter();
        let agents = agents.filter(|(name, _)| self.has_agent(selector, &sessions, name));
        let with_calls = sessions.len() == 1 && selector.is_session();
        let models = self.usage.models.iter();
        let models = models.map(|(name, model)| ModelRow { model: name, tally: &model.tally });
        text::json(&Report {
            now: self.question.now,
            since: self.usage.totals.first_use(),
            plugin_version: facts.and_then(|facts| facts.package.as_deref()),
            affinity: facts.and_then(|facts| facts.affinity.as_deref()).unwrap_or("workspace"),
            baseline: BASELINE,
            totals: &self.usage.totals,
            agents: agents.map(|(name, agent)| self.agent(name, agent)).collect(),
            sessions: (sessions.iter())
                .map(|(id, session)| self.session(id, session, with_calls))
                .collect(),
            models: models.collect(),
            algorithms: self.algorithms(selector, &sessions),
            warnings: checks.iter().filter(|check| check.level != Level::Ok).collect(),
            checks: &checks,
        })
    }

    /// The selected sessions. A session knows only its latest agent, so agents that share a session also select it.
    fn sessions(&self, selector: &Selector) -> Vec<(&str, &OfSession)> {
        let is_of_agent = |id: &str| match selector {
            Selector::Agent(selected) => {
                let mut agents = self.usage.agents.iter();
                agents.any(|(name, agent)| is_agent(Some(name), selected) && agent.is_in(id))
            }
            _ => false,
        };
        let sessions = self.usage.sessions.iter().map(|(id, session)| (&**id, session));
        sessions
            .filter(|(id, session)| selector.has_session(id, session) || is_of_agent(id))
            .collect()
    }

    fn has_agent(&self, selector: &Selector, sessions: &[(&str, &OfSession)], name: &str) -> bool {
        let is_in = |id: &str| {
            let mut agents = self.usage.agents.iter();
            agents.any(|(other, agent)| **other == *name && agent.is_in(id))
        };
        match selector {
            Selector::All => true,
            Selector::Agent(id) => is_agent(Some(name), id),
            _ => (sessions.iter())
                .any(|(id, session)| session.agent.as_deref() == Some(name) || is_in(id)),
        }
    }

    fn algorithms(&self, selector: &Selector, sessions: &[(&str, &OfSession)]) -> Vec<Value> {
        let is_selected = |target: &AlgorithmTarget| match target {
            AlgorithmTarget::Agent(name) => self.has_agent(selector, sessions, name),
            AlgorithmTarget::Session(target) => {
                *selector == Selector::All
                    || selector.session_id() == Some(target)
                    || sessions.iter().any(|(id, session)| {
                        *id == *target || session.workspace.as_deref() == Some(target)
                    })
            }
        };
        let algorithms = self.question.store.algorithms();
        let selected = algorithms.iter().filter(|(target, _)| is_selected(target));
        selected.map(|(target, algorithm)| setting(target, Some(*algorithm))).collect()
    }

    fn agent(&'a self, name: &'a str, agent: &'a OfAgent) -> AgentRow<'a> {
        let session_id = agent.session.as_deref();
        AgentRow {
            agent_id: name,
            session_id,
            source: agent.source,
            model: self.usage.model_of_agent(agent),
            algorithm: self.algorithm(session_id, agent.workspace.as_deref(), Some(name)),
            tally: &agent.tally,
        }
    }

    fn session(&'a self, id: &'a str, session: &'a OfSession, with_calls: bool) -> SessionRow<'a> {
        let agent_id = session.agent.as_deref();
        let calls = session.calls.iter().rev().map(|call| Call {
            at: call.at,
            status: call.status,
            failed: call.failed,
            model: self.usage.model_of_call(call),
            tokens: call.tokens,
        });
        SessionRow {
            session_id: id,
            agent_id,
            source: session.source,
            model: self.usage.model_of_session(session),
            algorithm: self.algorithm(Some(id), session.workspace.as_deref(), agent_id),
            tally: &session.tally,
            calls: with_calls.then(|| calls.collect()),
        }
    }

    /// The algorithm of the next request with this identity.
    fn algorithm(
        &self,
        session_id: Option<&str>,
        workspace: Option<&str>,
        agent_id: Option<&str>,
    ) -> Option<&'static str> {
        let session_id = session_id.unwrap_or_default();
        let identity = CallIdentity { session_id, agent_id, workspace, ..CallIdentity::default() };
        self.question.store.algorithm(&identity).map(Algorithm::name)
    }
}

/// The JSON form of a setting.
pub(super) fn setting(target: &AlgorithmTarget, algorithm: Option<Algorithm>) -> Value {
    let algorithm = algorithm.map(Algorithm::name);
    match target {
        AlgorithmTarget::Agent(id) => json!({ "agentId": id, "algorithm": algorithm }),
        AlgorithmTarget::Session(id) => json!({ "sessionId": id, "algorithm": algorithm }),
    }
}
