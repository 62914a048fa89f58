//! The store of this process: captures, calls and usage, bounded, behind one lock.

use std::{
    collections::{BTreeMap, BTreeSet},
    num::NonZeroUsize,
    sync::{Arc, LazyLock},
};

use parking_lot::Mutex;

use crate::{agent, route::Capture};

mod algorithms;
mod calls;
mod captures;
mod conversations;
mod counters;
mod history;
mod identity;
mod notices;
mod record;
mod usage;

use algorithms::Algorithms;
pub use algorithms::{ALGORITHM_LIMIT, ALGORITHMS, Algorithm};
pub(crate) use algorithms::{AlgorithmTarget, Full};
pub use calls::CALLS_LIMIT;
use calls::Calls;
use captures::Captures;
pub(crate) use conversations::Conversation;
use conversations::Conversations;
pub(crate) use counters::{Counters, Sums};
use history::History;
pub(crate) use history::{HISTORY_LIMIT, HistoryEntry, KINDS};
pub use identity::CallIdentity;
use notices::Notices;
pub use notices::RouteChange;
pub use record::Begun;
pub(crate) use usage::{OfModel, Row, Usage};

/// How many sessions, and how many agents, the store remembers: the latest.
pub const LIMIT: NonZeroUsize = NonZeroUsize::new(256).expect("not zero");

/// Remembers captures, calls and usage.
///
/// A thread holds the lock for one look-up or one change and never waits meanwhile.
#[derive(Debug)]
pub struct Store {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    captures: Captures,
    conversations: Conversations,
    calls: Calls,
    history: History,
    usage: Usage,
    algorithms: Algorithms,
    notices: Notices,
    counters: Counters,
}

impl Store {
    /// Creates an empty store for `limit` sessions and `limit` agents.
    #[must_use]
    pub fn new(limit: NonZeroUsize) -> Self {
        Self {
            state: Mutex::new(State {
                captures: Captures::new(limit),
                conversations: Conversations::new(limit),
                calls: Calls::new(),
                history: History::new(limit),
                usage: Usage::new(limit),
                algorithms: Algorithms::default(),
                notices: Notices::new(limit),
                counters: Counters::default(),
            }),
        }
    }

    /// The one store of this process. All copies of the plugin's JavaScript share it.
    #[must_use]
    pub fn shared() -> &'static Self {
        static SHARED: LazyLock<Store> = LazyLock::new(|| Store::new(LIMIT));
        &SHARED
    }

    /// The latest capture of an affinity session.
    #[must_use]
    pub fn by_session(&self, session_id: &str) -> Option<Arc<Capture>> {
        self.state.lock().captures.by_session.peek(session_id).cloned()
    }

    /// The capture of an agent's latest run, else of its latest completion, such as a title. The agent id can be in any
    /// letter case.
    #[must_use]
    pub fn by_agent(&self, agent_id: &str) -> Option<Arc<Capture>> {
        let agent_id = agent::normalized(agent_id)?;
        let captures = &self.state.lock().captures;
        captures.runs_by_agent.peek(&*agent_id).or(captures.by_agent.peek(&*agent_id)).cloned()
    }

    /// The latest capture of one of OpenClaw's own sessions.
    pub(crate) fn by_conversation(&self, conversation: &str) -> Option<Arc<Capture>> {
        self.state.lock().captures.by_conversation.peek(conversation).cloned()
    }

    /// The latest capture of a workspace by its affinity id, or of the session with the same id.
    pub(crate) fn by_workspace(&self, workspace: &str) -> Option<Arc<Capture>> {
        let captures = &self.state.lock().captures;
        captures.by_workspace.peek(workspace).or(captures.by_session.peek(workspace)).cloned()
    }

    /// The latest capture of all.
    pub(crate) fn latest(&self) -> Option<Arc<Capture>> {
        self.state.lock().captures.latest.clone()
    }

    /// The affinity session that one of OpenClaw's own sessions belongs to.
    pub(crate) fn session_of(&self, conversation: &str) -> Option<String> {
        self.state.lock().conversations.session_of(conversation)
    }

    /// Whether the store has a response of the affinity session.
    pub(crate) fn knows(&self, session_id: &str) -> bool {
        let state = self.state.lock();
        state.history.has_session(session_id) || state.captures.by_session.contains(session_id)
    }

    /// The latest responses, the newest first.
    pub(crate) fn history(&self) -> Vec<HistoryEntry> {
        self.state.lock().history.all()
    }

    /// The agents that called or were answered, in alphabetical order.
    pub(crate) fn agents(&self) -> BTreeSet<String> {
        let state = self.state.lock();
        let counted = state.usage.agents.iter().map(|(id, _)| id.as_str());
        let captured = state.captures.by_agent.iter().map(|(id, _)| id.as_str());
        counted.chain(captured).chain(state.history.agents()).map(str::to_owned).collect()
    }

    /// Conversations that moved between workspaces, the newest first.
    pub(crate) fn moved(&self) -> Vec<Conversation> {
        self.state.lock().conversations.moved()
    }

    /// A copy of the usage of all calls.
    pub(crate) fn usage(&self) -> Usage {
        self.state.lock().usage.clone()
    }

    /// A copy of the counters for metrics.
    pub(crate) fn counters(&self) -> Counters {
        self.state.lock().counters.clone()
    }

    /// Sets or removes the algorithm of an identity, and returns the previous algorithm. The error is [`Full`] if
    /// [`ALGORITHM_LIMIT`] other identities have an algorithm.
    pub(crate) fn set_algorithm(
        &self,
        target: AlgorithmTarget,
        algorithm: Option<Algorithm>,
    ) -> Result<Option<Algorithm>, Full> {
        let mut state = self.state.lock();
        let previous = state.algorithms.set(target, algorithm)?;
        state.counters.algorithm_changes += u64::from(previous != algorithm);
        Ok(previous)
    }

    /// The algorithm of a call: that of its session, else of its workspace, else of its agent.
    #[must_use]
    pub fn algorithm(&self, identity: &CallIdentity<'_>) -> Option<Algorithm> {
        let sessions = [Some(identity.session_id), identity.workspace];
        identity.normalized(|identity| self.state.lock().algorithms.of(sessions, identity.agent_id))
    }

    /// All algorithms that operators set.
    pub(crate) fn algorithms(&self) -> BTreeMap<AlgorithmTarget, Algorithm> {
        self.state.lock().algorithms.0.clone()
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    use crate::{
        envelope::Hints,
        route::{HEADERS, Response},
        usage::{Ended, Outcome},
    };

    fn capture(session_id: &str, at: i64) -> Capture {
        let values = HEADERS.map(|name| (name == "x-taas-autorouted").then_some("true"));
        let response = Response { values, ..Response::default() };
        Capture::of(&response, session_id, at).expect("autorouted")
    }

    /// The numbers of sessions and agents with a capture.
    fn sizes(store: &Store) -> (usize, usize) {
        let captures = &store.state.lock().captures;
        (captures.by_session.len(), captures.by_agent.len())
    }

    fn of(agent_id: Option<&str>) -> CallIdentity<'_> {
        CallIdentity { agent_id, ..CallIdentity::default() }
    }

    fn at(capture: Option<Arc<Capture>>) -> Option<i64> {
        capture.map(|capture| capture.captured_at)
    }

    #[test]
    fn the_store_has_the_latest_capture_of_each_session_and_agent_and_of_all() {
        let store = Store::new(LIMIT);
        assert_eq!(store.latest(), None);
        store.remember(capture("oc:1", 1), &of(Some("a")));
        store.remember(capture("oc:2", 2), &of(Some("a")));
        store.remember(capture("oc:1", 3), &of(None));
        assert_eq!(at(store.by_session("oc:1")), Some(3));
        assert_eq!(at(store.by_session("oc:2")), Some(2));
        assert_eq!(at(store.by_agent("a")), Some(2));
        assert_eq!(at(store.latest()), Some(3));
        assert_eq!(sizes(&store), (2, 1));
    }

    #[test]
    fn a_full_store_evicts_the_oldest_capture_and_look_ups_do_not_matter() {
        let store = Store::new(LIMIT);
        for i in 0..256 {
            store.remember(capture(&format!("oc:{i}"), i), &of(Some(&format!("agent-{i}"))));
        }
        // Unlike a look-up, a new capture prevents eviction.
        assert!(store.by_session("oc:1").is_some());
        store.remember(capture("oc:0", 256), &of(Some("agent-0")));
        store.remember(capture("oc:new", 257), &of(Some("agent-new")));
        assert_eq!(sizes(&store), (256, 256));
        assert_eq!(store.by_session("oc:1"), None);
        assert_eq!(store.by_agent("agent-1"), None);
        assert_eq!(at(store.by_session("oc:0")), Some(256));
        assert_eq!(at(store.by_agent("agent-2")), Some(2));
    }

    #[test]
    fn threads_share_the_store() {
        let store = Store::new(LIMIT);
        std::thread::scope(|scope| {
            for thread in 0..8 {
                let store = &store;
                scope.spawn(move || {
                    for i in 0..1000 {
                        let session = format!("oc:{thread}-{}", i % 100);
                        store.remember(capture(&session, i), &of(session.strip_prefix("oc:")));
                        // Other threads may evict the capture in between.
                        if let Some(found) = store.by_session(&session) {
                            assert_eq!(found.captured_at, i);
                        }
                    }
                });
            }
        });
        assert_eq!(sizes(&store), (256, 256));
    }

    #[test]
    fn agent_ids_match_in_any_letter_case() {
        let store = Store::new(LIMIT);
        store.remember(capture("oc:1", 1), &of(Some("Ops-Bot")));
        store.remember(capture("oc:2", 2), &of(Some("ops-bot")));
        assert_eq!(at(store.by_agent("OPS-BOT")), Some(2));
        assert_eq!(store.by_agent("ops bot"), None);
        assert_eq!(sizes(&store).1, 1);
    }

    const RUN: &str = "run:model:1";

    #[test]
    fn a_request_is_counted_while_thousands_of_others_are_sent() {
        let store = Store::new(LIMIT);
        let main = of(Some("main"));
        let attempt = |id: &str| store.begin(&main, Some(id), Instant::now()).attempt;
        let others = |from: usize, to: usize| {
            for number in from..to {
                assert_eq!(attempt(&format!("other-{number}")), 1);
            }
        };
        assert_eq!(attempt(RUN), 1);
        others(0, CALLS_LIMIT.get() - 1);
        assert_eq!(attempt(RUN), 2);
        others(10_000, 20_000);
        assert_eq!(attempt(RUN), 1, "bounded");
    }

    #[test]
    fn a_request_after_a_complete_answer_is_attempt_1_whatever_its_number() {
        let store = Store::new(LIMIT);
        let main = of(Some("main"));
        let begin = |id: &str| store.begin(&main, Some(id), Instant::now());
        let complete = Ended { outcome: Outcome::Completed, ..Ended::default() };
        let good = |call: u32| store.end(call, &complete, &main);
        let first = begin("run:model:1");
        assert_eq!(first.attempt, 1);
        good(first.call);
        // The second request of a tool loop fails, and the host's retry numbers from 1 again.
        let failed = begin("run:model:2");
        assert_eq!(failed.attempt, 1);
        store.end(failed.call, &Ended::default(), &main);
        let retry = begin("run:model:1");
        assert_eq!(retry.attempt, 2);
        good(retry.call);
        assert_eq!(begin("run:model:2").attempt, 1, "the third request was never sent before");
        assert_eq!(
            begin("run:model:3").attempt,
            1,
            "the host goes on only after a complete answer"
        );
        assert_eq!(begin("run:model:1").attempt, 2);
        let later = Instant::now() + Duration::from_secs(601);
        let hourly = store.begin(&main, Some("run:model:1"), later);
        assert_eq!(hourly.attempt, 1, "a job's next run has the id of one that failed");
        let other = CallIdentity { model_id: Some("fallback"), ..main };
        let fallback = store.begin(&other, Some("run:model:1"), Instant::now());
        assert_eq!(fallback.attempt, 1, "another model gets another request");
    }

    #[test]
    fn every_attempt_of_a_request_has_the_hints_of_its_first_payload() {
        let store = Store::new(LIMIT);
        let main = of(Some("main"));
        let begin = |id| store.begin(&main, id, Instant::now()).call;
        let none = Hints::default;
        let known = |branch: &str| Hints { branch: Some(branch.to_owned()), ..none() };
        let (first, retry) = (begin(Some(RUN)), begin(Some(RUN)));
        assert_eq!(*store.hints(first, known("one")), known("one"));
        assert_eq!(*store.hints(first, known("two")), known("one"));
        assert_eq!(*store.hints(retry, known("two")), known("one"));
        assert_eq!(*store.hints(retry, none()), known("one"));
        let (unnamed, other) = (begin(None), begin(None));
        assert_eq!(*store.hints(unnamed, none()), none());
        assert_eq!(*store.hints(unnamed, known("late")), none(), "no hints may be added");
        assert_eq!(*store.hints(other, known("two")), known("two"));
        let next = begin(Some("run:model:2"));
        assert_eq!(*store.hints(next, known("two")), known("two"));
        assert_eq!(*store.hints(first, known("two")), known("one"), "one call sends one set");
        store.end(next, &Ended { outcome: Outcome::Completed, ..Ended::default() }, &main);
        assert_eq!(*store.hints(begin(Some(RUN)), known("two")), known("two"));
    }

    #[test]
    fn the_route_of_a_call_is_known_when_the_call_ends() {
        let store = Store::new(LIMIT);
        let main = CallIdentity { conversation: Some("c"), ..of(Some("main")) };
        let calls = [(); 2].map(|()| store.begin(&main, None, Instant::now()).call);
        for (call, model) in calls.into_iter().zip(["a", "b"]) {
            let values = HEADERS.map(|name| match name {
                "x-taas-autorouted" => Some("true"),
                "x-taas-autorouter-model" => Some(model),
                _ => None,
            });
            let response = Response { status: Some(200.0), values, ..Response::default() };
            let answered = CallIdentity { call: Some(call), conversation: None, ..main };
            assert!(store.answered(&response, &answered, 1));
        }
        let asked = Ended { model: Some("asked"), ..Ended::default() };
        for (call, route) in calls.into_iter().zip([Some("a"), Some("b")]) {
            assert_eq!(store.end(call, &asked, &of(Some("main"))).as_deref(), route);
        }
        assert_eq!(store.usage().totals.routed, 2);
        assert!(store.by_conversation("c").is_some());
        assert_eq!(store.end(calls[0], &asked, &main), None, "the call has already ended");
    }

    #[test]
    fn the_latest_capture_of_a_workspace_does_not_depend_on_the_clock() {
        let store = Store::new(LIMIT);
        let in_workspace = CallIdentity { workspace: Some("oc:w"), ..CallIdentity::default() };
        store.remember(capture("oc:w", 2000), &in_workspace);
        store.remember(capture("oc:conversation", 1000), &in_workspace);
        assert_eq!(at(store.by_workspace("oc:w")), Some(1000));
    }
}
