//! Is it working, what did I get, what did I save, why not?

use serde_json::{Map, Value, json};

use super::{
    AskError, Fault, Question,
    params::Params,
    selectors::{KEYS, SELECTED, Subject, is_agent},
};
use crate::{
    doctor::{Facts, Level, checks},
    store::{Algorithm, Chooser, OfAgent, OfSession, Used, Whose},
    usage::BASELINE,
};

pub(super) fn answer(question: &Question<'_>) -> Result<Value, AskError> {
    let subject = subject(question)
        .map_err(|fault| AskError::Params { fault, accepted: SELECTED.to_owned() })?;
    Ok(Status::of(question).json(&subject))
}

fn subject(question: &Question<'_>) -> Result<Subject, Fault> {
    Subject::of(question, &Params::read(question.params, &KEYS)?)
}

struct Status<'a> {
    question: &'a Question<'a>,
    used: Used,
}

impl<'a> Status<'a> {
    fn of(question: &'a Question<'a>) -> Self {
        Self { question, used: question.store.used() }
    }

    fn json(&self, subject: &Subject) -> Value {
        let facts: Option<Facts> =
            self.question.facts.and_then(|facts| serde_json::from_str(facts).ok());
        let facts = facts.as_ref();
        let checks = checks(&self.used, facts, self.question.surroundings);
        let warnings: Vec<_> = checks.iter().filter(|check| check.level != Level::Ok).collect();
        let sessions: Vec<_> =
            self.used.sessions.iter().filter(|(id, session)| subject.has(id, session)).collect();
        let is_asked = |name: &str| match subject {
            Subject::All => true,
            Subject::Agent(id) => is_agent(Some(name), id),
            _ => sessions.iter().any(|(_, session)| session.agent.as_deref() == Some(name)),
        };
        let is_chosen = |chooser: &Chooser| match chooser {
            Chooser::Agent(name) => is_asked(name),
            Chooser::Session(chosen) => {
                *subject == Subject::All
                    || subject.session_id() == Some(chosen)
                    || sessions.iter().any(|(id, session)| {
                        **id == **chosen || session.workspace.as_deref() == Some(chosen)
                    })
            }
        };
        let algorithms: Vec<_> = (self.question.store.choices().iter())
            .filter(|(chooser, _)| is_chosen(chooser))
            .map(|(chooser, algorithm)| chosen(chooser, Some(*algorithm)))
            .collect();
        let agents = self.used.agents.iter().filter(|(name, _)| is_asked(name));
        let agents: Vec<_> = agents.map(|(name, agent)| self.agent(name, agent)).collect();
        let with_calls = sessions.len() == 1 && subject.is_session();
        let sessions: Vec<_> =
            sessions.iter().map(|(id, session)| self.session(id, session, with_calls)).collect();
        let models: Vec<_> = (self.used.models.iter())
            .map(|(name, model)| row(json!({ "model": &**name }), model.tally.json()))
            .collect();
        let totals = self.used.totals.json();
        json!({
            "now": self.question.now,
            "since": totals["firstUse"],
            "pluginVersion": facts.and_then(|facts| facts.package.as_deref()),
            "affinity": facts.and_then(|facts| facts.affinity.as_deref()).unwrap_or("workspace"),
            "baseline": BASELINE,
            "totals": totals,
            "agents": agents,
            "sessions": sessions,
            "models": models,
            "algorithms": algorithms,
            "warnings": warnings,
            "checks": checks,
        })
    }

    fn agent(&self, name: &str, agent: &OfAgent) -> Value {
        let head = json!({
            "agentId": name,
            "sessionId": agent.session.as_deref(),
            "source": agent.source,
            "model": self.used.model_of_agent(agent),
            "algorithm": self.algorithm(
                agent.session.as_deref(),
                agent.workspaces[0].as_deref(),
                Some(name),
            ),
        });
        row(head, agent.tally.json())
    }

    fn session(&self, id: &str, session: &OfSession, with_calls: bool) -> Value {
        let head = json!({
            "sessionId": id,
            "agentId": session.agent.as_deref(),
            "source": session.source,
            "model": self.used.model_of_session(session),
            "algorithm": self.algorithm(
                Some(id),
                session.workspace.as_deref(),
                session.agent.as_deref(),
            ),
        });
        let mut row = row(head, session.tally.json());
        if with_calls {
            let calls: Vec<_> = (session.calls.iter().rev())
                .map(|call| {
                    json!({
                        "at": call.at,
                        "status": call.status,
                        "failed": call.failed,
                        "model": self.used.model_of_call(call),
                        "tokens": call.tokens.json(),
                    })
                })
                .collect();
            row["calls"] = calls.into();
        }
        row
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

/// The keys of both objects, in their order.
fn row(head: Value, tally: Value) -> Value {
    let mut all = Map::new();
    for part in [head, tally] {
        if let Value::Object(part) = part {
            all.extend(part);
        }
    }
    Value::Object(all)
}
