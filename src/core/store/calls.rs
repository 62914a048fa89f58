//! Calls that have begun: how often each request was sent, with which hints, and what its response said.
//!
//! A run of the host sends one request after the other, with the ids `<run>:model:<n>`. After a failure the host says
//! attempt 1 again and counts `n` from 1 again. So a request is a retry unless the one before had a good answer, which
//! the end of its call says, and a greater `n`, too.

use std::{
    hash::{BuildHasher, RandomState},
    num::NonZeroUsize,
    sync::Arc,
    time::{Duration, Instant},
};

use lru::LruCache;

use super::CallIdentity;
use crate::{envelope::Hints, route::Capture};

/// How many calls, and how many requests without a good answer, are remembered: those that began last. While one request
/// waits to be sent again, a gateway with a thousand calls in flight sends many others.
pub const CALLS_LIMIT: NonZeroUsize = NonZeroUsize::new(4096).expect("not zero");

/// How long after it was sent last a request can be sent again. Jobs that run every hour repeat ids, too.
const RETRIED_WITHIN: Duration = Duration::from_secs(600);

/// A call that has begun.
#[derive(Debug, Default)]
pub(super) struct Call {
    /// The key of its request, if the host names that.
    request: Option<u64>,
    pub(super) conversation: Option<Arc<str>>,
    /// What the first payload was told.
    hints: Option<Arc<Hints>>,
    /// The status of its latest response.
    pub(super) status: Option<u16>,
    /// The route of its latest response.
    pub(super) capture: Option<Arc<Capture>>,
}

/// A request without a good answer.
#[derive(Debug)]
struct Request {
    /// `n` of the id that it was sent with last, and when that was.
    number: u64,
    sent: Instant,
    times: u32,
    hints: Option<Arc<Hints>>,
}

impl Request {
    fn new(number: u64, sent: Instant) -> Self {
        Self { number, sent, times: 0, hints: None }
    }
}

#[derive(Debug)]
pub(super) struct Calls {
    /// By their numbers.
    begun: LruCache<u32, Call>,
    last: u32,
    /// By a hash of the run and of what it asks.
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

    /// Returns the number of a call that begins, and how many times its request has been sent, counting this one.
    pub(super) fn begin(
        &mut self,
        identity: &CallIdentity<'_>,
        request_id: Option<&str>,
        now: Instant,
    ) -> (u32, u32) {
        let mut times = 1;
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
            (request.number, request.sent) = (number, now);
            request.times = request.times.saturating_add(1);
            times = request.times;
            key
        });
        self.last = self.last.wrapping_add(1);
        let conversation = identity.conversation.map(Arc::from);
        self.begun.push(self.last, Call { request, conversation, ..Call::default() });
        (self.last, times)
    }

    pub(super) fn get(&mut self, call: u32) -> Option<&mut Call> {
        self.begun.peek_mut(&call)
    }

    /// The hints of a call: those of the first payload of its request, which are `known` if this is the first.
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

    /// A call has ended. After a good answer, the next request of its run is not a retry.
    pub(super) fn end(&mut self, call: u32, is_good: bool) -> Option<Call> {
        let call = self.begun.pop(&call)?;
        if let Some(key) = call.request.filter(|_| is_good) {
            self.requests.pop(&key);
        }
        Some(call)
    }
}

/// The run and the number in it. An id of another form is a run with one request.
fn parts(request_id: &str) -> (&str, u64) {
    let parts = request_id.rsplit_once(":model:");
    parts.and_then(|(run, number)| Some((run, number.parse().ok()?))).unwrap_or((request_id, 0))
}
