//! What JavaScript asks on behalf of the requests of one stream wrapper.

use std::sync::atomic::Ordering;

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
    usage::{Ended, Prices, Tokens},
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
/// known is young. The state that it is in: 0 where there is nothing to look at, else a number
/// that is another one where something else may be known, and odd while it is being looked at.
#[napi(catch_unwind)]
#[must_use]
pub fn look(requester: &External<Requester>) -> f64 {
    requester.workspace.as_ref().map_or(0.0, |workspace| {
        let is_awaited = workspace.look();
        let changes = taas_affinity_repo::changes().load(Ordering::Acquire);
        2.0 * (f64::from(changes) + 1.0) + f64::from(u8::from(is_awaited))
    })
}

/// The algorithm that somebody chose for these requests, where anybody did.
#[napi(catch_unwind)]
#[must_use]
pub fn algorithm(requester: &External<Requester>) -> Option<&'static str> {
    Store::shared().choice(&requester.decided.whose(None)).map(Algorithm::name)
}

/// The JSON object of the keys that `payload.metadata` lacks; `null` where there is nothing to
/// add. `payload` is read by reference, nothing of it but `metadata` is looked at, and it stays
/// as it is. What is known of the workspace's repository
/// is in it.
///
/// # Errors
/// A getter of `payload` or of its metadata throws.
#[napi(catch_unwind, strict)]
pub fn inject_request(
    requester: &External<Requester>,
    payload: Unknown<'_>,
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
    let hints = known.as_deref().map(|known| Hints {
        repo_name: known.repo_name.as_deref(),
        branch: known.branch.as_deref(),
        dirty: known.dirty,
    });
    Ok(requester.decided.additions(present, hints))
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

/// Counts a call that has ended. `model` is the header's or the answer's. The tokens of the prompt are those
/// that were neither read from a cache nor written to one, those that were read, and those that were written;
/// the prices are of a million of each, NaN where they are not known. `status` is NaN where there was none.
/// `conversation` is OpenClaw's own id of the session, which need not be said where [`capture_response`] has it.
/// `true` says that something may have become worth a warning.
#[napi(catch_unwind)]
#[must_use]
pub fn record_call(
    requester: &External<Requester>,
    model: Option<String>,
    input: f64,
    cached: f64,
    written: f64,
    output: f64,
    status: f64,
    failed: bool,
    routed: bool,
    input_price: f64,
    cached_price: f64,
    written_price: f64,
    conversation: Option<String>,
) -> bool {
    let model = model.as_deref().and_then(header_text);
    let call = Ended {
        at: now(),
        model: model.as_deref(),
        routed,
        status: status_code(status),
        failed,
        tokens: Tokens::counted([input, cached, written, output]),
        prices: Prices::new([input_price, cached_price, written_price]),
    };
    let conversation = conversation.and_then(|id| text::bounded(&id, VALUE_LIMIT));
    Store::shared().ended(&call, &requester.decided.whose(conversation.as_deref()))
}

/// Counts a request by the host's own id of it, and says for the how manieth time it is sent now.
#[napi(catch_unwind)]
#[must_use]
pub fn times_sent(request_id: String) -> u32 {
    Store::shared().times_sent(&request_id)
}

/// How many algorithms are chosen; without any, [`algorithm`] need not be asked.
#[napi(catch_unwind)]
#[must_use]
pub fn choices() -> u32 {
    Store::shared().choice_count()
}

/// Notes that what an agent's latest capture says is an answer to the agent itself.
///
/// # Errors
/// Where `agent_id` is no string.
#[napi(catch_unwind, strict)]
pub fn note_route(agent_id: String) {
    Store::shared().note_route(&agent_id);
}

/// Another model than was told last of an agent, as JSON text.
///
/// # Errors
/// None that two names allow.
#[napi(catch_unwind, strict)]
pub fn route_change(agent_id: String) -> Result<Option<String>> {
    let change = Store::shared().route_change(&agent_id, now());
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
