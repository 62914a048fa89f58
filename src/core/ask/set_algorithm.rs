//! By which algorithm the autorouter is to choose, for an agent or a session.

use serde_json::Value;

use super::{
    AskError, Fault, Question,
    params::{Params, quoted},
    selectors::{AGENT_ID, SESSION_ID, Subject, WORKSPACE_DIR},
    status::chosen,
};
use crate::{
    agent,
    store::{Algorithm, CHOICE_LIMIT, Chooser},
    text::NAME_LIMIT,
};

const ALGORITHM: &str = "algorithm";

pub(super) fn answer(question: &Question<'_>) -> Result<String, AskError> {
    set(question).map(|answer| answer.to_string()).map_err(|fault| AskError::Params {
        fault,
        accepted: format!(
            "accepted is one of agentId, sessionId (an oc:... id) or workspaceDir, a non-blank string, with algorithm, one \
             of {}, or null to clear",
            Algorithm::ALL.map(Algorithm::name).join(", ")
        ),
    })
}

fn set(question: &Question<'_>) -> Result<Value, Fault> {
    let params = Params::read(question.params, &[AGENT_ID, SESSION_ID, WORKSPACE_DIR, ALGORITHM])?;
    let algorithm = if params.is_null(ALGORITHM) {
        None
    } else {
        let text = params.text(ALGORITHM, NAME_LIMIT)?;
        let text = text.ok_or(Fault::Missing { key: ALGORITHM })?;
        let unknown = |_| Fault::NoAlgorithm { text: quoted(&text) };
        Some(text.parse().map_err(unknown)?)
    };
    let chooser = match Subject::of(question, &params)? {
        Subject::Agent(id) => {
            let normalized = agent::normalized(&id);
            Chooser::Agent(normalized.ok_or_else(|| Fault::NoAgentId { text: quoted(&id) })?.into())
        }
        Subject::Session(id) | Subject::Workspace(id) => Chooser::Session(id),
        Subject::Conversation { .. } | Subject::All => return Err(Fault::NoSelector),
    };
    let previous = (question.store.choose(chooser.clone(), algorithm))
        .map_err(|_| Fault::Full { limit: CHOICE_LIMIT })?;
    let mut answer = chosen(&chooser, algorithm);
    answer["previous"] = previous.map(Algorithm::name).into();
    Ok(answer)
}
