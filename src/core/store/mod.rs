//! The store of this process: what is remembered of answers and of calls, bounded, behind one lock.

use std::{
    num::NonZeroUsize,
    sync::{Arc, LazyLock},
    time::Instant,
};

use lru::LruCache;
use parking_lot::Mutex;

use crate::{
    agent,
    envelope::Hints,
    route::{Capture, Response},
    usage::Ended,
};

mod algorithms;
mod attempts;
mod captures;
mod conversations;
mod history;
mod notices;
mod usage;

use algorithms::Algorithms;
pub use algorithms::{ALGORITHM_LIMIT, Algorithm, AlgorithmTarget, Full};
use attempts::Attempts;
pub use attempts::REQUEST_LIMIT;
use captures::Captures;
use conversations::Conversations;
pub(crate) use conversations::Moves;
use history::History;
pub(crate) use history::HistoryEntry;
pub use history::SESSION_LIMIT as HISTORY_LIMIT;
use notices::Notices;
pub use notices::RouteChange;
use usage::Usage;
pub use usage::{CALL_LIMIT, MODEL_LIMIT};
pub(crate) use usage::{OfAgent, OfModel, OfSession, UsageSnapshot};

/// How many sessions, and how many agents, are remembered: those captured or used last.
pub const LIMIT: NonZeroUsize = NonZeroUsize::new(256).expect("not zero");

/// What is remembered.
///
/// The lock is held for one look-up or one change, never across anything that can wait.
#[derive(Debug)]
pub struct Store {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    captures: Captures,
    conversations: Conversations,
    attempts: Attempts,
    history: History,
    usage: Usage,
    algorithms: Algorithms,
    notices: Notices,
}

/// Whose a call is, and what is known of it when it begins.
#[derive(Debug, Default, Clone, Copy)]
pub struct Whose<'a> {
    /// The affinity session id; of an observed call what it names its session, if anything.
    pub session_id: &'a str,
    /// The kind of source that the session id comes from.
    pub source: &'static str,
    /// The agent id, in any letter case.
    pub agent_id: Option<&'a str>,
    /// OpenClaw's own session id.
    pub conversation: Option<&'a str>,
    /// The affinity id of the workspace, whether it is the session's or not.
    pub workspace: Option<&'a str>,
    /// Whether the workspace is a worktree or a sandbox that OpenClaw made for the conversation.
    pub in_worktree: bool,
    /// The provider id.
    pub provider: Option<&'a str>,
    /// The id of the model that is asked for.
    pub model_id: Option<&'a str>,
    /// Whether the call is another plugin's, and only looked at.
    pub observed: bool,
}

impl Whose<'_> {
    /// With the agent by the name that tells agents apart.
    fn normalized<T>(&self, action: impl FnOnce(&Whose<'_>) -> T) -> T {
        let agent_id = self.agent_id.and_then(agent::normalized);
        action(&Whose { agent_id: agent_id.as_deref(), ..*self })
    }
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
        Self {
            state: Mutex::new(State {
                captures: Captures::new(limit),
                conversations: Conversations::new(limit),
                attempts: Attempts::new(),
                history: History::new(limit),
                usage: Usage::new(limit),
                algorithms: Algorithms::default(),
                notices: Notices::new(limit),
            }),
        }
    }

    /// The store of this process: whatever loads this library image reads and writes this one.
    #[must_use]
    pub fn shared() -> &'static Self {
        static SHARED: LazyLock<Store> = LazyLock::new(|| Store::new(LIMIT));
        &SHARED
    }

    /// Remembers what an answer says, at `now` in milliseconds since 1970: its route, where it succeeded and
    /// was autorouted, which `true` says; else that it failed, where it did.
    pub fn answered(&self, response: &Response<'_>, whose: &Whose<'_>, now: i64) -> bool {
        let session_id = whose.session_id;
        let capture = if whose.observed {
            Capture::observed(response, Some(session_id), now)
        } else {
            Capture::of(response, session_id, now)
        };
        let is_captured = capture.is_some();
        if let Some(capture) = capture {
            self.keep(capture, whose, response.status_code());
        } else if let Some(failure) = Capture::failed(response, session_id, whose.observed, now) {
            let failure = Arc::new(failure);
            whose.normalized(|whose| {
                let mut state = self.state.lock();
                state.conversations.record(whose);
                state.history.add(whose, failure, response.status_code());
            });
        }
        is_captured
    }

    /// Remembers `capture` as the latest of all that it belongs to. Where the store is full, the session or
    /// agent whose capture is oldest makes room.
    ///
    /// ```
    /// # use taas_affinity::{route::{Capture, HEADERS, Response}, store::{LIMIT, Store, Whose}};
    /// # let values = HEADERS.map(|name| (name == "x-taas-autorouted").then_some("true"));
    /// # let response = Response { values, ..Response::default() };
    /// # let capture = Capture::of(&response, "oc:0123456789abcdef", 0).unwrap();
    /// let store = Store::new(LIMIT);
    /// store.remember(capture, &Whose { agent_id: Some("Main"), ..Whose::default() });
    /// assert_eq!(store.by_agent("main"), store.by_session("oc:0123456789abcdef"));
    /// assert_eq!(store.by_agent("other"), None);
    /// ```
    pub fn remember(&self, capture: Capture, whose: &Whose<'_>) {
        self.keep(capture, whose, None);
    }

    fn keep(&self, capture: Capture, whose: &Whose<'_>, status: Option<u16>) {
        let capture = Arc::new(capture);
        whose.normalized(|whose| {
            let mut state = self.state.lock();
            state.conversations.record(whose);
            let evicted = state.captures.insert(whose, &capture);
            state.history.add(whose, Arc::clone(&capture), status);
            drop(state);
            // Memory is given back outside the lock.
            drop(evicted);
        });
    }

    /// Counts a call that has ended.
    pub fn ended(&self, call: &Ended<'_>, whose: &Whose<'_>) {
        whose.normalized(|whose| {
            let mut state = self.state.lock();
            state.conversations.record(whose);
            state.usage.add(whose, call);
        });
    }

    /// A call begins. Returns how many times its request has been sent, counting this one, and the algorithm that was
    /// chosen for it. `request_id` is the host's, or one that no other request has.
    pub fn begin(&self, whose: &Whose<'_>, request_id: &str) -> (u32, Option<Algorithm>) {
        whose.normalized(|whose| {
            let mut state = self.state.lock();
            let times = state.attempts.begin(whose, request_id);
            (times, state.algorithms.of([Some(whose.session_id), whose.workspace], whose.agent_id))
        })
    }

    /// The hints of a call's request, which are fixed by the first payload of it: `known` then, and the same for each
    /// time that it is sent again.
    pub fn hints(&self, whose: &Whose<'_>, request_id: &str, known: Hints) -> Arc<Hints> {
        self.state.lock().attempts.hints(whose, request_id, known)
    }

    /// A call's request has a good answer. The next request of its run is not a retry.
    pub fn request_answered(&self, whose: &Whose<'_>, request_id: &str) {
        self.state.lock().attempts.answered(whose, request_id);
    }

    /// The latest capture of an affinity session.
    #[must_use]
    pub fn by_session(&self, session_id: &str) -> Option<Arc<Capture>> {
        self.state.lock().captures.by_session(session_id)
    }

    /// The latest capture of an agent, in whatever letter case.
    #[must_use]
    pub fn by_agent(&self, agent_id: &str) -> Option<Arc<Capture>> {
        let agent_id = agent::normalized(agent_id)?;
        self.state.lock().captures.by_agent(&agent_id)
    }

    /// The latest capture of one of OpenClaw's own sessions.
    #[must_use]
    pub fn by_conversation(&self, conversation: &str) -> Option<Arc<Capture>> {
        self.state.lock().captures.by_conversation(conversation)
    }

    /// The affinity session that one of OpenClaw's own sessions belongs to.
    #[must_use]
    pub fn session_of(&self, conversation: &str) -> Option<Arc<str>> {
        let state = self.state.lock();
        let noted = state.conversations.session_of(conversation);
        noted.or_else(|| {
            let capture = state.captures.by_conversation(conversation)?;
            capture.session_id.as_deref().map(Arc::from)
        })
    }

    /// Whether an answer of the affinity session is remembered.
    #[must_use]
    pub fn knows(&self, session_id: &str) -> bool {
        let state = self.state.lock();
        state.history.has_session(session_id) || state.captures.by_session(session_id).is_some()
    }

    /// The latest capture of a workspace, by its affinity id, whichever the session was.
    #[must_use]
    pub fn by_workspace(&self, workspace: &str) -> Option<Arc<Capture>> {
        self.state.lock().captures.by_workspace(workspace)
    }

    /// The latest capture of all.
    #[must_use]
    pub fn latest(&self) -> Option<Arc<Capture>> {
        self.state.lock().captures.latest()
    }

    /// The latest answers, the newest first.
    pub(crate) fn history(&self) -> Vec<HistoryEntry> {
        self.state.lock().history.all()
    }

    /// Conversations that moved between workspaces, the newest first.
    pub(crate) fn moved(&self) -> Vec<Moves> {
        self.state.lock().conversations.moved()
    }

    /// What was used.
    pub(crate) fn usage_snapshot(&self) -> UsageSnapshot {
        self.state.lock().usage.snapshot()
    }

    /// Makes a choice, or takes it back, and says what was chosen before.
    ///
    /// # Errors
    /// [`Full`], where there are [`ALGORITHM_LIMIT`] others.
    pub fn set_algorithm(
        &self,
        target: AlgorithmTarget,
        algorithm: Option<Algorithm>,
    ) -> Result<Option<Algorithm>, Full> {
        self.state.lock().algorithms.set(target, algorithm)
    }

    /// The algorithm that was chosen for a call: for its session, for its workspace, or for its agent.
    #[must_use]
    pub fn algorithm(&self, whose: &Whose<'_>) -> Option<Algorithm> {
        let sessions = [Some(whose.session_id), whose.workspace];
        whose.normalized(|whose| self.state.lock().algorithms.of(sessions, whose.agent_id))
    }

    /// All that is chosen.
    #[must_use]
    pub fn algorithms(&self) -> Vec<(AlgorithmTarget, Algorithm)> {
        self.state.lock().algorithms.all()
    }

    /// Whether the latest capture of an agent is another model's than was told last: told once, and at most once a
    /// minute. `now` is of a clock that is never set.
    pub fn route_change(&self, agent_id: &str, now: Instant) -> Option<RouteChange> {
        let agent_id = agent::normalized(agent_id)?;
        let mut state = self.state.lock();
        let capture = state.captures.by_agent(&agent_id)?;
        state.notices.change(&agent_id, capture.autorouter_model.as_deref()?, now)
    }

    /// How full the store is.
    #[must_use]
    pub fn size(&self) -> Size {
        let (sessions, agents) = self.state.lock().captures.len();
        Size { sessions, agents }
    }
}

/// Changes what is kept under `name`, which is now the one that was changed last.
fn upsert<V: Default, R>(
    all: &mut LruCache<Arc<str>, V>,
    name: &str,
    change: impl FnOnce(&mut V) -> R,
) -> R {
    if let Some(value) = all.get_mut(name) {
        return change(value);
    }
    let mut value = V::default();
    let result = change(&mut value);
    all.push(Arc::from(name), value);
    result
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

    fn of(agent_id: Option<&str>) -> Whose<'_> {
        Whose { agent_id, ..Whose::default() }
    }

    fn at(capture: Option<Arc<Capture>>) -> Option<i64> {
        capture.map(|capture| capture.captured_at)
    }

    #[test]
    fn the_latest_of_each_and_of_all() {
        let store = Store::new(LIMIT);
        assert_eq!(store.latest(), None);
        store.remember(capture("oc:1", 1), &of(Some("a")));
        store.remember(capture("oc:2", 2), &of(Some("a")));
        store.remember(capture("oc:1", 3), &of(None));
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
            store.remember(capture(&format!("oc:{i}"), i), &of(Some(&format!("agent-{i}"))));
        }
        // A look-up keeps nothing alive, a new capture does.
        assert!(store.by_session("oc:1").is_some());
        store.remember(capture("oc:0", 256), &of(Some("agent-0")));
        store.remember(capture("oc:new", 257), &of(Some("agent-new")));
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
                        store.remember(capture(&session, i), &of(session.strip_prefix("oc:")));
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
        store.remember(capture("oc:1", 1), &of(Some("Ops-Bot")));
        store.remember(capture("oc:2", 2), &of(Some("ops-bot")));
        assert_eq!(at(store.by_agent("OPS-BOT")), Some(2));
        assert_eq!(store.by_agent("ops bot"), None);
        assert_eq!(store.size().agents, 1);
    }

    const RUN: &str = "run:model:1";

    #[test]
    fn a_request_is_counted_while_thousands_of_others_are_sent() {
        let store = Store::new(LIMIT);
        let main = of(Some("main"));
        let times = |id: &str| store.begin(&main, id).0;
        let others = |from: usize, to: usize| {
            for number in from..to {
                assert_eq!(times(&format!("other-{number}")), 1);
            }
        };
        assert_eq!(times(RUN), 1);
        others(0, REQUEST_LIMIT.get() - 1);
        assert_eq!(times(RUN), 2);
        others(10_000, 20_000);
        assert_eq!(times(RUN), 1, "bounded");
    }

    #[test]
    fn a_request_after_a_good_answer_is_attempt_1_however_the_host_numbers_requests() {
        let store = Store::new(LIMIT);
        let main = of(Some("main"));
        let times = |id: &str| store.begin(&main, id).0;
        assert_eq!(times("run:model:1"), 1);
        store.request_answered(&main, "run:model:1");
        // The second request of a tool loop fails, and the host's retry numbers from 1 again.
        assert_eq!(times("run:model:2"), 1);
        assert_eq!(times("run:model:1"), 2);
        store.request_answered(&main, "run:model:1");
        assert_eq!(times("run:model:2"), 1, "the third request was never sent before");
        assert_eq!(times("run:model:3"), 1, "the host goes on after a good answer alone");
        assert_eq!(times("run:model:1"), 2);
        let other = Whose { model_id: Some("fallback"), ..main };
        assert_eq!(store.begin(&other, "run:model:1").0, 1, "another model gets another request");
    }

    #[test]
    fn the_hints_of_a_request_are_those_of_its_first_payload_until_it_has_a_good_answer() {
        let store = Store::new(LIMIT);
        let main = of(Some("main"));
        let none = Hints::default;
        let known = |branch: &str| Hints { branch: Some(branch.to_owned()), ..none() };
        assert_eq!(*store.hints(&main, RUN, known("one")), known("one"));
        assert_eq!(*store.hints(&main, RUN, known("two")), known("one"));
        assert_eq!(*store.hints(&main, RUN, none()), known("one"));
        assert_eq!(*store.hints(&main, "other", none()), none());
        assert_eq!(*store.hints(&main, "other", known("late")), none(), "nor may hints be added");
        store.request_answered(&main, RUN);
        assert_eq!(*store.hints(&main, RUN, known("two")), known("two"));
    }

    #[test]
    fn the_latest_capture_of_a_workspace_is_the_one_that_came_last_whatever_the_clock_says() {
        let store = Store::new(LIMIT);
        let in_workspace = Whose { workspace: Some("oc:w"), ..Whose::default() };
        store.remember(capture("oc:w", 2000), &in_workspace);
        store.remember(capture("oc:conversation", 1000), &in_workspace);
        assert_eq!(at(store.by_workspace("oc:w")), Some(1000));
    }
}
