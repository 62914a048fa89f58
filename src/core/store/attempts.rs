//! The requests that have no good answer yet: how often each was sent, and with which hints.
//!
//! A run of the host sends one request after the other, with the ids `<run>:model:<n>`. After a failure the host says
//! attempt 1 again and counts `n` from 1 again. So a request is a retry unless the one before had a good answer, which
//! its own end says, and a greater `n`, too.

use std::{
    hash::{BuildHasher, RandomState},
    num::NonZeroUsize,
    sync::Arc,
};

use lru::LruCache;

use super::Whose;
use crate::envelope::Hints;

/// How many requests are remembered: those sent last. A gateway with a thousand requests in flight sends many others
/// while one of them waits to be sent again.
pub const REQUEST_LIMIT: NonZeroUsize = NonZeroUsize::new(4096).expect("not zero");

#[derive(Debug, Default)]
struct Request {
    /// `n` of the id that it was sent with last.
    number: u64,
    times: u32,
    /// What the first payload was told; `None` before that.
    hints: Option<Arc<Hints>>,
}

/// By a hash of the run and of what it asks.
#[derive(Debug)]
pub(super) struct Attempts {
    unanswered: LruCache<u64, Request>,
    hasher: RandomState,
}

impl Attempts {
    pub(super) fn new() -> Self {
        Self { unanswered: LruCache::new(REQUEST_LIMIT), hasher: RandomState::new() }
    }

    fn request(&mut self, whose: &Whose<'_>, request_id: &str) -> &mut Request {
        self.unanswered.get_or_insert_mut(self.key(whose, request_id), Request::default)
    }

    fn key(&self, whose: &Whose<'_>, request_id: &str) -> u64 {
        let (run, _) = parts(request_id);
        self.hasher.hash_one((run, whose.session_id, whose.provider, whose.model_id))
    }

    /// Returns how many times the request has been sent, counting this one.
    pub(super) fn begin(&mut self, whose: &Whose<'_>, request_id: &str) -> u32 {
        let request = self.request(whose, request_id);
        let (_, number) = parts(request_id);
        if number > request.number {
            *request = Request { number, ..Request::default() };
        }
        request.number = number;
        request.times = request.times.saturating_add(1);
        request.times
    }

    /// The hints of a request: those of its first payload, which are `known` if this is the first.
    pub(super) fn hints(
        &mut self,
        whose: &Whose<'_>,
        request_id: &str,
        known: Hints,
    ) -> Arc<Hints> {
        Arc::clone(self.request(whose, request_id).hints.get_or_insert_with(|| Arc::new(known)))
    }

    /// The request has a good answer: the next one of its run is another.
    pub(super) fn answered(&mut self, whose: &Whose<'_>, request_id: &str) {
        let key = self.key(whose, request_id);
        self.unanswered.pop(&key);
    }
}

/// The run and the number in it. An id of another form is a run with one request.
fn parts(request_id: &str) -> (&str, u64) {
    let parts = request_id.rsplit_once(":model:");
    parts.and_then(|(run, number)| Some((run, number.parse().ok()?))).unwrap_or((request_id, 0))
}
