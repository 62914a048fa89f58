//! The repository hints of one workspace, as its requests ask for them: a request never waits here,
//! it looks whether a probe has ended.
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

/// The probes of one workspace. Clones share them.
#[derive(Debug, Clone)]
pub struct WorkspaceHints {
    workspace: PathBuf,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    running: bool,
    /// What the last probe found, and whether a request has had it.
    found: Option<(Hints, bool)>,
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
    pub fn start(&self) {
        {
            let mut state = self.state.lock();
            let waiting = matches!(state.fresh(Instant::now()), Some((_, false)));
            if state.running || waiting {
                return;
            }
            state.running = true;
        }
        let state = Arc::clone(&self.state);
        repo::request(&self.workspace, move |hints| {
            let mut state = state.lock();
            state.running = false;
            state.found = hints.map(|hints| (hints, false));
        });
    }

    /// Whether no probe is running, so that waiting any longer changes nothing.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        !self.state.lock().running
    }

    /// What a request may say now. While a probe is running, that is what it has found so far: the
    /// names, which take microseconds, and no verdict.
    #[must_use]
    pub fn take(&self) -> Option<Hints> {
        let mut state = self.state.lock();
        if state.running {
            drop(state);
            return repo::names(&self.workspace);
        }
        let (hints, had) = state.fresh(Instant::now())?;
        *had = true;
        Some(hints.clone())
    }
}

#[cfg(test)]
mod tests {
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

    fn until_ready(hints: &WorkspaceHints) {
        let deadline = Instant::now() + Duration::from_secs(10);
        while !hints.is_ready() {
            assert!(Instant::now() < deadline, "the probe ends");
            std::thread::yield_now();
        }
    }

    #[test]
    fn what_came_too_late_serves_the_next_request_once() {
        let hints = found(Instant::now());
        hints.start();
        assert!(hints.is_ready(), "no probe where a result waits");
        assert_eq!(
            hints.take().and_then(|hints| hints.repo_name).as_deref(),
            Some("repo")
        );
        hints.start();
        until_ready(&hints);
        assert_eq!(
            hints.take().and_then(|hints| hints.repo_name),
            None,
            "probed again"
        );
    }

    #[test]
    fn an_old_result_is_no_result() {
        let Some(long_ago) = Instant::now().checked_sub(FRESH) else {
            return;
        };
        let hints = found(long_ago);
        assert!(hints.take().is_none());
        hints.start();
        until_ready(&hints);
        assert!(hints.take().is_some_and(|hints| hints.repo_name.is_none()));
    }
}
