//! Is it working, what did I get, what did I save, why not?

use serde::Serialize;
use serde_json::{Value, json};

use super::{
    AskError, Question, params,
    selectors::{KEYS, Selector, Selectors, is_agent},
};
use crate::{
    doctor::{Check, Facts, Level, checks},
    store::{Algorithm, Chooser, OfAgent, OfSession, Used, Whose},
    text,
    usage::{BASELINE, Tally, Tokens},
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
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
    used: Used,
}

impl<'a> Status<'a> {
    fn of(question: &'a Question<'a>) -> Self {
        Self { question, used: question.store.used() }
    }

    fn json(&self, selector: &Selector) -> String {
        let facts = self.question.facts.and_then(Facts::read);
        let facts = facts.as_ref();
        let moved = self.question.store.moved();
        let checks = checks(&self.used, &moved, facts, self.question.surroundings);
        let warnings: Vec<_> = checks.iter().filter(|check| check.level != Level::Ok).collect();
        // Agents may share a session, which knows the latest of them alone; each of them knows its session.
        let agents = self.used.agents.iter();
        let is_of_agent = |id: &str| match selector {
            Selector::Agent(asked) => {
                (agents.clone()).any(|(name, agent)| is_agent(Some(name), asked) && agent.is_in(id))
            }
            _ => false,
        };
        let sessions: Vec<_> = (self.used.sessions.iter())
            .filter(|(id, session)| selector.has_session(id, session) || is_of_agent(id))
            .collect();
        let is_asked = |name: &str| match selector {
            Selector::All => true,
            Selector::Agent(id) => is_agent(Some(name), id),
            _ => sessions.iter().any(|(id, session)| {
                session.agent.as_deref() == Some(name)
                    || agents.clone().any(|(other, agent)| agent.is_in(id) && **other == *name)
            }),
        };
        let is_chosen = |chooser: &Chooser| match chooser {
            Chooser::Agent(name) => is_asked(name),
            Chooser::Session(chosen) => {
                *selector == Selector::All
                    || selector.session_id() == Some(chosen)
                    || sessions.iter().any(|(id, session)| {
                        **id == **chosen || session.workspace.as_deref() == Some(chosen)
                    })
            }
        };
        let algorithms: Vec<_> = (self.question.store.choices().iter())
            .filter(|(chooser, _)| is_chosen(chooser))
            .map(|(chooser, algorithm)| chosen(chooser, Some(*algorithm)))
            .collect();
        let agents = agents.clone().filter(|(name, _)| is_asked(name));
        let agents: Vec<_> = agents.map(|(name, agent)| self.agent(name, agent)).collect();
        let with_calls = sessions.len() == 1 && selector.is_session();
        let sessions: Vec<_> =
            sessions.iter().map(|(id, session)| self.session(id, session, with_calls)).collect();
        let models = self.used.models.iter();
        let models = models.map(|(name, model)| ModelRow { model: name, tally: &model.tally });
        text::json(&Answer {
            now: self.question.now,
            since: self.used.totals.first_use(),
            plugin_version: facts.and_then(|facts| facts.package.as_deref()),
            affinity: facts.and_then(|facts| facts.affinity.as_deref()).unwrap_or("workspace"),
            baseline: BASELINE,
            totals: &self.used.totals,
            agents,
            sessions,
            models: models.collect(),
            algorithms,
            warnings,
            checks: &checks,
        })
    }

    fn agent(&'a self, name: &'a str, agent: &'a OfAgent) -> AgentRow<'a> {
        let session_id = agent.session.as_deref();
        AgentRow {
            agent_id: name,
            session_id,
            source: agent.source,
            model: self.used.model_of_agent(agent),
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
            model: self.used.model_of_call(call),
            tokens: call.tokens,
        });
        SessionRow {
            session_id: id,
            agent_id,
            source: session.source,
            model: self.used.model_of_session(session),
            algorithm: self.algorithm(Some(id), session.workspace.as_deref(), agent_id),
            tally: &session.tally,
            calls: with_calls.then(|| calls.collect()),
        }
    }

    /// By which algorithm the next request of somebody asks to be routed.
    fn algorithm(
        &self,
        session_id: Option<&str>,
        workspace: Option<&str>,
        agent_id: Option<&str>,
    ) -> Option<&'static str> {
        let session_id = session_id.unwrap_or_default();
        let whose = Whose { session_id, agent_id, workspace, ..Whose::default() };
        self.question.store.choice(&whose).map(Algorithm::name)
    }
}

/// A choice as people see it.
pub(super) fn chosen(chooser: &Chooser, algorithm: Option<Algorithm>) -> Value {
    let algorithm = algorithm.map(Algorithm::name);
    match chooser {
        Chooser::Agent(id) => json!({ "agentId": id, "algorithm": algorithm }),
        Chooser::Session(id) => json!({ "sessionId": id, "algorithm": algorithm }),
    }
}
