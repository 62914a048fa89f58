//! How much is kept of ever new sessions, agents, models and answers, whatever is in them.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    sync::atomic::{AtomicUsize, Ordering},
};

use taas_affinity::{
    route::{HEADERS, Response},
    store::{LIMIT, Store, Whose},
    usage::Ended,
};

/// The system's allocator, and how many bytes it has given out.
struct Counting;

static GIVEN: AtomicUsize = AtomicUsize::new(0);

#[expect(unsafe_code, reason = "an allocator is one; both functions pass on what they get")]
// SAFETY: the system's allocator does all of it.
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

/// Failures are no captures: what is left is usage and history.
#[test]
fn usage_and_history_are_bounded_whatever_is_in_them() {
    let store = Store::new(LIMIT);
    let before = GIVEN.load(Ordering::Relaxed);
    let mut most = 0;
    for number in 0..6_000_u32 {
        let session = format!("oc:{number:016x}");
        let agent = format!("{number:064}");
        let long = format!("{number}{}", "日".repeat(250));
        let whose = Whose {
            session_id: &session,
            agent_id: Some(&agent),
            conversation: Some(&long),
            workspace: Some(&session),
            provider: Some(&agent),
            model_id: Some(&agent),
            ..Whose::default()
        };
        let status = 400 + u16::try_from(number % 500).unwrap_or_default();
        let response = Response {
            status: Some(f64::from(status)),
            values: HEADERS.map(|_| Some(long.as_str())),
            ..Response::default()
        };
        for _ in 0..if number > 5_700 { 40 } else { 1 } {
            store.answered(&response, &whose, i64::from(number));
            let call = Ended {
                model: Some(&long),
                status: Some(status),
                failed: number % 2 == 0,
                ..Ended::default()
            };
            store.ended(&call, &whose);
        }
        most = most.max(GIVEN.load(Ordering::Relaxed) - before);
    }
    // 4,096 answers of ten texts of the greatest length; with headers as TaaS sends them it is a tenth of that.
    assert!(most < 35_000_000, "{most} bytes");
    assert!(most > 10_000_000, "{most} bytes are too few to be all of it");
}
