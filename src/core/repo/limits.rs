//! What one probe may take: time, and bytes to inflate and hash.
//!
//! Trusts the monotonic clock. The probe asks at every entry and every block, so that no content of a
//! repository decides how long the thread is busy.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::doubt::{Doubt, Known};

pub const DEADLINE: Duration = Duration::from_secs(2);
pub const BYTES: u64 = 64 << 20;

/// Looking at the clock costs about as much as a small system call, so it is done once in so many asks.
const ASKS_PER_LOOK: u32 = 64;

#[derive(Debug)]
pub struct Limits {
    until: Instant,
    bytes: Cell<u64>,
    asks: Cell<u32>,
    cancel: Arc<AtomicBool>,
}

impl Limits {
    pub fn new(deadline: Duration, bytes: u64, cancel: Arc<AtomicBool>) -> Self {
        Limits {
            until: Instant::now() + deadline,
            bytes: Cell::new(bytes),
            asks: Cell::new(0),
            cancel,
        }
    }

    /// Called in every loop whose length a repository decides.
    pub fn check(&self) -> Known<()> {
        let asks = self.asks.get().wrapping_add(1);
        self.asks.set(asks);
        if self.cancel.load(Ordering::Relaxed)
            || (asks.is_multiple_of(ASKS_PER_LOOK) && Instant::now() >= self.until)
        {
            return Err(Doubt::OutOfBudget);
        }
        Ok(())
    }

    /// Takes `bytes` from what may be inflated or hashed, and looks at the clock.
    pub fn spend(&self, bytes: usize) -> Known<()> {
        let left = self
            .bytes
            .get()
            .checked_sub(bytes as u64)
            .ok_or(Doubt::OutOfBudget)?;
        self.bytes.set(left);
        if self.cancel.load(Ordering::Relaxed) || Instant::now() >= self.until {
            return Err(Doubt::OutOfBudget);
        }
        Ok(())
    }

    pub fn bytes_left(&self) -> u64 {
        self.bytes.get()
    }
}

impl Default for Limits {
    fn default() -> Self {
        Limits::new(DEADLINE, BYTES, Arc::default())
    }
}
