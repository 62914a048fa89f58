//! What was routed and what failed, the newest first.

use serde::Serialize;

use super::{
    AskError, Fault, Question,
    params::Params,
    selectors::{KEYS, SELECTED, Subject},
};
use crate::{
    route::Capture,
    store::{Answer, HISTORY_LIMIT, LIMIT},
    text,
};

const LIMIT_KEY: &str = "limit";

/// As many as there can be.
const MOST: u64 = (HISTORY_LIMIT * LIMIT.get()) as u64;

/// How many are answered where nobody says.
const USUAL: u64 = 100;

#[derive(Serialize)]
struct Routes<'a> {
    routes: Vec<Route<'a>>,
    total: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Route<'a> {
    agent_id: Option<&'a str>,
    conversation_id: Option<&'a str>,
    status: Option<u16>,
    #[serde(flatten)]
    capture: &'a Capture,
}

pub(super) fn answer(question: &Question<'_>) -> Result<String, AskError> {
    let (subject, limit) = read(question).map_err(|fault| AskError::Params {
        fault,
        accepted: format!("{SELECTED}; and limit, a whole number from 1 to {MOST}"),
    })?;
    let all: Vec<_> =
        question.store.history().into_iter().filter(|answer| subject.answered(answer)).collect();
    let routes: Vec<_> = all.iter().take(limit).map(Route::of).collect();
    Ok(text::json(&Routes { routes, total: all.len() }))
}

fn read(question: &Question<'_>) -> Result<(Subject, usize), Fault> {
    let keys = [KEYS.as_slice(), &[LIMIT_KEY]].concat();
    let params = Params::read(question.params, &keys)?;
    let limit = params.number(LIMIT_KEY, 1..=MOST)?.unwrap_or(USUAL);
    Ok((Subject::of(question, &params)?, usize::try_from(limit).unwrap_or(usize::MAX)))
}

impl<'a> Route<'a> {
    fn of(answer: &'a Answer) -> Self {
        Self {
            agent_id: answer.agent_id.as_deref(),
            conversation_id: answer.conversation.as_deref(),
            status: answer.status,
            capture: &answer.capture,
        }
    }
}
