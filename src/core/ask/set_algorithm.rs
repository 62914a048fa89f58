//! `taas.autorouter.setAlgorithm`: sets the autorouter's algorithm for an agent or a session.

use serde::Deserialize;
use serde_json::Value;

use super::{
    AskError, Fault, Question,
    params::{self, Given, quoted},
    selectors::{Selector, Selectors},
    status::setting,
};
use crate::{
    agent,
    store::{ALGORITHM_LIMIT, Algorithm, AlgorithmTarget},
    text::NAME_LIMIT,
};

const KEYS: &str = "agentId, sessionId, workspaceDir, algorithm";

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct Params {
    agent_id: Given,
    session_id: Given,
    workspace_dir: Given,
    algorithm: Given,
}

pub(super) fn set_algorithm(question: &Question<'_>) -> Result<String, AskError> {
    set(question)
        .map(|result| result.to_string())
        .map_err(|fault| AskError::Params { fault, keys: KEYS.to_owned() })
}

fn set(question: &Question<'_>) -> Result<Value, Fault> {
    let Params { agent_id, session_id, workspace_dir, algorithm } = params::read(question.params)?;
    let algorithm = read_algorithm(&algorithm)?;
    let selectors = Selectors { agent_id, session_id, workspace_dir, ..Selectors::default() };
    let target = match selectors.first(question)? {
        Selector::Agent(id) => AlgorithmTarget::Agent(
            agent::normalized(&id)
                .ok_or_else(|| Fault::Value {
                    key: "agentId",
                    accepted: format!(
                        "up to {} ASCII letters, digits, _ and -, and start with a letter or digit",
                        agent::ID_LIMIT
                    ),
                    got: Some(quoted(&id)),
                })?
                .into(),
        ),
        Selector::Session(id) | Selector::Workspace(id) => AlgorithmTarget::Session(id),
        Selector::Conversation { .. } | Selector::All => return Err(Fault::NoSelector),
    };
    let previous = (question.store.set_algorithm(target.clone(), algorithm))
        .map_err(|_| Fault::Full { limit: ALGORITHM_LIMIT })?;
    let mut result = setting(&target, algorithm);
    result["previous"] = previous.map(Algorithm::name).into();
    Ok(result)
}

/// The algorithm to set, or `None` to clear the setting.
fn read_algorithm(given: &Given) -> Result<Option<Algorithm>, Fault> {
    if given.is_null() {
        return Ok(None);
    }
    let fault = |got| Fault::Value {
        key: "algorithm",
        accepted: format!("{}, or null to clear", Algorithm::ALL.map(Algorithm::name).join(", ")),
        got,
    };
    let name = given.text("algorithm", NAME_LIMIT).map_err(|_| fault(None))?;
    let name = name.ok_or_else(|| fault(Some("nothing".to_owned())))?;
    name.parse().map(Some).map_err(|_| fault(Some(quoted(&name))))
}
