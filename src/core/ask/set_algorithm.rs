//! `taas.autorouter.setAlgorithm`: sets the autorouter's algorithm for an agent or a session.

use super::{Fault, Params, Question, selectors::Selector, status::setting};
use crate::{
    agent,
    store::{ALGORITHMS, Algorithm, AlgorithmTarget},
    text::NAME_LIMIT,
};

pub(super) const KEYS: &str = "agentId, sessionId, workspaceDir, algorithm";

pub(super) fn set_algorithm(question: &Question<'_>, params: &Params) -> Result<String, Fault> {
    let algorithm = read_algorithm(params)?;
    let target = match Selector::first(question, params)? {
        Selector::Agent(id) => match agent::normalized(&id) {
            Some(id) => AlgorithmTarget::Agent(id.into_owned()),
            None => return Err(Fault::value("agentId", agent::FORM, Some(&id))),
        },
        Selector::Session(id) | Selector::Workspace(id) => AlgorithmTarget::Session(id),
        Selector::Conversation { .. } | Selector::All => return Err(Fault::NoSelector),
    };
    let previous = question.store.set_algorithm(target.clone(), algorithm);
    let previous = previous.map_err(|_| Fault::Full)?;
    let mut result = setting(&target, algorithm);
    result["previous"] = previous.into();
    Ok(result.to_string())
}

/// The algorithm to set, or `None` to clear the setting.
fn read_algorithm(params: &Params) -> Result<Option<Algorithm>, Fault> {
    if params.is_null("algorithm") {
        return Ok(None);
    }
    let name = params.text("algorithm", NAME_LIMIT).ok().flatten();
    let algorithm = ALGORITHMS.into_iter().find(|known| Some(*known) == name.as_deref());
    let accepted = || format!("{}, or null to clear", ALGORITHMS.join(", "));
    algorithm.map(Some).ok_or_else(|| Fault::value("algorithm", &accepted(), name.as_deref()))
}
