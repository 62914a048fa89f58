//! The store of this process: what is remembered of answers, bounded, behind one lock.

use std::{
    num::NonZeroUsize,
    sync::{Arc, LazyLock},
};

use parking_lot::Mutex;

use crate::{agent, route::Capture};

mod captures;
mod snapshot;

use captures::Captures;
pub use snapshot::{FORMAT, SnapshotError};

/// How many sessions, and how many agents, are remembered: those captured last.
pub const LIMIT: NonZeroUsize = NonZeroUsize::new(256).expect("not zero");

/// What is remembered.
///
/// The lock is held for one look-up or one change, never across anything that can wait.
#[derive(Debug)]
pub struct Store {
    captures: Mutex<Captures>,
}

/// How full a store is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Sessions with a capture.
    pub sessions: usize,
    /// Agents with a capture.
    pub agents: usize,
}

impl Store {
    /// An empty store for `limit` sessions and `limit` agents.
    #[must_use]
    pub fn new(limit: NonZeroUsize) -> Self {
        Self { captures: Mutex::new(Captures::new(limit)) }
    }

    /// The store of this process: whatever loads this library image reads and writes this one.
    #[must_use]
    pub fn shared() -> &'static Self {
        static SHARED: LazyLock<Store> = LazyLock::new(|| Store::new(LIMIT));
        &SHARED
    }

    /// Remembers `capture` as the latest of its session and of `agent_id`. Where the store is full,
    /// the session or agent whose capture is oldest makes room.
    ///
    /// ```
    /// # use taas_affinity::{route::{Capture, HEADERS, Response}, store::{LIMIT, Store}};
    /// # let values = HEADERS.map(|name| (name == "x-taas-autorouted").then_some("true"));
    /// # let response = Response { values, ..Response::default() };
    /// # let capture = Capture::of(&response, "oc:0123456789abcdef", 0).unwrap();
    /// let store = Store::new(LIMIT);
    /// store.remember(capture, Some("Main"));
    /// assert_eq!(store.by_agent("main"), store.by_session("oc:0123456789abcdef"));
    /// assert_eq!(store.by_agent("other"), None);
    /// ```
    pub fn remember(&self, capture: Capture, agent_id: Option<&str>) {
        let session_id = capture.session_id.as_deref().map(Arc::from);
        let agent_id = agent_id.and_then(agent::normalized).map(Arc::from);
        let capture = Arc::new(capture);
        let evicted = self.captures.lock().insert(session_id, agent_id, capture);
        // Memory is given back outside the lock.
        drop(evicted);
    }

    /// The latest capture of an affinity session.
    #[must_use]
    pub fn by_session(&self, session_id: &str) -> Option<Arc<Capture>> {
        self.captures.lock().by_session(session_id)
    }

    /// The latest capture of an agent, in whatever letter case.
    #[must_use]
    pub fn by_agent(&self, agent_id: &str) -> Option<Arc<Capture>> {
        let agent_id = agent::normalized(agent_id)?;
        self.captures.lock().by_agent(&agent_id)
    }

    /// The latest capture of all.
    #[must_use]
    pub fn latest(&self) -> Option<Arc<Capture>> {
        self.captures.lock().latest()
    }

    /// How full the store is.
    #[must_use]
    pub fn size(&self) -> Size {
        let (sessions, agents) = self.captures.lock().len();
        Size { sessions, agents }
    }

    /// Everything that the store holds, as JSON text for [`Self::take_over`] of another one.
    #[must_use]
    pub fn snapshot(&self) -> String {
        let held = self.captures.lock().held();
        snapshot::write(&held)
    }

    /// Takes over what another store held when `snapshot` was made. For each session and each agent
    /// the newest capture counts, the own one where both are equally old; where there are too many,
    /// the oldest make room. The same snapshot any number of times is one.
    ///
    /// # Errors
    /// [`SnapshotError`], where the text is no snapshot in this format; nothing has changed then.
    pub fn take_over(&self, snapshot: &str) -> Result<(), SnapshotError> {
        let held = snapshot::read(snapshot)?;
        self.captures.lock().merge(held);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::route::{HEADERS, Response};

    fn capture(session_id: &str, at: i64) -> Capture {
        let values = HEADERS.map(|name| (name == "x-taas-autorouted").then_some("true"));
        let response = Response { values, ..Response::default() };
        Capture::of(&response, session_id, at).expect("autorouted")
    }

    fn at(capture: Option<Arc<Capture>>) -> Option<i64> {
        capture.map(|capture| capture.captured_at)
    }

    #[test]
    fn the_latest_of_each_and_of_all() {
        let store = Store::new(LIMIT);
        assert_eq!(store.latest(), None);
        store.remember(capture("oc:1", 1), Some("a"));
        store.remember(capture("oc:2", 2), Some("a"));
        store.remember(capture("oc:1", 3), None);
        assert_eq!(at(store.by_session("oc:1")), Some(3));
        assert_eq!(at(store.by_session("oc:2")), Some(2));
        assert_eq!(at(store.by_agent("a")), Some(2));
        assert_eq!(at(store.latest()), Some(3));
        assert_eq!(store.size(), Size { sessions: 2, agents: 1 });
    }

    #[test]
    fn the_oldest_capture_makes_room_whatever_was_asked_for() {
        let store = Store::new(LIMIT);
        for i in 0..256 {
            store.remember(capture(&format!("oc:{i}"), i), Some(&format!("agent-{i}")));
        }
        // A look-up keeps nothing alive, a new capture does.
        assert!(store.by_session("oc:1").is_some());
        store.remember(capture("oc:0", 256), Some("agent-0"));
        store.remember(capture("oc:new", 257), Some("agent-new"));
        assert_eq!(store.size(), Size { sessions: 256, agents: 256 });
        assert_eq!(store.by_session("oc:1"), None);
        assert_eq!(store.by_agent("agent-1"), None);
        assert_eq!(at(store.by_session("oc:0")), Some(256));
        assert_eq!(at(store.by_agent("agent-2")), Some(2));
    }

    #[test]
    fn threads_share_it() {
        let store = Store::new(LIMIT);
        std::thread::scope(|scope| {
            for thread in 0..8 {
                let store = &store;
                scope.spawn(move || {
                    for i in 0..1000 {
                        let session = format!("oc:{thread}-{}", i % 100);
                        store.remember(capture(&session, i), session.strip_prefix("oc:"));
                        // Others evict between the two, but what is there is this thread's own.
                        if let Some(found) = store.by_session(&session) {
                            assert_eq!(found.captured_at, i);
                        }
                    }
                });
            }
        });
        assert_eq!(store.size(), Size { sessions: 256, agents: 256 });
    }

    #[test]
    fn agents_are_told_apart_as_the_host_does() {
        let store = Store::new(LIMIT);
        store.remember(capture("oc:1", 1), Some("Ops-Bot"));
        store.remember(capture("oc:2", 2), Some("ops-bot"));
        assert_eq!(at(store.by_agent("OPS-BOT")), Some(2));
        assert_eq!(store.by_agent("ops bot"), None);
        assert_eq!(store.size().agents, 1);
    }

    /// An affinity session id.
    fn session(number: i64) -> String {
        format!("oc:{number:016x}")
    }

    #[test]
    fn another_store_takes_over_what_one_held() {
        let old = Store::new(LIMIT);
        old.remember(capture(&session(1), 10), Some("a"));
        old.remember(capture(&session(2), 20), Some("B"));
        old.remember(capture(&session(3), 30), None);
        let new = Store::new(LIMIT);
        new.remember(capture(&session(1), 15), Some("a"));
        new.remember(capture(&session(2), 5), Some("b"));
        let held = old.snapshot();
        for _ in 0..2 {
            new.take_over(&held).expect("a snapshot");
            assert_eq!(at(new.by_session(&session(1))), Some(15), "the newest counts");
            assert_eq!(at(new.by_session(&session(2))), Some(20));
            assert_eq!(at(new.by_agent("a")), Some(15));
            assert_eq!(at(new.by_agent("b")), Some(20));
            assert_eq!(at(new.latest()), Some(30));
            assert_eq!(new.size(), Size { sessions: 3, agents: 2 });
        }
        // It may be asked again, for what the old one captured meanwhile.
        old.remember(capture(&session(1), 40), None);
        new.take_over(&old.snapshot()).expect("a snapshot");
        assert_eq!(at(new.by_session(&session(1))), Some(40));
        assert_eq!(at(new.latest()), Some(40));
    }

    #[test]
    fn what_is_taken_over_makes_room_by_its_age() {
        let limit = NonZeroUsize::new(4).expect("not zero");
        let old = Store::new(limit);
        for age in [10, 30, 50, 70] {
            old.remember(capture(&session(age), age), Some(&format!("agent-{age}")));
        }
        let new = Store::new(limit);
        for age in [20, 60] {
            new.remember(capture(&session(age), age), Some(&format!("agent-{age}")));
        }
        new.take_over(&old.snapshot()).expect("a snapshot");
        let there = |age: i64| {
            let by_agent = new.by_agent(&format!("agent-{age}"));
            assert_eq!(new.by_session(&session(age)), by_agent);
            by_agent.is_some()
        };
        let left = [10, 20, 30, 50, 60, 70].map(there);
        assert_eq!(left, [false, false, true, true, true, true]);
        new.remember(capture(&session(80), 80), Some("agent-80"));
        let left = [30, 50, 60, 70, 80].map(there);
        assert_eq!(left, [false, true, true, true, true]);
    }

    #[test]
    fn what_is_no_snapshot_is_ignored_as_a_whole() {
        let store = Store::new(LIMIT);
        store.remember(capture(&session(1), 1), Some("a"));
        let before = store.snapshot();
        let sound = before.as_str();
        for (text, error) in [
            (String::new(), "no snapshot"),
            ("[]".to_owned(), "no snapshot"),
            ("null".to_owned(), "no snapshot"),
            ("[".repeat(1000), "no snapshot"),
            (sound[..sound.len() - 2].to_owned(), "no snapshot"),
            (r#"{"format":1}"#.to_owned(), "no snapshot"),
            (sound.replace("\"format\":1", "\"format\":-1"), "no snapshot"),
            (sound.replace("\"format\":1", "\"format\":2"), "format 2"),
            (sound.replace(&session(1), "agent:main"), "no response"),
            (sound.replace("\"a\"", "\"../a\""), "no response"),
            (sound.replace(":1,\"taas", ":-1,\"taas"), "no response"),
        ] {
            let found = store.take_over(&text).expect_err(&text).to_string();
            assert!(found.contains(error), "{text}: {found}");
            assert_eq!(store.snapshot(), before);
        }
        store.take_over(&before).expect("its own");
        assert_eq!(store.snapshot(), before);
    }

    #[test]
    fn a_capture_of_nobody_is_taken_over_as_the_latest() {
        let (old, new) = (Store::new(LIMIT), Store::new(LIMIT));
        let observed = Capture { session_id: None, observed: true, ..capture("oc:1", 5) };
        old.remember(observed, None);
        new.take_over(&old.snapshot()).expect("a snapshot");
        assert_eq!(at(new.latest()), Some(5));
    }
}
