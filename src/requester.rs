//! What JavaScript asks on behalf of the requests of one stream wrapper.

use std::{sync::Arc, time::Instant};

use napi::{
    ValueType,
    bindgen_prelude::{External, JsObjectValue, Result, Unknown},
};
use napi_derive::napi;
use taas_affinity::{
    envelope::{self, Hints, METADATA_KEYS},
    requester,
    route::{self, Carried, Response, VALUE_LIMIT, header_text, status_code},
    store::{Algorithm, Store, Whose},
    text,
    usage::{Cost, Ended, Tokens},
};
use taas_affinity_repo::Workspace;

use crate::convert::{failure, now, object, present};

/// Whose requests one stream wrapper makes. JavaScript keeps it in an [`External`], which costs a crossing a
/// small part of what an instance of a class does, and of which another image of this library takes none.
pub struct Requester {
    decided: requester::Requester,
    workspace: Option<Workspace>,
}

/// What is decided of the requests of one stream wrapper, for JavaScript to keep.
#[napi(object, object_from_js = false, use_nullable = true)]
pub struct Decided {
    /// What the functions of this module take.
    pub handle: External<Requester>,
    /// The affinity session id, `oc:` and 16 hex digits.
    pub session_id: String,
    /// The kind of source that the session id comes from. It names no value.
    pub session_source: &'static str,
    /// The agent id, or `null`.
    pub agent_id: Option<String>,
    /// The headers that every request carries: the values of [`request_headers`], joined by line
    /// feeds. One that is not known or cannot be sent is empty.
    pub headers: String,
    /// Whether the same `workspaceDir`, `agentDir`, `agentId`, `provider` and `modelId` will decide
    /// the same again, and are short enough to be remembered.
    pub reusable: bool,
}

impl From<requester::Requester> for Decided {
    fn from(decided: requester::Requester) -> Self {
        let identity = decided.identity();
        let headers = decided.headers().each_ref();
        Self {
            session_id: identity.session_id.clone(),
            session_source: identity.source.kind(),
            agent_id: identity.agent_id.clone(),
            headers: headers.map(|value| value.as_deref().unwrap_or_default()).join("\n"),
            reusable: decided.reusable(),
            handle: External::new(Requester {
                workspace: decided.hinted_workspace().map(Workspace::new),
                decided,
            }),
        }
    }
}

/// Has the workspace's repository looked at, off this thread, unless that is going on or what is
/// known is young. Returns whether an answer is awaited. Never waits.
#[napi(catch_unwind)]
pub fn look(requester: &External<Requester>) -> bool {
    requester.workspace.as_ref().is_some_and(Workspace::look)
}

/// What is known of a call's request when the call begins.
#[napi(object, object_from_js = false, use_nullable = true)]
pub struct Begun {
    /// How many times the request has been sent, counting this one.
    pub times: u32,
    /// The algorithm that somebody chose for it, or `null`.
    pub algorithm: Option<&'static str>,
}

/// A call begins. `request_id` is the host's id of its request, or one that no other request has. The workspace's
/// repository is looked at as by [`look`].
#[napi(catch_unwind)]
#[must_use]
pub fn begin_call(requester: &External<Requester>, request_id: String) -> Begun {
    look(requester);
    let (times, algorithm) = Store::shared().begin(&requester.decided.whose(None), &request_id);
    Begun { times, algorithm: algorithm.map(Algorithm::name) }
}

/// A call's request has a good answer: the next request of the same run is sent for the first time.
#[napi(catch_unwind)]
pub fn request_answered(requester: &External<Requester>, request_id: String) {
    Store::shared().request_answered(&requester.decided.whose(None), &request_id);
}

/// The JSON object of the keys that `payload.metadata` lacks; `null` where there is nothing to
/// add. `payload` is read by reference, nothing of it but `metadata` is looked at, and it stays
/// as it is. What is known of the workspace's repository is in it; with a `request_id`, as [`begin_call`] has it, what
/// was known at the first payload of that request.
///
/// # Errors
/// A getter of `payload` or of its metadata throws.
#[napi(catch_unwind, strict)]
pub fn inject_request(
    requester: &External<Requester>,
    payload: Unknown<'_>,
    request_id: Option<String>,
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
    let known = requester.workspace.as_ref().and_then(Workspace::known);
    let known = known.map(|known| {
        let taas_affinity_repo::Hints { repo_name, branch, dirty } = (*known).clone();
        Hints { repo_name, branch, dirty }
    });
    let known = known.unwrap_or_default();
    let hints = match request_id {
        Some(id) => Store::shared().hints(&requester.decided.whose(None), &id, known),
        None => Arc::new(known),
    };
    Ok(requester.decided.additions(present, &hints))
}

/// Remembers what a response says: its route, where it succeeded and was autorouted, which `true`
/// says, else that it failed. `values` are joined by line feeds: the turn id and the attempt that the
/// request carried, the values of [`response_headers`] in their order, and OpenClaw's own id of the
/// session. What is not there is empty. A response without `status` counts as one that succeeded.
// Not `strict`: the conversions fail for another type as well, and the check costs as much as the rest.
#[napi(catch_unwind)]
#[must_use]
pub fn capture_response(
    requester: &External<Requester>,
    values: String,
    status: Option<f64>,
) -> bool {
    let (response, conversation) = answer(&values, status);
    let whose = requester.decided.whose(conversation.as_deref());
    Store::shared().answered(&response, &whose, now())
}

/// As [`capture_response`], of a request that another plugin made for `agent_id`, and in which
/// `session_id` names the session.
#[napi(catch_unwind)]
#[must_use]
pub fn capture_observed(
    agent_id: Option<String>,
    session_id: Option<String>,
    values: String,
    status: Option<f64>,
) -> bool {
    let (response, conversation) = answer(&values, status);
    let whose = Whose {
        session_id: session_id.as_deref().unwrap_or_default(),
        agent_id: agent_id.as_deref(),
        conversation: conversation.as_deref(),
        observed: true,
        ..Whose::default()
    };
    Store::shared().answered(&response, &whose, now())
}

/// A call that has ended. What is not known is left out.
#[napi(object, object_to_js = false)]
pub struct EndedCall {
    /// The model that answered: the value of its header, or what the answer says.
    pub model: Option<String>,
    /// OpenClaw's own id of the session. It can be left out if [`capture_response`] has it.
    pub conversation: Option<String>,
    /// The status of the last response.
    pub status: Option<f64>,
    /// Whether there was no proper answer.
    pub failed: bool,
    /// Whether the autorouter chose the model.
    pub routed: bool,
    /// Tokens of the prompt that were neither read from a cache nor written to one.
    pub input: Option<f64>,
    /// Tokens of the prompt that were read from a cache.
    pub cached: Option<f64>,
    /// Tokens of the prompt that were written to a cache.
    pub written: Option<f64>,
    /// Tokens of the answer.
    pub output: Option<f64>,
    /// What the prompt cost, in US dollars.
    pub prompt_cost: Option<f64>,
    /// What the prompt would have cost if nothing had been cached, in US dollars.
    pub uncached_cost: Option<f64>,
    /// What the answer cost, in US dollars.
    pub output_cost: Option<f64>,
}

/// Counts a call that has ended.
#[napi(catch_unwind)]
pub fn record_call(requester: &External<Requester>, call: EndedCall) {
    let model = call.model.as_deref().and_then(header_text);
    let conversation = call.conversation.and_then(|id| text::bounded(&id, VALUE_LIMIT));
    let known = |amount: Option<f64>| amount.unwrap_or(f64::NAN);
    let ended = Ended {
        at: now(),
        model: model.as_deref(),
        routed: call.routed,
        status: call.status.and_then(status_code),
        failed: call.failed,
        tokens: Tokens::counted([call.input, call.cached, call.written, call.output].map(known)),
        cost: Cost::new([call.prompt_cost, call.uncached_cost, call.output_cost].map(known)),
    };
    Store::shared().ended(&ended, &requester.decided.whose(conversation.as_deref()));
}

/// Another model than was told last of an agent, as JSON text.
///
/// # Errors
/// None that two names allow.
#[napi(catch_unwind, strict)]
pub fn route_change(agent_id: String) -> Result<Option<String>> {
    let change = Store::shared().route_change(&agent_id, Instant::now());
    change.map(|change| serde_json::to_string(&change).map_err(failure)).transpose()
}

/// The response that `values` say, as [`capture_response`] has them, and OpenClaw's own id of the session.
fn answer(values: &str, status: Option<f64>) -> (Response<'_>, Option<String>) {
    let mut values = values.split('\n');
    let mut value = || values.next().filter(|value| !value.is_empty());
    let carried = Carried { turn_id: value(), attempt: value() };
    let response = Response { status, carried, values: std::array::from_fn(|_| value()) };
    (response, value().and_then(|id| text::bounded(id, VALUE_LIMIT)))
}

/// The names of the headers that [`Decided::headers`] gives the values of.
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

/// What keeps repository hints away: what requests lack, and why. It is for the log alone, as it can
/// name a workspace.
#[napi(object, object_from_js = false)]
pub struct Complaint {
    /// What requests lack.
    pub consequence: String,
    /// Why, and what helps.
    pub reason: String,
}

/// What keeps repository hints away and was not said yet. Each fault is said once in a process, and no
/// more than 64 are. `null` where there is nothing to say.
#[napi(catch_unwind)]
#[must_use]
pub fn complaints() -> Option<Vec<Complaint>> {
    let complaints = taas_affinity_repo::complaints().into_iter();
    let complaints: Vec<_> = complaints
        .map(|one| Complaint { consequence: one.consequence, reason: one.reason })
        .collect();
    (!complaints.is_empty()).then_some(complaints)
}
