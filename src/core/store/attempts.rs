//! How often a request has been sent. The host says attempt 1 for each of its own retries, but gives the same id of the
//! request again.

use std::{
    hash::{BuildHasher, RandomState},
    num::NonZeroUsize,
};

use lru::LruCache;

/// How many requests are remembered: those sent last. A gateway with a thousand requests in flight sends many others
/// while one of them waits to be sent again.
pub const REQUEST_LIMIT: NonZeroUsize = NonZeroUsize::new(4096).expect("not zero");

/// By a hash of their ids, which are of any length.
#[derive(Debug)]
pub(super) struct Attempts {
    sent: LruCache<u64, u32>,
    hasher: RandomState,
}

impl Attempts {
    pub(super) fn new() -> Self {
        Self { sent: LruCache::new(REQUEST_LIMIT), hasher: RandomState::new() }
    }

    /// Counts a request, and says for the how manieth time it is sent now.
    pub(super) fn count(&mut self, request_id: &str) -> u32 {
        let times = self.sent.get_or_insert_mut(self.hasher.hash_one(request_id), || 0);
        *times = times.saturating_add(1);
        *times
    }
}
