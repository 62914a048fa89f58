//! The Node binding of `openclaw-taas-affinity`: it converts between JavaScript and
//! [`taas_affinity`], and decides nothing.
//!
//! Every function is synchronous. A panic becomes a JavaScript error at this boundary, so that no
//! fault in here can take the gateway down; `index.d.ts` documents what JavaScript sees.

// napi's macros write the unsafe entry points that Node calls; there is none of ours.
#![allow(unsafe_code)]
// napi hands arguments over by value.
#![allow(clippy::needless_pass_by_value)]

use std::{
    cell::Cell,
    path::Path,
    sync::{Arc, OnceLock},
    time::{SystemTime, UNIX_EPOCH},
};

use napi::{
    Status, ValueType,
    bindgen_prelude::{FromNapiValue, Function, JsObjectValue, JsValue, Object, Result, Unknown},
    threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode},
};
use napi_derive::napi;
use serde_json::Value;
use taas_affinity::{
    envelope::{self, Envelope, Facts, METADATA_KEYS},
    hints::WorkspaceHints,
    identity::{Identity, Owner, SessionSource, Surroundings, host_id},
    query,
    route::{self, Capture, Carried},
    table::{self, CaptureTable},
    text,
};

/// What a context may say at most, in bytes, for JavaScript to remember it.
const REMEMBERED_LIMIT: usize = 4096;

/// Tells the event loop that a probe has ended. It keeps no process alive.
type OnHints = ThreadsafeFunction<u32, (), u32, Status, false, true>;

/// What stays the same for every request of this gateway.
#[napi]
pub struct Affinity {
    plugin_version: String,
    host_id: String,
    home: String,
    git_hints: bool,
    on_hints: Arc<OnceLock<OnHints>>,
}

#[napi]
impl Affinity {
    /// `plugin_version` is the package's own, `host_name` is only ever hashed, `home` is the
    /// user's home directory, `git_hints` says whether workspaces' repositories are looked at.
    #[napi(constructor, catch_unwind, strict)]
    #[must_use]
    pub fn new(plugin_version: String, host_name: String, home: String, git_hints: bool) -> Self {
        let host_id = host_id(&host_name);
        Self {
            plugin_version,
            host_id,
            home,
            git_hints,
            on_hints: Arc::default(),
        }
    }

    /// `listener` is called on the event loop with the number that [`Requester::await_hints`] was
    /// given, when that requester's probe has ended. Only the first listener counts.
    ///
    /// # Errors
    /// Node has no memory left for it.
    #[napi(catch_unwind, strict)]
    pub fn on_hints(&self, listener: Function<'_, u32, ()>) -> Result<()> {
        if self.on_hints.get().is_none() {
            let listener = listener
                .build_threadsafe_function::<u32>()
                .weak::<true>()
                .build()?;
            let _ = self.on_hints.set(listener);
        }
        Ok(())
    }

    /// Decides whose requests a stream wrapper makes: `context` is what OpenClaw gives the hook,
    /// `env` is `process.env`, read only where `context` does not say enough.
    ///
    /// # Errors
    /// A getter of `context` throws, or the workspace is relative and the current directory gone.
    #[napi(catch_unwind, strict)]
    pub fn requester(&self, context: Object<'_>, env: Object<'_>) -> Result<Requester> {
        let workspace_dir = text_property(&context, c"workspaceDir")?;
        let agent_dir = text_property(&context, c"agentDir")?;
        let agent_id = text_property(&context, c"agentId")?;
        let provider = text_property(&context, c"provider")?;
        let own_model_id =
            text_property(&context, c"modelId")?.filter(|id| text::non_blank(id).is_some());
        let mut reusable = own_model_id.is_some();
        let model_id = match own_model_id {
            Some(id) => Some(id),
            None => match object(context.get_c_named_property(c"model")?)? {
                Some(model) => text_property(&model, c"id")?,
                None => None,
            },
        };
        let owner = Owner {
            workspace_dir: workspace_dir.as_deref(),
            agent_dir: agent_dir.as_deref(),
            agent_id: agent_id.as_deref(),
        };
        let process = self.process(&env);
        let identity = Identity::of(owner, &process).map_err(failure)?;
        // A relative path hangs on the current directory.
        reusable &= !process.asked.get()
            && workspace_dir
                .as_deref()
                .is_some_and(|dir| Path::new(dir).is_absolute())
            && [&workspace_dir, &agent_dir, &agent_id, &provider, &model_id]
                .into_iter()
                .flatten()
                .map(String::len)
                .sum::<usize>()
                <= REMEMBERED_LIMIT;
        let facts = Facts {
            host_id: &self.host_id,
            plugin_version: &self.plugin_version,
            provider: provider.as_deref(),
            model_id: model_id.as_deref(),
        };
        let envelope = Envelope::new(&identity, facts);
        let hints = match &identity.source {
            SessionSource::Workspace(path) if self.git_hints => {
                Some(WorkspaceHints::new(Path::new(path)))
            }
            _ => None,
        };
        Ok(Requester {
            identity,
            envelope,
            reusable,
            hints,
            on_hints: Arc::clone(&self.on_hints),
        })
    }

    /// The answer of `taas.autorouter.lastRoute` to `params`, both as JSON.
    ///
    /// # Errors
    /// With code `InvalidArg` where `params` are not what is accepted; the message says what is.
    #[napi(catch_unwind, strict)]
    pub fn last_route(&self, params: String, env: Object<'_>) -> Result<String> {
        let invalid = |reason: String| napi::Error::new(Status::InvalidArg, reason);
        let params: Value =
            serde_json::from_str(&params).map_err(|error| invalid(error.to_string()))?;
        query::last_route(CaptureTable::shared(), &params, &self.process(&env))
            .map(|answer| answer.to_string())
            .map_err(|error| invalid(error.to_string()))
    }
}

impl Affinity {
    fn process<'a>(&'a self, env: &'a Object<'a>) -> Process<'a> {
        Process {
            env,
            home: &self.home,
            asked: Cell::new(false),
        }
    }
}

/// The surroundings of a request as Node sees them: `process.env` rather than the C environment,
/// which JavaScript may be changing on another thread.
struct Process<'a> {
    env: &'a Object<'a>,
    home: &'a str,
    /// Whether the environment had a say.
    asked: Cell<bool>,
}

impl Surroundings for Process<'_> {
    fn variable(&self, name: &str) -> Option<String> {
        self.asked.set(true);
        string(self.env.get_named_property(name).ok()?).ok()?
    }

    fn home(&self) -> &str {
        self.home
    }
}

/// Whose requests one stream wrapper makes, and what they are given.
#[napi]
pub struct Requester {
    identity: Identity,
    envelope: Envelope,
    reusable: bool,
    hints: Option<WorkspaceHints>,
    on_hints: Arc<OnceLock<OnHints>>,
}

#[napi]
impl Requester {
    /// The affinity session id, `oc:` and 16 hex digits.
    #[napi(getter, catch_unwind)]
    #[must_use]
    pub fn session_id(&self) -> &str {
        &self.identity.session_id
    }

    /// The kind of source that the session id comes from. It names no value.
    #[napi(getter, catch_unwind)]
    #[must_use]
    pub fn session_source(&self) -> &str {
        self.identity.source.kind()
    }

    /// The agent id, or `null`.
    #[napi(getter, catch_unwind)]
    #[must_use]
    pub fn agent_id(&self) -> Option<&str> {
        self.identity.agent_id.as_deref()
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
    /// is of no use. Where the probe ends meanwhile, the listener of [`Affinity::on_hints`] is called
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
        self.envelope
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
        self.reusable
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
    let mut present = [false; METADATA_KEYS.len()];
    if metadata.get_type()? != ValueType::Undefined {
        let Some(metadata) = object(metadata)? else {
            return Ok(None);
        };
        for (present, key) in present.iter_mut().zip(METADATA_KEYS) {
            let value: Unknown<'_> = metadata.get_named_property(key)?;
            *present = value.get_type()? != ValueType::Undefined;
        }
    }
    let hints = requester.hints.as_ref().filter(|_| with_hints);
    let hints = hints.and_then(WorkspaceHints::told);
    Ok(requester.envelope.additions(present, hints.as_ref()))
}

/// Remembers the route of a response, where it was autorouted: `true` says so. `values` are joined
/// by line feeds: the turn id and the attempt that the request carried, then the values of
/// [`response_headers`] in their order. What is not there is empty.
// Not `strict`: the conversions fail for another type as well, and the check costs as much as the rest.
#[napi(catch_unwind)]
#[must_use]
pub fn capture_response(requester: &Requester, values: String) -> bool {
    let mut values = values.split('\n');
    let mut value = || values.next().filter(|value| !value.is_empty());
    let carried = Carried {
        turn_id: value(),
        attempt: value(),
    };
    let values: route::Values<'_> = std::array::from_fn(|_| value());
    let identity = &requester.identity;
    let Some(capture) = Capture::of(&values, carried, &identity.session_id, now()) else {
        return false;
    };
    CaptureTable::shared().insert(capture, requester.envelope.agent_id());
    true
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

/// The latest capture of an agent as JSON, or `null`.
#[napi(catch_unwind, strict)]
pub fn latest_by_agent(agent_id: String) -> Option<String> {
    CaptureTable::shared()
        .by_agent(&agent_id)
        .as_deref()
        .map(json)
}

/// The latest capture of an affinity session as JSON, or `null`.
#[napi(catch_unwind, strict)]
pub fn latest_by_session(session_id: String) -> Option<String> {
    CaptureTable::shared()
        .by_session(&session_id)
        .as_deref()
        .map(json)
}

/// The latest capture of all as JSON, or `null`.
#[napi(catch_unwind, strict)]
pub fn latest() -> Option<String> {
    CaptureTable::shared().latest().as_deref().map(json)
}

/// How full the capture table is.
#[napi(object)]
pub struct CaptureTableSize {
    /// Sessions in the table.
    pub sessions: u32,
    /// Agents in the table.
    pub agents: u32,
    /// How many sessions, and how many agents, it holds at most.
    pub limit: u32,
}

/// How full the capture table is, and how full it can be.
///
/// # Errors
/// None that its limit allows.
#[napi(catch_unwind, strict)]
pub fn capture_table_size() -> Result<CaptureTableSize> {
    let size = CaptureTable::shared().size();
    let count = |number: usize| u32::try_from(number).map_err(failure);
    Ok(CaptureTableSize {
        sessions: count(size.sessions)?,
        agents: count(size.agents)?,
        limit: count(table::LIMIT.get())?,
    })
}

/// The version of the package that this binary was built for.
#[napi(catch_unwind)]
#[must_use]
pub fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

/// Panics, so that a test of the built binary can see that a panic reaches JavaScript as an error.
///
/// # Panics
/// Always.
#[napi(catch_unwind)]
pub fn self_test_panic() {
    panic!("a panic on purpose");
}

fn json(capture: &Capture) -> String {
    query::to_json(capture).to_string()
}

fn now() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

fn failure(error: impl std::fmt::Display) -> napi::Error {
    napi::Error::new(Status::GenericFailure, error.to_string())
}

/// A string property, where it is one.
fn text_property(of: &Object<'_>, name: &std::ffi::CStr) -> Result<Option<String>> {
    string(of.get_c_named_property(name)?)
}

fn string(value: Unknown<'_>) -> Result<Option<String>> {
    Ok(match value.get_type()? {
        ValueType::String => Some(String::from_unknown(value)?),
        _ => None,
    })
}

/// An object of keys: neither `null` nor an array.
fn object(value: Unknown<'_>) -> Result<Option<Object<'_>>> {
    if value.get_type()? != ValueType::Object || value.is_array()? {
        return Ok(None);
    }
    Object::from_unknown(value).map(Some)
}
