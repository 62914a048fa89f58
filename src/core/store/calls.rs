//! The running calls: the attempts and the hints of each request, and its latest response.
//!
//! A run of the host sends one request after the other, with the ids `<run>:model:<n>`. After a failure, the host repeats
//! attempt 1 and counts `n` from 1 again. So a request is a retry unless the run's previous request got a complete answer or
//! has a smaller `n`.

use std::{
    hash::{BuildHasher, RandomState},
    num::NonZeroUsize,
    sync::Arc,
    time::{Duration, Instant},
};

use lru::LruCache;

use super::CallIdentity;
use crate::{envelope::Hints, route::Capture};

/// How many calls, and how many requests without a complete answer, the store remembers. A busy gateway sends many other
/// requests before it repeats one.
pub const CALLS_LIMIT: NonZeroUsize = NonZeroUsize::new(4096).expect("not zero");

/// The longest time between two attempts of a request. Jobs that run every hour repeat ids too.
const RETRIED_WITHIN: Duration = Duration::from_secs(600);

/// A call that has begun.
#[derive(Debug)]
pub(super) struct Call {
    began: Instant,
    /// Whether the call is part of an agent's run, and no completion such as a title.
    pub(super) is_run: bool,
    /// The key of the request, if the host gives an id.
    request: Option<u64>,
    pub(super) conversation: Option<Arc<str>>,
    /// The hints of the first payload.
    hints: Option<Arc<Hints>>,
    /// The status of the latest response.
    pub(super) status: Option<u16>,
    /// The time until the latest response.
    pub(super) answered_after: Option<Duration>,
    /// The route or the failure of the latest response.
    pub(super) capture: Option<Arc<Capture>>,
    /// Whether the latest response reported a route.
    pub(super) is_routed: bool,
}

impl Call {
    /// The time since the call began.
    pub(super) fn age(&self) -> Duration {
        self.began.elapsed()
    }
}

/// A request without a complete answer.
#[derive(Debug)]
struct Request {
    /// `n` in the id of the latest attempt.
    number: u64,
    /// The call of the latest attempt.
    call: u32,
    /// The time of the latest attempt.
    sent: Instant,
    attempts: u32,
    hints: Option<Arc<Hints>>,
}

impl Request {
    fn new(number: u64, sent: Instant) -> Self {
        Self { number, call: 0, sent, attempts: 0, hints: None }
    }
}

#[derive(Debug)]
pub(super) struct Calls {
    /// By number.
    begun: LruCache<u32, Call>,
    last: u32,
    /// By a hash of the run, session, provider and model.
    requests: LruCache<u64, Request>,
    hasher: RandomState,
}

impl Calls {
    pub(super) fn new() -> Self {
        Self {
            begun: LruCache::new(CALLS_LIMIT),
            last: 0,
            requests: LruCache::new(CALLS_LIMIT),
            hasher: RandomState::new(),
        }
    }

    /// Begins a call. Returns its number, and how many times its request has been sent, counting this one.
    pub(super) fn begin(
        &mut self,
        identity: &CallIdentity<'_>,
        request_id: Option<&str>,
        now: Instant,
    ) -> (u32, u32) {
        let mut attempt = 1;
        let call = self.last.wrapping_add(1);
        let request = request_id.map(|id| {
            let (run, number) = parts(id);
            let key = self.hasher.hash_one((
                run,
                identity.session_id,
                identity.provider,
                identity.model_id,
            ));
            let new = || Request::new(number, now);
            let request = self.requests.get_or_insert_mut(key, new);
            if number > request.number || now.duration_since(request.sent) > RETRIED_WITHIN {
                *request = new();
            }
            (request.number, request.call, request.sent) = (number, call, now);
            request.attempts = request.attempts.saturating_add(1);
            attempt = request.attempts;
            key
        });
        self.last = call;
        let begun = Call {
            began: now,
            is_run: identity.is_run,
            request,
            conversation: identity.conversation.map(Arc::from),
            hints: None,
            status: None,
            answered_after: None,
            capture: None,
            is_routed: false,
        };
        self.begun.push(call, begun);
        (call, attempt)
    }

    pub(super) fn get(&mut self, call: u32) -> Option<&mut Call> {
        self.begun.peek_mut(&call)
    }

    /// The hints of the first payload of a call's request. For the first payload, these are the `known` hints.
    pub(super) fn hints(&mut self, call: u32, known: Hints) -> Arc<Hints> {
        let Some(call) = self.begun.peek_mut(&call) else {
            return Arc::new(known);
        };
        let request = call.request.and_then(|key| self.requests.peek_mut(&key));
        let fixed = call.hints.get_or_insert_with(|| match request {
            Some(request) => Arc::clone(request.hints.get_or_insert_with(|| Arc::new(known))),
            None => Arc::new(known),
        });
        Arc::clone(fixed)
    }

    /// Ends a call. If it is the run's latest and has a complete answer, the next request of the run is not a retry.
    pub(super) fn end(&mut self, call: u32, is_complete: bool) -> Option<Call> {
        let ended = self.begun.pop(&call)?;
        let is_latest = |key: &u64| self.requests.peek(key).is_some_and(|it| it.call == call);
        if let Some(key) = ended.request.filter(is_latest).filter(|_| is_complete) {
            self.requests.pop(&key);
        }
        Some(ended)
    }
}

/// The run and the number in a request id. An id of another form is a run with one request.
fn parts(request_id: &str) -> (&str, u64) {
    let parts = request_id.rsplit_once(":model:");
    parts.and_then(|(run, number)| Some((run, number.parse().ok()?))).unwrap_or((request_id, 0))
}
