//! What JavaScript asks for one call, in the order in which it asks: probe, begin, payload, answer, end.

use std::{sync::Arc, time::Instant};

use napi::{
    ValueType,
    bindgen_prelude::{External, JsObjectValue, Result, Unknown},
};
use napi_derive::napi;
use serde::Deserialize;
use taas_affinity::{
    envelope::{self, Hints, METADATA_KEYS},
    response::Told,
    route::{self, VALUE_LIMIT, header_text},
    store::{self, Algorithm, CallIdentity, Store},
    text,
    usage::{Cost, Ended, Tokens},
    wrapper,
};
use taas_affinity_repo::Workspace;

use crate::convert::{invalid, now, object, present};

/// The identity of a stream wrapper's calls. JavaScript keeps it in an [`External`], which costs a crossing a
/// small part of what an instance of a class does, and of which another copy of this library takes none.
pub struct Wrapper {
    decided: wrapper::Wrapper,
    workspace: Option<Workspace>,
}

impl Wrapper {
    pub(crate) fn new(decided: wrapper::Wrapper) -> Self {
        Self { workspace: decided.hinted_workspace().map(Workspace::new), decided }
    }

    fn probe(&self) {
        if let Some(workspace) = &self.workspace {
            workspace.look();
        }
    }

    fn of_call(&self, call: Option<u32>) -> CallIdentity<'_> {
        CallIdentity { call, ..self.decided.call_identity(None) }
    }
}

/// What keeps repository hints away. It is for the log alone, as it can name a workspace.
#[napi(object, object_from_js = false)]
pub struct Complaint {
    /// What requests lack.
    pub consequence: String,
    /// Why, and what helps.
    pub reason: String,
}

/// Has the workspace's repository probed, off this thread, unless a probe is under way or what is known is young. Never
/// waits. Returns what keeps hints away and was not returned yet, for at most 64 workspaces in a process; `null` if there is
/// nothing to say.
#[napi(catch_unwind)]
#[must_use]
pub fn probe(wrapper: &External<Wrapper>) -> Option<Vec<Complaint>> {
    wrapper.probe();
    let complaints = taas_affinity_repo::complaints().into_iter();
    let complaints: Vec<_> = complaints
        .map(|one| Complaint { consequence: one.consequence, reason: one.reason })
        .collect();
    (!complaints.is_empty()).then_some(complaints)
}

/// What is known of a call that begins.
#[napi(object, object_from_js = false, use_nullable = true)]
pub struct Begun {
    /// The number of the call, for the functions below. The last 4,096 calls are known.
    pub call: u32,
    /// How many times its request has been sent, counting this one.
    pub attempt: u32,
    /// The algorithm that an operator set for it, or `null`.
    pub algorithm: Option<&'static str>,
}

/// A call begins, and its workspace is probed as by [`probe`]. `request_id` is OpenClaw's id of the request, and
/// `conversation` OpenClaw's own session id, if it gives them.
#[napi(catch_unwind)]
#[must_use]
pub fn begin_call(
    wrapper: &External<Wrapper>,
    request_id: Option<String>,
    conversation: Option<String>,
) -> Begun {
    wrapper.probe();
    let conversation = conversation.and_then(|id| text::bounded(&id, VALUE_LIMIT));
    let identity = wrapper.decided.call_identity(conversation.as_deref());
    let store::Begun { call, attempt, algorithm } =
        Store::shared().begin(&identity, request_id.as_deref(), Instant::now());
    Begun { call, attempt, algorithm: algorithm.map(Algorithm::name) }
}

/// The JSON object of the keys that `payload.metadata` lacks; `null` where there is nothing to
/// add. `payload` is read by reference, nothing of it but `metadata` is looked at, and it stays
/// as it is. The hints of the workspace's repository are in it: those known now or, with the number of a `call`, those
/// that the first payload of its request had.
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
    let known = wrapper.workspace.as_ref().and_then(Workspace::known).map(|known| {
        let taas_affinity_repo::Hints { repo_name, branch, dirty } = (*known).clone();
        Hints { repo_name, branch, dirty }
    });
    let known = known.unwrap_or_default();
    let hints = match call {
        Some(call) => Store::shared().hints(call, known),
        None => Arc::new(known),
    };
    Ok(wrapper.decided.additions(present, &hints))
}

/// Remembers what a response says: its route if it succeeded and was autorouted, which `true`
/// says; else its failure, if it failed. `response` is the JSON text of an object: `status`, which may be missing,
/// `turnId` and `attempt`, which the request carried, and `headers`, those of [`response_headers`] by name. `call` is
/// the number of the call that got it.
///
/// # Errors
/// With code `InvalidArg` where `response` is not such a text.
#[napi(catch_unwind, strict)]
pub fn capture_response(
    wrapper: &External<Wrapper>,
    response: String,
    call: Option<u32>,
) -> Result<bool> {
    let told = Told::read(&response).map_err(invalid)?;
    Ok(Store::shared().answered(&told.response(), &wrapper.of_call(call), now()))
}

/// A request that another plugin made. What is not known is left out.
#[napi(object, object_to_js = false)]
pub struct ObservedRequest {
    /// The agent that it was made for.
    pub agent_id: Option<String>,
    /// The session that the request itself names.
    pub session_id: Option<String>,
    /// OpenClaw's own session id.
    pub conversation: Option<String>,
    /// Whether a change of the agent's route is worth a line of the log.
    pub tell_route: bool,
}

/// What became of the response to an observed request.
#[napi(object, object_from_js = false, use_nullable = true)]
pub struct ObservedResponse {
    /// Whether there was a route to remember.
    pub captured: bool,
    /// The change of the agent's route, as [`end_call`] has it, or `null`.
    pub change: Option<RouteChange>,
}

/// As [`capture_response`], of a request that another plugin made.
///
/// # Errors
/// As [`capture_response`].
#[napi(catch_unwind, strict)]
pub fn capture_observed(request: ObservedRequest, response: String) -> Result<ObservedResponse> {
    let told = Told::read(&response).map_err(invalid)?;
    let conversation = request.conversation.and_then(|id| text::bounded(&id, VALUE_LIMIT));
    let identity = CallIdentity {
        session_id: request.session_id.as_deref().unwrap_or_default(),
        agent_id: request.agent_id.as_deref(),
        conversation: conversation.as_deref(),
        observed: true,
        ..CallIdentity::default()
    };
    let captured = Store::shared().answered(&told.response(), &identity, now());
    let capture = identity.agent_id.and_then(|agent_id| Store::shared().by_agent(agent_id));
    let route = capture.as_ref().and_then(|capture| capture.autorouter_model.as_deref());
    let route = route.filter(|_| captured && request.tell_route);
    Ok(ObservedResponse { captured, change: change(&identity, route) })
}

/// The change of an agent's route, now that `route` has answered.
fn change(identity: &CallIdentity<'_>, route: Option<&str>) -> Option<RouteChange> {
    let change = Store::shared().route_change(identity.agent_id?, route?, Instant::now())?;
    Some(RouteChange { from: change.from, to: change.to })
}

/// A call that has ended, as the JSON text that [`end_call`] takes has it. What is not known is left out.
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

/// Another model than the log was told of last.
#[napi(object, object_from_js = false)]
pub struct RouteChange {
    /// The model that the log was told of last; before that, the first that answered.
    pub from: String,
    /// The model that answers now.
    pub to: String,
}

/// Counts a call that has ended, with what its response said. `end` is the JSON text of an object:
///
/// - `model`: the model that answered, as the message says or as it was asked for; the route's own name comes before it
/// - `failed`: whether there was no proper answer
/// - `answered`: whether there was a whole answer: after it, the next request of the run is not a retry
/// - `input`, `cached`, `written`, `output`: tokens of the prompt that were neither read from a cache nor written to one,
///   those that were read, those that were written, and tokens of the answer
/// - `promptCost`, `uncachedCost`, `outputCost`: US dollars for the prompt, for the prompt if nothing had been cached, and
///   for the answer; unless all three are from 0 to a million, the cost is unknown
/// - `tellRoute`: whether a change of the agent's route is worth a line of the log
///
/// All but the booleans may be missing. Returns the change of the agent's route if there is one, at most once a minute.
///
/// # Errors
/// With code `InvalidArg` where `end` is not such a text.
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
        failed: end.failed,
        tokens: Tokens::counted([end.input, end.cached, end.written, end.output].map(known)),
        cost: Cost::new([end.prompt_cost, end.uncached_cost, end.output_cost].map(known)),
        ..Ended::default()
    };
    let identity = wrapper.decided.call_identity(None);
    let route = Store::shared().end(call, &ended, end.answered, &identity);
    Ok(change(&identity, route.as_deref().filter(|_| end.tell_route)))
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

/// Whether a value arrives unchanged when it is sent as a header.
#[napi(catch_unwind, strict)]
#[must_use]
pub fn is_header_safe(value: String) -> bool {
    text::is_header_safe(&value)
}
