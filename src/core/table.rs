//! The capture table: the latest capture of each session and of each agent, bounded, one for the
//! whole process.

use std::{
    num::NonZeroUsize,
    sync::{Arc, LazyLock},
};

use lru::LruCache;
use parking_lot::Mutex;

use crate::route::Capture;

/// How many sessions, and how many agents, are remembered: those captured last.
pub const LIMIT: NonZeroUsize = NonZeroUsize::new(256).expect("not zero");

/// The latest captures.
///
/// A lock is held for one look-up or one insertion, never across anything that can wait.
#[derive(Debug)]
pub struct CaptureTable {
    captures: Mutex<Captures>,
}

#[derive(Debug)]
struct Captures {
    by_session: LruCache<Arc<str>, Arc<Capture>>,
    by_agent: LruCache<Arc<str>, Arc<Capture>>,
}

/// How full a table is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Sessions in the table.
    pub sessions: usize,
    /// Agents in the table.
    pub agents: usize,
}

impl CaptureTable {
    /// An empty table for `limit` sessions and `limit` agents.
    #[must_use]
    pub fn new(limit: NonZeroUsize) -> Self {
        let captures = Captures {
            by_session: LruCache::new(limit),
            by_agent: LruCache::new(limit),
        };
        Self {
            captures: Mutex::new(captures),
        }
    }

    /// The table of this process: whatever loads this library image reads and writes this one.
    #[must_use]
    pub fn shared() -> &'static Self {
        static SHARED: LazyLock<CaptureTable> = LazyLock::new(|| CaptureTable::new(LIMIT));
        &SHARED
    }

    /// Remembers `capture` as the latest of its session and of `agent_id`. Where the table is
    /// full, the session or agent whose capture is oldest makes room.
    ///
    /// ```
    /// # use taas_affinity::{route::{Capture, Carried, HEADERS}, table::{CaptureTable, LIMIT}};
    /// # let values = HEADERS.map(|name| (name == "x-taas-autorouted").then_some("true"));
    /// # let capture = Capture::of(&values, Carried::default(), "oc:0123456789abcdef", 0).unwrap();
    /// let table = CaptureTable::new(LIMIT);
    /// table.insert(capture, Some("main"));
    /// assert_eq!(table.by_agent("main"), table.by_session("oc:0123456789abcdef"));
    /// assert_eq!(table.by_agent("other"), None);
    /// ```
    pub fn insert(&self, capture: Capture, agent_id: Option<&str>) {
        let session_id = Arc::from(capture.session_id.as_str());
        let agent_id = agent_id.map(Arc::from);
        let capture = Arc::new(capture);
        let mut captures = self.captures.lock();
        let evicted = (
            agent_id.and_then(|id| captures.by_agent.push(id, Arc::clone(&capture))),
            captures.by_session.push(session_id, capture),
        );
        drop(captures);
        // Memory is given back outside the lock.
        drop(evicted);
    }

    /// The latest capture of an affinity session.
    #[must_use]
    pub fn by_session(&self, session_id: &str) -> Option<Arc<Capture>> {
        self.captures.lock().by_session.peek(session_id).cloned()
    }

    /// The latest capture of an agent.
    #[must_use]
    pub fn by_agent(&self, agent_id: &str) -> Option<Arc<Capture>> {
        self.captures.lock().by_agent.peek(agent_id).cloned()
    }

    /// The latest capture of all.
    #[must_use]
    pub fn latest(&self) -> Option<Arc<Capture>> {
        // Every capture has a session, and only an insertion makes an entry the most recent.
        self.captures
            .lock()
            .by_session
            .peek_mru()
            .map(|(_, capture)| Arc::clone(capture))
    }

    /// How full the table is.
    #[must_use]
    pub fn size(&self) -> Size {
        let captures = self.captures.lock();
        Size {
            sessions: captures.by_session.len(),
            agents: captures.by_agent.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::route::{Carried, HEADERS};

    fn capture(session_id: &str, at: i64) -> Capture {
        let values = HEADERS.map(|name| (name == "x-taas-autorouted").then_some("true"));
        Capture::of(&values, Carried::default(), session_id, at).expect("autorouted")
    }

    fn at(capture: Option<Arc<Capture>>) -> Option<i64> {
        capture.map(|capture| capture.captured_at)
    }

    #[test]
    fn the_latest_of_each_and_of_all() {
        let table = CaptureTable::new(LIMIT);
        assert_eq!(table.latest(), None);
        table.insert(capture("oc:1", 1), Some("a"));
        table.insert(capture("oc:2", 2), Some("a"));
        table.insert(capture("oc:1", 3), None);
        assert_eq!(at(table.by_session("oc:1")), Some(3));
        assert_eq!(at(table.by_session("oc:2")), Some(2));
        assert_eq!(at(table.by_agent("a")), Some(2));
        assert_eq!(at(table.latest()), Some(3));
        assert_eq!(
            table.size(),
            Size {
                sessions: 2,
                agents: 1
            }
        );
    }

    #[test]
    fn the_oldest_capture_makes_room_whatever_was_asked_for() {
        let table = CaptureTable::new(LIMIT);
        for i in 0..256 {
            table.insert(capture(&format!("oc:{i}"), i), Some(&format!("agent-{i}")));
        }
        // A look-up keeps nothing alive, a new capture does.
        assert!(table.by_session("oc:1").is_some());
        table.insert(capture("oc:0", 256), Some("agent-0"));
        table.insert(capture("oc:new", 257), Some("agent-new"));
        assert_eq!(
            table.size(),
            Size {
                sessions: 256,
                agents: 256
            }
        );
        assert_eq!(table.by_session("oc:1"), None);
        assert_eq!(table.by_agent("agent-1"), None);
        assert_eq!(at(table.by_session("oc:0")), Some(256));
        assert_eq!(at(table.by_agent("agent-2")), Some(2));
    }

    #[test]
    fn threads_share_it() {
        let table = CaptureTable::new(LIMIT);
        std::thread::scope(|scope| {
            for thread in 0..8 {
                let table = &table;
                scope.spawn(move || {
                    for i in 0..1000 {
                        let session = format!("oc:{thread}-{}", i % 100);
                        table.insert(capture(&session, i), Some(&session));
                        // Others evict between the two, but what is there is this thread's own.
                        if let Some(found) = table.by_session(&session) {
                            assert_eq!(found.captured_at, i);
                        }
                    }
                });
            }
        });
        assert_eq!(
            table.size(),
            Size {
                sessions: 256,
                agents: 256
            }
        );
    }
}
