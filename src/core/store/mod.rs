//! The store of this process: what is remembered of answers and of calls, bounded, behind one lock.

use std::{
    num::NonZeroUsize,
    sync::{Arc, LazyLock},
};

use lru::LruCache;
use parking_lot::Mutex;

use crate::{
    agent,
    route::{Capture, Response},
    usage::Ended,
};

mod attempts;
mod captures;
mod choices;
mod conversations;
mod history;
mod notices;
mod snapshot;
mod usage;

use attempts::Attempts;
pub use attempts::REQUEST_LIMIT;
use captures::Captures;
use choices::Choices;
pub use choices::{Algorithm, CHOICE_LIMIT, Chooser, Full};
use conversations::Conversations;
pub(crate) use conversations::Moves;
pub(crate) use history::Answer;
use history::History;
pub use history::SESSION_LIMIT as HISTORY_LIMIT;
use notices::Notices;
pub use notices::RouteChange;
pub use snapshot::{FORMAT, SnapshotError};
use usage::Usage;
pub use usage::{CALL_LIMIT, MODEL_LIMIT};
pub(crate) use usage::{OfAgent, OfModel, OfSession, Used};

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
    choices: Choices,
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
                choices: Choices::default(),
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
                state.conversations.note(whose);
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
            state.conversations.note(whose);
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
            state.conversations.note(whose);
            state.usage.add(whose, call);
        });
    }

    /// Counts a request by the host's own id of it, and says for the how manieth time it is sent now.
    pub fn times_sent(&self, request_id: &str) -> u32 {
        self.state.lock().attempts.count(request_id)
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
        state.history.has(session_id) || state.captures.by_session(session_id).is_some()
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
    pub(crate) fn history(&self) -> Vec<Answer> {
        self.state.lock().history.all()
    }

    /// Conversations that moved between workspaces, the newest first.
    pub(crate) fn moved(&self) -> Vec<Moves> {
        self.state.lock().conversations.moved()
    }

    /// What was used.
    pub(crate) fn used(&self) -> Used {
        self.state.lock().usage.used()
    }

    /// Makes a choice at `now` in milliseconds since 1970, or takes it back, and says what was chosen before.
    ///
    /// # Errors
    /// [`Full`], where there are [`CHOICE_LIMIT`] others.
    pub fn choose(
        &self,
        chooser: Chooser,
        algorithm: Option<Algorithm>,
        now: i64,
    ) -> Result<Option<Algorithm>, Full> {
        self.state.lock().choices.set(chooser, algorithm, now)
    }

    /// The algorithm that was chosen for a call: for its session, for its workspace, or for its agent.
    #[must_use]
    pub fn choice(&self, whose: &Whose<'_>) -> Option<Algorithm> {
        let sessions = [Some(whose.session_id), whose.workspace];
        whose.normalized(|whose| self.state.lock().choices.of(sessions, whose.agent_id))
    }

    /// How many choices there are.
    #[must_use]
    pub fn choice_count(&self) -> u32 {
        u32::try_from(self.state.lock().choices.len()).unwrap_or(u32::MAX)
    }

    /// All that is chosen.
    #[must_use]
    pub fn choices(&self) -> Vec<(Chooser, Algorithm)> {
        self.state.lock().choices.all()
    }

    /// Notes that the latest capture of an agent is an answer to the agent itself, and not to what is made beside
    /// its runs.
    pub fn note_route(&self, agent_id: &str) {
        if let Some(agent_id) = agent::normalized(agent_id) {
            let mut state = self.state.lock();
            if let Some(capture) = state.captures.by_agent(&agent_id) {
                state.notices.note(&agent_id, &capture);
            }
        }
    }

    /// Whether the latest noted answer of an agent is another model's than was told last: told once, at most once
    /// a minute, and not of an answer that is older than ten minutes.
    pub fn route_change(&self, agent_id: &str, now: i64) -> Option<RouteChange> {
        let agent_id = agent::normalized(agent_id)?;
        self.state.lock().notices.change(&agent_id, now)
    }

    /// How full the store is.
    #[must_use]
    pub fn size(&self) -> Size {
        let (sessions, agents) = self.state.lock().captures.len();
        Size { sessions, agents }
    }

    /// The captures and choices that the store holds, as JSON text for [`Self::take_over`] of another one.
    #[must_use]
    pub fn snapshot(&self) -> String {
        let state = self.state.lock();
        let (held, made) = (state.captures.held(), state.choices.made());
        drop(state);
        snapshot::write(&held, &made)
    }

    /// Takes over the captures and choices that another store held when `snapshot` was made. For each session
    /// and each agent the newest counts, the own one where both are equally old; where there are too many
    /// captures, the oldest make room. The same snapshot any number of times is one.
    ///
    /// # Errors
    /// [`SnapshotError`], where the text is no snapshot in this format; nothing has changed then.
    pub fn take_over(&self, snapshot: &str) -> Result<(), SnapshotError> {
        let (held, made) = snapshot::read(snapshot)?;
        let mut state = self.state.lock();
        state.captures.merge(held);
        state.choices.merge(made);
        Ok(())
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

    #[test]
    fn a_request_is_counted_while_thousands_of_others_are_sent() {
        let store = Store::new(LIMIT);
        let others = |from: usize, to: usize| {
            for number in from..to {
                assert_eq!(store.times_sent(&format!("other-{number}")), 1);
            }
        };
        assert_eq!(store.times_sent("run:model:1"), 1);
        others(0, REQUEST_LIMIT.get() - 1);
        assert_eq!(store.times_sent("run:model:1"), 2);
        assert_eq!(store.times_sent("run:model:2"), 1);
        others(10_000, 20_000);
        assert_eq!(store.times_sent("run:model:1"), 1, "bounded");
    }

    /// An affinity session id.
    fn session(number: i64) -> String {
        format!("oc:{number:016x}")
    }

    #[test]
    fn another_store_takes_over_what_one_held() {
        let old = Store::new(LIMIT);
        old.remember(capture(&session(1), 10), &of(Some("a")));
        old.remember(capture(&session(2), 20), &of(Some("B")));
        old.remember(capture(&session(3), 30), &of(None));
        let new = Store::new(LIMIT);
        new.remember(capture(&session(1), 15), &of(Some("a")));
        new.remember(capture(&session(2), 5), &of(Some("b")));
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
        old.remember(capture(&session(1), 40), &of(None));
        new.take_over(&old.snapshot()).expect("a snapshot");
        assert_eq!(at(new.by_session(&session(1))), Some(40));
        assert_eq!(at(new.latest()), Some(40));
    }

    #[test]
    fn what_is_taken_over_makes_room_by_its_age() {
        let limit = NonZeroUsize::new(4).expect("not zero");
        let old = Store::new(limit);
        for age in [10, 30, 50, 70] {
            old.remember(capture(&session(age), age), &of(Some(&format!("agent-{age}"))));
        }
        let new = Store::new(limit);
        for age in [20, 60] {
            new.remember(capture(&session(age), age), &of(Some(&format!("agent-{age}"))));
        }
        new.take_over(&old.snapshot()).expect("a snapshot");
        let there = |age: i64| {
            let by_agent = new.by_agent(&format!("agent-{age}"));
            assert_eq!(new.by_session(&session(age)), by_agent);
            by_agent.is_some()
        };
        let left = [10, 20, 30, 50, 60, 70].map(there);
        assert_eq!(left, [false, false, true, true, true, true]);
        new.remember(capture(&session(80), 80), &of(Some("agent-80")));
        let left = [30, 50, 60, 70, 80].map(there);
        assert_eq!(left, [false, true, true, true, true]);
    }

    #[test]
    fn what_is_no_snapshot_is_ignored_as_a_whole() {
        let store = Store::new(LIMIT);
        store.remember(capture(&session(1), 1), &of(Some("a")));
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

    fn agent(name: &str) -> Chooser {
        Chooser::Agent(name.to_owned())
    }

    #[test]
    fn another_store_takes_over_what_was_chosen_and_what_was_taken_back() {
        use Algorithm::{Cost, Tps, Ttft};
        let (old, new) = (Store::new(LIMIT), Store::new(LIMIT));
        let of = |store: &Store, name| store.choice(&super::tests::of(Some(name)));
        for (name, algorithm, at) in [
            ("kept", Cost, 1),
            ("later-there", Cost, 5),
            ("later-here", Cost, 1),
            ("cleared", Cost, 1),
        ] {
            old.choose(agent(name), Some(algorithm), at).expect("room");
        }
        old.choose(Chooser::Session(session(1)), Some(Tps), 1).expect("room");
        new.choose(agent("later-there"), Some(Ttft), 2).expect("room");
        new.choose(agent("later-here"), Some(Ttft), 2).expect("room");
        for _ in 0..2 {
            new.take_over(&old.snapshot()).expect("a snapshot");
            assert_eq!(of(&new, "kept"), Some(Cost));
            assert_eq!(of(&new, "later-there"), Some(Cost));
            assert_eq!(of(&new, "later-here"), Some(Ttft));
            let session_id = &session(1);
            assert_eq!(new.choice(&Whose { session_id, ..Whose::default() }), Some(Tps));
        }
        // The old one still has it, and is asked again and again.
        new.choose(agent("cleared"), None, 3).expect("room");
        new.take_over(&old.snapshot()).expect("a snapshot");
        assert_eq!(of(&new, "cleared"), None);
        // It goes both ways, and by way of a third one.
        let third = Store::new(LIMIT);
        for held in [&new, &old] {
            third.take_over(&held.snapshot()).expect("a snapshot");
        }
        assert_eq!(third.choices(), new.choices());
        old.choose(agent("cleared"), Some(Tps), 4).expect("room");
        new.take_over(&old.snapshot()).expect("a snapshot");
        assert_eq!(of(&new, "cleared"), Some(Tps));
        assert_eq!(new.choice_count(), 5);
    }

    #[test]
    fn what_was_taken_back_stays_so_whatever_the_clock_says_and_whatever_else_is_cleared() {
        use Algorithm::{Cost, Tps};
        let (old, new) = (Store::new(LIMIT), Store::new(LIMIT));
        old.choose(agent("a"), Some(Cost), 1000).expect("room");
        new.take_over(&old.snapshot()).expect("a snapshot");
        // The clock was set back.
        assert_eq!(new.choose(agent("a"), None, 500), Ok(Some(Cost)));
        for number in 0..1000 {
            let nobody = agent(&format!("nobody-{number}"));
            assert_eq!(new.choose(nobody, None, 2000 + number), Ok(None));
        }
        new.take_over(&old.snapshot()).expect("a snapshot");
        assert_eq!(new.choices(), []);
        new.choose(agent("a"), Some(Tps), 600).expect("room");
        new.take_over(&old.snapshot()).expect("a snapshot");
        assert_eq!(new.choices(), [(agent("a"), Tps)]);
    }

    #[test]
    fn what_is_chosen_here_makes_no_room_for_what_is_taken_over() {
        let (old, new) = (Store::new(LIMIT), Store::new(LIMIT));
        for number in 0..CHOICE_LIMIT {
            let (there, here) =
                (agent(&format!("there-{number}")), agent(&format!("here-{number}")));
            old.choose(there, Some(Algorithm::Cost), 9).expect("room");
            new.choose(here, Some(Algorithm::Ttft), 1).expect("room");
        }
        let before = new.choices();
        new.take_over(&old.snapshot()).expect("a snapshot");
        assert_eq!(new.choices(), before);
        // What was taken back is remembered within bounds, too.
        let busy = Store::new(LIMIT);
        for number in 0..1000 {
            let gone = agent(&format!("gone-{number}"));
            busy.choose(gone.clone(), Some(Algorithm::Tps), number).expect("room");
            busy.choose(gone, None, number).expect("a clear");
        }
        assert!(busy.snapshot().contains("\"gone-999\""));
        assert!(!busy.snapshot().contains("\"gone-700\""));
    }

    #[test]
    fn a_snapshot_of_before_choices_is_read_and_a_wrong_choice_is_none() {
        let store = Store::new(LIMIT);
        store.choose(agent("a"), Some(Algorithm::Cost), 1).expect("room");
        let before = store.snapshot();
        let choice = r#"[{"agent":"a"},"cost",1]"#;
        assert!(before.contains(choice), "{before}");
        let without = before.replace(&format!(",\"choices\":[{choice}]"), "");
        assert_ne!(without, before);
        let new = Store::new(LIMIT);
        new.take_over(&without).expect("an older one");
        assert_eq!(new.choices(), []);
        for wrong in [
            r#"[{"agent":"../a"},"cost",1]"#.to_owned(),
            r#"[{"agent":"A"},"cost",1]"#.to_owned(),
            r#"[{"session":"a\nb"},"cost",1]"#.to_owned(),
            r#"[{"other":"a"},"cost",1]"#.to_owned(),
            r#"[{"agent":"a"},"best",1]"#.to_owned(),
            r#"[{"agent":"a"},"cost",-1]"#.to_owned(),
            r#"[{"agent":"a"},"cost"]"#.to_owned(),
            vec![choice; 1000].join(","),
        ] {
            assert!(new.take_over(&before.replace(choice, &wrong)).is_err(), "{wrong}");
        }
        assert_eq!(new.choices(), []);
    }

    #[test]
    fn a_capture_of_nobody_is_taken_over_as_the_latest() {
        let (old, new) = (Store::new(LIMIT), Store::new(LIMIT));
        let observed = Capture { session_id: None, observed: true, ..capture("oc:1", 5) };
        old.remember(observed, &of(None));
        new.take_over(&old.snapshot()).expect("a snapshot");
        assert_eq!(at(new.latest()), Some(5));
    }
}
