//! The functions for one call, in the order in which JavaScript calls them: begin, payload, response, end.

use std::{sync::Arc, time::Instant};

use napi::{
    ValueType,
    bindgen_prelude::{External, JsObjectValue, Result, Unknown},
};
use napi_derive::napi;
use serde::Deserialize;
use taas_affinity::{
    envelope::{self, Hints, METADATA_KEYS},
    response::ResponseText,
    route::{self, VALUE_LIMIT, header_text},
    store::{self, CallIdentity, Store},
    text,
    usage::{Cost, Ended, Outcome, Tokens},
    wrapper,
};
use taas_affinity_repo::Workspace;

use crate::convert::{invalid, now, object, present};

/// The identity of a stream wrapper's calls. JavaScript keeps it in an [`External`], because an instance of a class would make
/// each crossing much slower. Another copy of this library refuses an `External` of this copy.
pub struct Wrapper {
    decided: wrapper::Wrapper,
    workspace: Option<Workspace>,
}

impl Wrapper {
    pub(crate) fn new(decided: wrapper::Wrapper) -> Self {
        Self { workspace: decided.hinted_workspace().map(Workspace::new), decided }
    }

    pub(crate) fn probe(&self) {
        if let Some(workspace) = &self.workspace {
            workspace.probe();
        }
    }
}

/// A call that begins.
#[napi(object, object_from_js = false)]
pub struct Begun {
    /// The number of the call, for the other functions. The addon remembers the last 4,096 calls.
    pub call: u32,
    /// How many times the request has been sent, counting this one. Missing at the first time.
    pub attempt: Option<u32>,
    /// The algorithm that an operator set for the call, if there is one.
    pub algorithm: Option<&'static str>,
}

/// Begins a call and probes its workspace as `probe` does. `request_id` is OpenClaw's id of the request. `conversation` is
/// OpenClaw's own session id. `is_run` tells an agent's run from a completion, such as a title.
#[napi(catch_unwind)]
#[must_use]
pub fn begin_call(
    wrapper: &External<Wrapper>,
    is_run: bool,
    request_id: Option<String>,
    conversation: Option<String>,
) -> Begun {
    wrapper.probe();
    let conversation = conversation.and_then(|id| text::bounded(&id, VALUE_LIMIT));
    let identity =
        CallIdentity { is_run, ..wrapper.decided.call_identity(conversation.as_deref()) };
    let store::Begun { call, attempt, algorithm } =
        Store::shared().begin(&identity, request_id.as_deref(), Instant::now());
    let attempt = Some(attempt).filter(|attempt| *attempt > 1);
    Begun { call, attempt, algorithm }
}

/// Returns the missing keys of `payload.metadata` as the JSON text of an object, or `null` if no key is missing. Reads only
/// the metadata and changes nothing. The keys include the repository hints. With the number of a `call`, the hints are those
/// of the first payload of the same request.
///
/// # Errors
/// A getter of `payload` or of its metadata throws.
#[napi(catch_unwind, strict)]
pub fn inject_request(
    wrapper: &External<Wrapper>,
    payload: Unknown<'_>,
    call: Option<u32>,
) -> Result<Option<String>> {
    let Some(payload) = object(payload)? else {
        return Ok(None);
    };
    let metadata: Unknown<'_> = payload.get_c_named_property(c"metadata")?;
    let present = if metadata.get_type()? == ValueType::Undefined {
        [false; METADATA_KEYS.len()]
    } else if let Some(metadata) = object(metadata)? {
        present(&metadata, METADATA_KEYS)?
    } else {
        return Ok(None);
    };
    let hints = wrapper.workspace.as_ref().and_then(Workspace::hints).map(|hints| {
        let taas_affinity_repo::Hints { repo_name, branch, dirty } = (*hints).clone();
        Hints { repo_name, branch, dirty }
    });
    let hints = hints.unwrap_or_default();
    let hints = match call {
        Some(call) => Store::shared().hints(call, hints),
        None => Arc::new(hints),
    };
    Ok(wrapper.decided.additions(present, &hints))
}

/// Captures the route or the failure that a response reports. Returns whether the response reported a route.
///
/// `response` is the JSON text of an object. `status` may be missing. `turnId` and `attempt` are those that the request
/// carried. `headers` are those of [`response_headers`], by name. `call` is the number of the call.
///
/// # Errors
/// The error has the code `InvalidArg` if `response` is not such a text.
#[napi(catch_unwind, strict)]
pub fn capture_response(
    wrapper: &External<Wrapper>,
    response: String,
    call: Option<u32>,
) -> Result<bool> {
    let response = ResponseText::read(&response).map_err(invalid)?;
    let identity = CallIdentity { call, ..wrapper.decided.call_identity(None) };
    Ok(Store::shared().answered(&response.response(), &identity, now()))
}

/// The JSON text that [`end_call`] takes. Unknown values are missing.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EndedCall {
    model: Option<String>,
    failed: bool,
    answered: bool,
    input: Option<f64>,
    cached: Option<f64>,
    written: Option<f64>,
    output: Option<f64>,
    prompt_cost: Option<f64>,
    uncached_cost: Option<f64>,
    output_cost: Option<f64>,
    tell_route: bool,
}

/// A change of the model that answers an agent.
#[napi(object, object_from_js = false)]
pub struct RouteChange {
    /// The model that the latest notice named. Before the first notice, the first model that answered.
    pub from: String,
    /// The model that answers now.
    pub to: String,
}

impl RouteChange {
    /// The change, if `route` differs from the agent's route in the latest notice.
    pub(crate) fn find(identity: &CallIdentity<'_>, route: Option<&str>) -> Option<Self> {
        let change = Store::shared().route_change(identity.agent_id?, route?, Instant::now())?;
        Some(Self { from: change.from, to: change.to })
    }
}

/// Counts a call that has ended. Returns a change of the agent's route, at most once a minute for each agent. `end` is the
/// JSON text of an object:
///
/// - `model`: the model that the message names, or the requested model; the model of a captured route has priority
/// - `failed`: whether the call failed
/// - `answered`: whether the answer is complete; after a complete answer, the run's next request is not a retry
/// - `cached`, `written`: tokens of the prompt that were read from a cache, or written to a cache
/// - `input`: the other tokens of the prompt
/// - `output`: tokens of the answer
/// - `promptCost`, `uncachedCost`, `outputCost`: US dollars for the prompt, for the same prompt without a cache, and for the
///   answer; unless all three are from 0 to a million, the cost is unknown
/// - `tellRoute`: whether to return a change of the agent's route
///
/// All members except the booleans may be missing.
///
/// # Errors
/// The error has the code `InvalidArg` if `end` is not such a text.
#[napi(catch_unwind, strict)]
pub fn end_call(
    wrapper: &External<Wrapper>,
    call: u32,
    end: String,
) -> Result<Option<RouteChange>> {
    let end: EndedCall = serde_json::from_str(&end).map_err(invalid)?;
    let model = end.model.as_deref().and_then(header_text);
    let known = |amount: Option<f64>| amount.unwrap_or(f64::NAN);
    let ended = Ended {
        at: now(),
        model: model.as_deref(),
        outcome: match (end.failed, end.answered) {
            (true, _) => Outcome::Failed,
            (false, true) => Outcome::Completed,
            (false, false) => Outcome::Aborted,
        },
        tokens: Tokens::counted([end.input, end.cached, end.written, end.output].map(known)),
        cost: Cost::new([end.prompt_cost, end.uncached_cost, end.output_cost].map(known)),
        ..Ended::default()
    };
    let identity = wrapper.decided.call_identity(None);
    let route = Store::shared().end(call, &ended, &identity);
    Ok(RouteChange::find(&identity, route.as_deref().filter(|_| end.tell_route)))
}

/// The names of the headers that every request of a wrapper can carry.
#[napi(catch_unwind)]
#[must_use]
pub fn request_headers() -> Vec<&'static str> {
    envelope::HEADERS.to_vec()
}

/// The names, in lower case, of the response headers that [`capture_response`] reads.
#[napi(catch_unwind)]
#[must_use]
pub fn response_headers() -> Vec<&'static str> {
    route::HEADERS.to_vec()
}

/// Whether a header carries `value` unchanged.
#[napi(catch_unwind, strict)]
#[must_use]
pub fn is_header_safe(value: String) -> bool {
    text::is_header_safe(&value)
}
