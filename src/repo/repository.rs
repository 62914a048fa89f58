//! The hints of one repository, how long they may be sent, and how much the next probe asks git for.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, LazyLock},
    time::{Duration, Instant},
};

use parking_lot::Mutex;

use crate::{Depth, Hints, workspace::PROBE};

/// How long hints may be sent, from the beginning of the probe.
pub(crate) const FRESH: Duration = Duration::from_secs(2);

/// The next call renews hints of this age.
pub(crate) const AGING: Duration = Duration::from_millis(1500);

/// The pause after an answer of git. The answer may already be old when it arrives.
const PAUSE: Duration = Duration::from_millis(50);

/// How long after a probe's beginning requests carry name and branch without a verdict.
const PATIENCE: Duration = Duration::from_millis(200);

/// How long a probe asks git for less after git was too slow: at first, and at most.
const REST: Duration = Duration::from_secs(8);
const LONGEST_REST: Duration = Duration::from_secs(600);

/// From this number on, repositories that no workspace uses are forgotten.
const REPOSITORIES: usize = 256;

struct Answer {
    /// When the probe began.
    at: Instant,
    hints: Arc<Hints>,
}

/// How much a probe asks git for, until a time.
struct Pace {
    most: Depth,
    rest: Duration,
    until: Instant,
}

#[derive(Default)]
struct State {
    /// Until then, no other probe asks git.
    busy: Option<Instant>,
    whole: Option<Answer>,
    /// Name and branch, while the probe waits for the verdict, and from when on requests carry them.
    early: Option<Answer>,
    sent_from: Option<Instant>,
    pace: Option<Pace>,
}

impl State {
    /// Whether a probe is under way now; `None` if one is needed.
    fn is_awaited(&self) -> Option<bool> {
        let is_young = self.whole.as_ref().is_some_and(|whole| whole.at.elapsed() < AGING);
        let is_busy = self.busy.is_some_and(|until| until > Instant::now());
        (is_young || is_busy).then_some(!is_young)
    }

    /// How much a probe asks git for now.
    fn most(&self) -> Depth {
        let pace = self.pace.as_ref().filter(|pace| pace.until > Instant::now());
        pace.map_or(Depth::Verdict, |pace| pace.most)
    }
}

#[derive(Default)]
pub(crate) struct Repository(Mutex<State>);

impl Repository {
    /// The repository with this root.
    pub(crate) fn at(root: &Path) -> Arc<Self> {
        static ALL: LazyLock<Mutex<HashMap<PathBuf, Arc<Repository>>>> =
            LazyLock::new(Mutex::default);

        let mut all = ALL.lock();
        if all.len() >= REPOSITORIES {
            all.retain(|_, repository| Arc::strong_count(repository) > 1);
        }
        Arc::clone(all.entry(root.to_owned()).or_default())
    }

    pub(crate) fn hints(&self) -> Option<Arc<Hints>> {
        let state = self.0.lock();
        let is_sent = state.sent_from.is_some_and(|from| from <= Instant::now());
        let early = state.early.as_ref().filter(|_| is_sent);
        let mut answers = [state.whole.as_ref(), early].into_iter().flatten();
        answers.find(|answer| answer.at.elapsed() < FRESH).map(|answer| Arc::clone(&answer.hints))
    }

    /// Whether a probe is under way now; `None` if one is needed.
    pub(crate) fn is_awaited(&self) -> Option<bool> {
        self.0.lock().is_awaited()
    }

    /// Begins a probe and returns how much it asks for; `None` if the hints are young, or another probe runs.
    pub(crate) fn begin(&self, at: Instant) -> Option<Depth> {
        let mut state = self.0.lock();
        if state.is_awaited().is_some() {
            return None;
        }
        // The next probe does not wait for a probe that hangs.
        state.busy = Some(at + PROBE);
        Some(state.most())
    }

    pub(crate) fn tell_early(&self, at: Instant, hints: &Hints) {
        let mut state = self.0.lock();
        state.early = Some(Answer { at, hints: Arc::new(hints.clone()) });
        state.sent_from.get_or_insert(at + PATIENCE);
    }

    /// Ends the probe that began at `at`. If git was too slow, returns how much the next probes ask for.
    pub(crate) fn finish(&self, at: Instant, found: Option<Hints>) -> Option<Depth> {
        let mut state = self.0.lock();
        state.busy = None;
        let hints = found?;
        state.busy = Some(Instant::now() + PAUSE);
        state.sent_from = None;
        state.whole = Some(Answer { at, hints: Arc::new(hints) });
        // The answer is too old to be sent. If the process was stopped meanwhile, git was not slow.
        if (FRESH..PROBE).contains(&at.elapsed()) {
            let has_names = state.early.as_ref().is_some_and(|early| early.at == at);
            let most = if has_names { Depth::Branch } else { Depth::Name };
            let rest = state.pace.as_ref().map_or(REST, |pace| (pace.rest * 2).min(LONGEST_REST));
            state.pace = Some(Pace { most, rest, until: Instant::now() + rest });
            return Some(most);
        }
        if state.most() == Depth::Verdict {
            state.pace = None;
        }
        None
    }
}
