//! Responses to requests of other plugins.

use napi::bindgen_prelude::Result;
use napi_derive::napi;
use taas_affinity::{
    response::ResponseText,
    route::VALUE_LIMIT,
    store::{CallIdentity, Store},
    text,
};

use crate::{
    call::RouteChange,
    convert::{invalid, now},
};

/// A request of another plugin. Unknown values are missing.
#[napi(object, object_to_js = false)]
pub struct ObservedRequest {
    /// The id of the agent that makes the call.
    pub agent_id: Option<String>,
    /// The session id in the request's headers.
    pub session_id: Option<String>,
    /// OpenClaw's own session id.
    pub conversation: Option<String>,
    /// Whether to return a change of the agent's route.
    pub tell_route: bool,
}

/// The result of a response to an observed request.
#[napi(object, object_from_js = false, use_nullable = true)]
pub struct ObservedResponse {
    /// Whether the response reported a route.
    pub captured: bool,
    /// A change of the agent's route, as `end_call` returns it, or `null`.
    pub change: Option<RouteChange>,
}

/// Captures the response to another plugin's request. `response` is as in `capture_response`.
///
/// # Errors
/// The error has the code `InvalidArg` if `response` is not a valid JSON object.
#[napi(catch_unwind, strict)]
pub fn capture_observed(request: ObservedRequest, response: String) -> Result<ObservedResponse> {
    let response = ResponseText::read(&response).map_err(invalid)?;
    let bounded = |id: Option<String>| id.and_then(|id| text::bounded(&id, VALUE_LIMIT));
    let (session_id, conversation) = (bounded(request.session_id), bounded(request.conversation));
    let identity = CallIdentity {
        session_id: session_id.as_deref().unwrap_or_default(),
        agent_id: request.agent_id.as_deref(),
        conversation: conversation.as_deref(),
        is_run: true,
        observed: true,
        ..CallIdentity::default()
    };
    let captured = Store::shared().answered(&response.response(), &identity, now());
    let capture = identity.agent_id.and_then(|agent_id| Store::shared().by_agent(agent_id));
    let route = capture.as_ref().and_then(|capture| capture.autorouter_model.as_deref());
    let route = route.filter(|_| captured && request.tell_route);
    Ok(ObservedResponse { captured, change: RouteChange::find(&identity, route) })
}
