//! The repository hints of one workspace, as its requests ask for them: a request never waits here,
//! it looks whether a probe has ended, or is told when it has.
//!
//! A verdict is as old as its probe. One that came too late for its own request serves the next one,
//! if that comes within [`FRESH`]; nothing is kept longer.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::Mutex;

use crate::repo::{self, Hints};

/// How long the result of a probe may be used after it ended: as long as a probe may take.
pub const FRESH: Duration = Duration::from_secs(2);

/// How long a request waits for a probe at most.
pub const WAIT: Duration = Duration::from_millis(25);

/// Called when a probe has ended, on the thread that probed.
pub type Waiter = Box<dyn FnOnce() + Send>;

/// The probes of one workspace. Clones share them.
#[derive(Clone)]
pub struct WorkspaceHints {
    workspace: PathBuf,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// Since when a probe has been asked for that has not ended.
    running: Option<Instant>,
    /// How long the last probe took.
    took: Duration,
    /// Who is to be told that the running probe has ended.
    waiter: Option<Waiter>,
    /// What the last probe found, and whether a request has had it.
    found: Option<(Hints, bool)>,
    told: Told,
}

/// What requests say, and a number that changes with it.
#[derive(Default)]
struct Told {
    number: u32,
    hints: Option<Hints>,
}

/// What of the hints a request says.
fn said(hints: &Hints) -> (Option<&str>, Option<&str>, Option<bool>) {
    (
        hints.repo_name.as_deref(),
        hints.branch.as_deref(),
        hints.dirty,
    )
}

impl State {
    fn fresh(&mut self, now: Instant) -> Option<&mut (Hints, bool)> {
        self.found
            .as_mut()
            .filter(|(hints, _)| now.duration_since(hints.finished) < FRESH)
    }
}

impl WorkspaceHints {
    /// The hints of `workspace`, an absolute path. Nothing is probed yet.
    #[must_use]
    pub fn new(workspace: &Path) -> Self {
        Self {
            workspace: workspace.to_owned(),
            state: Arc::default(),
        }
    }

    /// Starts a probe on the probing thread, unless one is running, or has ended and waits for the
    /// request that this call is made for.
    ///
    /// For how long nobody need ask again, as there are no hints: where there was no repository a moment
    /// ago, that is not looked at again as long as it is fresh. Zero where a request may get hints.
    #[must_use]
    pub fn start(&self) -> Duration {
        let now = Instant::now();
        {
            let mut state = self.state.lock();
            if state.running.is_some() {
                return Duration::ZERO;
            }
            match state.fresh(now) {
                Some((hints, _)) if hints.repo_name.is_none() && hints.doubt.is_none() => {
                    return FRESH.saturating_sub(now.duration_since(hints.finished));
                }
                Some((_, false)) => return Duration::ZERO,
                _ => state.running = Some(now),
            }
        }
        let state = Arc::clone(&self.state);
        repo::request(&self.workspace, move |hints| {
            let waiter = {
                let mut state = state.lock();
                state.running = None;
                if let Some(hints) = &hints {
                    state.took = hints.finished.duration_since(hints.started);
                }
                state.found = hints.map(|hints| (hints, false));
                state.waiter.take()
            };
            if let Some(waiter) = waiter {
                waiter();
            }
        });
        Duration::ZERO
    }

    /// How long a request should wait for the running probe at most, until `waiter` is called. `None`,
    /// and `waiter` is never called, where waiting is of no use: no probe is running, or the last one
    /// took so long that this one will not end in time either.
    ///
    /// There is one waiter; a new one takes the place of the last.
    #[must_use]
    pub fn wait(&self, waiter: Waiter) -> Option<Duration> {
        let mut state = self.state.lock();
        let age = state.running?.elapsed();
        if state.took.saturating_sub(age) > WAIT {
            return None;
        }
        state.waiter = Some(waiter);
        Some(WAIT)
    }

    /// Decides what a request says now, which [`Self::told`] tells, and returns a number that is
    /// another one where that is something else than before. While a probe is running, it is what the
    /// probe has found so far: the names, which take microseconds, and no verdict.
    #[must_use]
    pub fn take(&self) -> u32 {
        let mut state = self.state.lock();
        let hints = if state.running.is_some() {
            repo::names(&self.workspace)
        } else {
            state.fresh(Instant::now()).map(|(hints, had)| {
                *had = true;
                hints.clone()
            })
        };
        let told = &mut state.told;
        if told.hints.as_ref().map(said) != hints.as_ref().map(said) {
            told.number = told.number.wrapping_add(1);
        }
        told.hints = hints;
        told.number
    }

    /// What the last [`Self::take`] decided on.
    #[must_use]
    pub fn told(&self) -> Option<Hints> {
        self.state.lock().told.hints.clone()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    fn found(finished: Instant) -> WorkspaceHints {
        let hints = WorkspaceHints::new(Path::new("/nowhere/at/all"));
        let result = Hints {
            repo_name: Some("repo".to_owned()),
            finished,
            ..Hints::default()
        };
        hints.state.lock().found = Some((result, false));
        hints
    }

    /// Whether a request may get hints.
    fn start(hints: &WorkspaceHints) -> bool {
        hints.start().is_zero()
    }

    fn is_ready(hints: &WorkspaceHints) -> bool {
        hints.state.lock().running.is_none()
    }

    fn until_ready(hints: &WorkspaceHints) {
        let deadline = Instant::now() + Duration::from_secs(10);
        while !is_ready(hints) {
            assert!(Instant::now() < deadline, "the probe ends");
            std::thread::yield_now();
        }
    }

    fn repo_name(hints: &WorkspaceHints) -> Option<String> {
        let _ = hints.take();
        hints.told()?.repo_name
    }

    /// Stands in for a probe that has been running for a while.
    fn running(since: Duration, took: Duration) -> Option<WorkspaceHints> {
        let hints = WorkspaceHints::new(Path::new("/nowhere/at/all"));
        {
            let mut state = hints.state.lock();
            state.running = Some(Instant::now().checked_sub(since)?);
            state.took = took;
        }
        Some(hints)
    }

    #[test]
    fn what_came_too_late_serves_the_next_request_once() {
        let hints = found(Instant::now());
        assert!(start(&hints));
        assert!(is_ready(&hints), "no probe where a result waits");
        assert_eq!(repo_name(&hints).as_deref(), Some("repo"));
        assert!(start(&hints));
        until_ready(&hints);
        assert_eq!(repo_name(&hints), None, "probed again");
    }

    #[test]
    fn where_there_is_no_repository_nobody_looks_again_at_once() {
        let hints = WorkspaceHints::new(Path::new("/nowhere/at/all"));
        assert!(start(&hints), "nobody has looked yet");
        until_ready(&hints);
        let none = hints.start();
        assert!(none > Duration::ZERO && none <= FRESH, "{none:?}");
        assert!(is_ready(&hints), "no probe was started");
        if let Some(long_ago) = Instant::now().checked_sub(FRESH)
            && let Some((found, _)) = &mut hints.state.lock().found
        {
            found.finished = long_ago;
        }
        assert!(start(&hints), "there may be one by now");
    }

    #[test]
    fn an_old_result_is_no_result() {
        let Some(long_ago) = Instant::now().checked_sub(FRESH) else {
            return;
        };
        let hints = found(long_ago);
        let _ = hints.take();
        assert!(hints.told().is_none());
        assert!(start(&hints));
        until_ready(&hints);
        let _ = hints.take();
        assert!(hints.told().is_some_and(|hints| hints.repo_name.is_none()));
    }

    #[test]
    fn who_waits_is_told_when_the_probe_ends() {
        let hints = WorkspaceHints::new(Path::new("/nowhere/at/all"));
        let unused = || -> Waiter { Box::new(|| panic!("there is nothing to wait for")) };
        assert_eq!(hints.wait(unused()), None, "no probe is running");
        let (told, ended) = mpsc::channel();
        // The probe of nothing may end before it can be waited for.
        let waits = (0..10_000).any(|_| {
            let told = told.clone();
            hints.state.lock().found = None;
            start(&hints) && hints.wait(Box::new(move || told.send(()).unwrap())) == Some(WAIT)
        });
        assert!(waits);
        ended.recv_timeout(Duration::from_secs(10)).unwrap();
        assert!(is_ready(&hints));
    }

    #[test]
    fn nobody_waits_for_what_will_not_be_there_in_time() {
        let waits = |since: u64, took: u64| {
            let [since, took] = [since, took].map(Duration::from_millis);
            running(since, took).map(|hints| hints.wait(Box::new(|| ())).is_some())
        };
        assert_ne!(waits(0, 0), Some(false), "nothing is known of the last one");
        assert_ne!(waits(0, 20), Some(false));
        assert_ne!(waits(0, 100), Some(true));
        assert_ne!(waits(90, 100), Some(false), "nearly done");
        assert_ne!(
            waits(500, 100),
            Some(false),
            "slower than the last one by now"
        );
    }

    #[test]
    fn the_number_changes_with_what_is_said() {
        let hints = found(Instant::now());
        let nothing = WorkspaceHints::new(Path::new("/nowhere/at/all"));
        assert_eq!(nothing.take(), nothing.take());
        let first = hints.take();
        assert_eq!(first, hints.take());
        if let Some((found, _)) = &mut hints.state.lock().found {
            found.dirty = Some(true);
        }
        assert_ne!(first, hints.take());
        assert_eq!(hints.told().and_then(|hints| hints.dirty), Some(true));
    }
}
