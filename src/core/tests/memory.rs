//! The memory of the store stays bounded with ever new sessions, agents, models and responses.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    sync::atomic::{AtomicUsize, Ordering},
};

use taas_affinity::{
    route::{HEADERS, Response},
    store::{CallIdentity, LIMIT, Store},
    usage::{Ended, Outcome},
};

/// Counts the bytes that the system's allocator has given out.
struct Counting;

static GIVEN: AtomicUsize = AtomicUsize::new(0);

#[expect(unsafe_code, reason = "an allocator is unsafe; both functions only forward")]
// SAFETY: the system's allocator does the work.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        GIVEN.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        GIVEN.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.dealloc(memory, layout) };
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// All responses fail, so the store keeps usage and history but no captures.
#[test]
fn usage_and_history_stay_bounded_with_the_longest_texts() {
    let store = Store::new(LIMIT);
    let before = GIVEN.load(Ordering::Relaxed);
    let mut most = 0;
    for number in 0..6_000_u32 {
        let session = format!("oc:{number:016x}");
        let agent = format!("{number:064}");
        let long = format!("{number}{}", "日".repeat(250));
        let identity = CallIdentity {
            session_id: &session,
            agent_id: Some(&agent),
            conversation: Some(&long),
            workspace: Some(&session),
            provider: Some(&agent),
            model_id: Some(&agent),
            ..CallIdentity::default()
        };
        let status = 400 + u16::try_from(number % 500).unwrap_or_default();
        let response = Response {
            status: Some(f64::from(status)),
            values: HEADERS.map(|_| Some(long.as_str())),
            ..Response::default()
        };
        for _ in 0..if number > 5_700 { 40 } else { 1 } {
            store.answered(&response, &identity, i64::from(number));
            let call = Ended {
                model: Some(&long),
                status: Some(status),
                outcome: if number % 2 == 0 { Outcome::Failed } else { Outcome::Completed },
                ..Ended::default()
            };
            store.ended(&call, &identity);
        }
        most = most.max(GIVEN.load(Ordering::Relaxed) - before);
    }
    // 4,096 responses with ten texts of the greatest length. Real headers need a tenth of this.
    assert!(most < 35_000_000, "{most} bytes");
    assert!(most > 10_000_000, "{most} bytes are too few: the test does not fill the store");
}
