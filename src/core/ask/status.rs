//! `taas.affinity.status`: usage by agent, session and model, the algorithms, and the doctor's checks.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Fault, Params, Question, selectors::Selector, usage_line};
use crate::{
    agent,
    doctor::Facts,
    store::{Algorithm, AlgorithmTarget, CallIdentity, Row},
    usage::BASELINE,
};

/// How many known agents are named.
const NAMED_AGENTS: usize = 64;

pub(super) fn status(question: &Question<'_>, params: &Params) -> Result<String, Fault> {
    let selector = Selector::first(question, params)?;
    let store = question.store;
    let facts = question.facts();
    let facts = facts.as_ref();
    let usage = store.usage();
    let checks = question.checks(&usage, facts);

    let has_session = |session: &&Row| match &selector {
        Selector::Agent(id) => usage.are_together(session, &id.trim().to_ascii_lowercase()),
        _ => selector.has(Some(&session.session_id), None, session.workspace.as_deref()),
    };
    let sessions: Vec<_> =
        usage.sessions.iter().map(|(_, session)| session).filter(has_session).collect();
    let has_agent = |name: &str| match selector {
        Selector::Agent(_) | Selector::All => selector.has(None, Some(name), None),
        _ => sessions.iter().any(|session| usage.are_together(session, name)),
    };
    let has_algorithm = |target: &AlgorithmTarget| match target {
        AlgorithmTarget::Agent(name) => has_agent(name),
        AlgorithmTarget::Session(id) => {
            let has_id = |row: &&Row| row.session_id == *id || row.workspace.as_ref() == Some(id);
            selector.has(Some(id), None, Some(id)) || sessions.iter().any(has_id)
        }
    };
    let shown = |row: &Row| {
        let identity = CallIdentity {
            session_id: &row.session_id,
            agent_id: row.agent_id.as_deref(),
            workspace: row.workspace.as_deref(),
            ..CallIdentity::default()
        };
        let mut shown = json!(row);
        // The algorithm of the next request with these ids.
        shown["algorithm"] = json!(store.algorithm(&identity));
        shown
    };
    let mut session_rows: Vec<_> = sessions.iter().map(|row| shown(row)).collect();
    if session_rows.len() == 1 && !matches!(selector, Selector::Agent(_) | Selector::All) {
        session_rows[0]["calls"] = json!(sessions[0].calls);
    }
    let agents = usage.agents.iter().filter(|(name, _)| has_agent(name));
    let algorithms = store.algorithms();
    let algorithms = algorithms.iter().filter(|(target, _)| has_algorithm(target));
    let mut answer = json!({
        "now": question.now,
        "since": usage.totals.first_use,
        "pluginVersion": facts.and_then(|facts| facts.package.as_deref()),
        "affinity": facts.and_then(|facts| facts.affinity.as_deref()).unwrap_or("workspace"),
        "baseline": BASELINE,
        "totals": usage.totals,
        "usageLine": usage_line::of_all(&usage, facts, &checks),
        "agents": agents.map(|(_, row)| shown(row)).collect::<Value>(),
        "sessions": session_rows,
        "models": usage.models.iter().map(|(_, model)| json!(model)).collect::<Value>(),
        "algorithms": algorithms
            .map(|(target, algorithm)| setting(target, Some(*algorithm)))
            .collect::<Value>(),
        "warnings": checks.iter().filter(|check| !check.is_ok()).collect::<Vec<_>>(),
        "checks": checks,
    });
    if let Selector::Agent(id) = &selector
        && let Some(known) = known_instead(question, id, facts)
    {
        answer["knownAgents"] = json!(known);
    }
    Ok(answer.to_string())
}

/// The agents that are known, if the agent `id` is not one of them: it was never seen, and is not configured.
fn known_instead(question: &Question<'_>, id: &str, facts: Option<&Facts>) -> Option<Vec<String>> {
    let configured = facts?.agents.as_deref()?.iter();
    let mut known: BTreeSet<_> = question.store.agents();
    known.extend(configured.filter_map(|id| Some(agent::normalized(id)?.into_owned())));
    let is_known = agent::normalized(id).is_some_and(|id| known.contains(&*id));
    (!is_known).then(|| known.into_iter().take(NAMED_AGENTS).collect())
}

/// The JSON form of a setting.
pub(super) fn setting(target: &AlgorithmTarget, algorithm: Option<Algorithm>) -> Value {
    let (key, id) = match target {
        AlgorithmTarget::Agent(id) => ("agentId", id),
        AlgorithmTarget::Session(id) => ("sessionId", id),
    };
    json!({ key: id, "algorithm": algorithm })
}
