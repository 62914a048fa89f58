//! What JavaScript asks on behalf of the requests of one stream wrapper.

use std::sync::{Arc, OnceLock};

use napi::{
    ValueType,
    bindgen_prelude::{JsObjectValue, Result, Unknown},
    threadsafe_function::ThreadsafeFunctionCallMode,
};
use napi_derive::napi;
use taas_affinity::{
    envelope::{self, METADATA_KEYS},
    hints::WorkspaceHints,
    requester,
    route::{self, Carried, Response},
    store::Store,
    text,
};

use crate::{
    affinity::OnHints,
    convert::{now, object, present},
};

/// Whose requests one stream wrapper makes, and what they are given.
#[napi]
pub struct Requester {
    decided: requester::Requester,
    hints: Option<WorkspaceHints>,
    on_hints: Arc<OnceLock<OnHints>>,
}

impl Requester {
    pub(crate) fn new(decided: requester::Requester, on_hints: Arc<OnceLock<OnHints>>) -> Self {
        Self {
            hints: decided.hinted_workspace().map(WorkspaceHints::new),
            decided,
            on_hints,
        }
    }
}

#[napi]
impl Requester {
    /// The affinity session id, `oc:` and 16 hex digits.
    #[napi(getter, catch_unwind)]
    #[must_use]
    pub fn session_id(&self) -> &str {
        &self.decided.identity().session_id
    }

    /// The kind of source that the session id comes from. It names no value.
    #[napi(getter, catch_unwind)]
    #[must_use]
    pub fn session_source(&self) -> &str {
        self.decided.identity().source.kind()
    }

    /// The agent id, or `null`.
    #[napi(getter, catch_unwind)]
    #[must_use]
    pub fn agent_id(&self) -> Option<&str> {
        self.decided.identity().agent_id.as_deref()
    }

    /// Starts to look at the workspace's repository, on a thread of its own, unless that is going on
    /// or its result waits for a request. For how many milliseconds there will be no hints, so that
    /// nobody need ask again; 0 where there may be some.
    #[napi(catch_unwind)]
    #[must_use]
    pub fn start_hints(&self) -> f64 {
        let none = self.hints.as_ref().map(WorkspaceHints::start);
        none.map_or(f64::INFINITY, |none| none.as_secs_f64() * 1000.0)
    }

    /// How many milliseconds a request should wait for the repository hints at most; 0 where waiting
    /// is of no use. Where the probe ends meanwhile, the listener of `Affinity::on_hints` is called
    /// with `number`.
    #[napi(catch_unwind)]
    #[must_use]
    pub fn await_hints(&self, number: u32) -> u32 {
        let on_hints = Arc::clone(&self.on_hints);
        let waiter = Box::new(move || {
            if let Some(listener) = on_hints.get() {
                // It fails only where the event loop has ended, and nobody waits any more.
                listener.call(number, ThreadsafeFunctionCallMode::NonBlocking);
            }
        });
        let wait = self.hints.as_ref().and_then(|hints| hints.wait(waiter));
        wait.map_or(0, |wait| {
            u32::try_from(wait.as_millis()).unwrap_or(u32::MAX)
        })
    }

    /// Decides what the next [`inject_request`] with hints says of the repository; the number is
    /// another one where that is something else than before.
    #[napi(catch_unwind)]
    #[must_use]
    pub fn take_hints(&self) -> u32 {
        self.hints.as_ref().map_or(0, WorkspaceHints::take)
    }

    /// The headers that every request carries: the values of [`request_headers`], joined by line
    /// feeds. One that is not known or cannot be sent is empty.
    #[napi(catch_unwind)]
    #[must_use]
    pub fn headers(&self) -> String {
        self.decided
            .headers()
            .each_ref()
            .map(|value| value.as_deref().unwrap_or_default())
            .join("\n")
    }

    /// Whether the same `workspaceDir`, `agentDir`, `agentId`, `provider` and `modelId` will make
    /// the same requester again, and are short enough to be remembered.
    #[napi(getter, catch_unwind)]
    #[must_use]
    pub fn reusable(&self) -> bool {
        self.decided.reusable()
    }
}

/// The JSON object of the keys that `payload.metadata` lacks; `null` where there is nothing to
/// add. `payload` is read by reference, nothing of it but `metadata` is looked at, and it stays
/// as it is. `with_hints` adds what [`Requester::take_hints`] decided on last.
///
/// # Errors
/// A getter of `payload` or of its metadata throws.
#[napi(catch_unwind, strict)]
pub fn inject_request(
    requester: &Requester,
    payload: Unknown<'_>,
    with_hints: bool,
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
    let hints = requester.hints.as_ref().filter(|_| with_hints);
    let hints = hints.and_then(WorkspaceHints::told);
    Ok(requester.decided.additions(present, hints.as_ref()))
}

/// Remembers the route of a response, where it succeeded and was autorouted: `true` says so.
/// `values` are joined by line feeds: the turn id and the attempt that the request carried, then the
/// values of [`response_headers`] in their order. What is not there is empty. A response without
/// `status` counts as one that succeeded.
// Not `strict`: the conversions fail for another type as well, and the check costs as much as the rest.
#[napi(catch_unwind)]
#[must_use]
pub fn capture_response(requester: &Requester, values: String, status: Option<f64>) -> bool {
    let mut values = values.split('\n');
    let mut value = || values.next().filter(|value| !value.is_empty());
    let carried = Carried {
        turn_id: value(),
        attempt: value(),
    };
    let response = Response {
        status,
        carried,
        values: std::array::from_fn(|_| value()),
    };
    requester
        .decided
        .remember(Store::shared(), &response, now())
}

/// The names of the headers that [`Requester::headers`] gives the values of.
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
