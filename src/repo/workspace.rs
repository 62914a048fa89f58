//! Workspaces as callers have them, and the queue in which they wait for a probe.
//!
//! A caller reads no file and waits for no thread. It wakes the thread that starts probes only if that thread
//! sleeps, after a time without calls.

use std::{
    collections::{HashMap, VecDeque},
    ffi::OsStr,
    path::{Path, PathBuf},
    sync::{Arc, LazyLock},
    thread,
    time::{Duration, Instant},
};

use parking_lot::{Condvar, Mutex};

use crate::{
    DEADLINE, Hints,
    git::Environment,
    isolated, probes,
    repository::{AGING, FRESH, Repository},
};

/// The most workspaces that are remembered. When there are more, all are forgotten. Workspaces in use come
/// back with their next probe.
const WORKSPACES: usize = 8192;

/// The most workspaces that wait.
const WAITING: usize = 256;

/// How long a probe may take before the next probe starts beside it.
pub(crate) const PROBE: Duration = DEADLINE.saturating_mul(2);

/// How long the thread that starts probes naps, and how many naps it takes before it sleeps until it is woken.
const NAP: Duration = Duration::from_millis(2);
const NAPS: u32 = 250;

/// A workspace, by its path. Handles of the same path share their hints.
#[derive(Clone)]
pub struct Workspace {
    path: Arc<OsStr>,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// Since when a probe waits in the queue, or searches the repository.
    asked: Option<Instant>,
    /// When the repository was searched, and the repository that the workspace is in.
    located: Option<(Instant, Option<Arc<Repository>>)>,
}

/// Every workspace, by its path.
static NAMED: LazyLock<Mutex<HashMap<Arc<OsStr>, Workspace>>> = LazyLock::new(Mutex::default);

impl Workspace {
    /// The workspace at `path`, which counts as outside of any repository unless it is absolute. From
    /// now on, no program in it is run.
    ///
    /// The first call in a process reads the environment, so no other thread may change the environment then.
    pub fn new(path: impl AsRef<OsStr>) -> Self {
        Environment::get();
        let (path, mut named) = (path.as_ref(), NAMED.lock());
        if let Some(workspace) = named.get(path) {
            return workspace.clone();
        }
        if named.len() >= WORKSPACES {
            named.clear();
        }
        let workspace = Self { path: path.into(), state: Arc::default() };
        named.insert(Arc::clone(&workspace.path), workspace.clone());
        workspace
    }

    /// Has another thread probe the workspace, unless a probe is under way or the last one is young.
    /// Returns whether a probe is under way now.
    pub fn probe(&self) -> bool {
        let mut state = self.state.lock();
        if state.asked.is_some_and(|at| at.elapsed() < PROBE) {
            return true;
        }
        if let Some((at, repository)) = &state.located {
            let is_awaited = repository.as_ref().map_or(Some(false), |it| it.is_awaited());
            if let Some(is_awaited) = is_awaited.filter(|it| *it || at.elapsed() < AGING) {
                return is_awaited;
            }
        }
        let is_queued = queue(self);
        state.asked = is_queued.then(Instant::now);
        is_queued
    }

    /// The hints of the last probe, if that probe began in the last two seconds.
    #[must_use]
    pub fn hints(&self) -> Option<Arc<Hints>> {
        match self.state.lock().located.as_ref()? {
            (at, _) if at.elapsed() >= FRESH => None,
            (_, Some(repository)) => repository.hints(),
            (_, None) => Some(Arc::default()),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        Path::new(&self.path)
    }

    /// Notes which repository it is in.
    pub(crate) fn locate(&self, repository: Option<Arc<Repository>>) {
        *self.state.lock() = State { asked: None, located: Some((Instant::now(), repository)) };
    }
}

/// Whether a workspace has this path.
pub(crate) fn is_named(path: &Path) -> bool {
    NAMED.lock().contains_key(path.as_os_str())
}

/// The paths of all workspaces.
pub(crate) fn names() -> Vec<PathBuf> {
    NAMED.lock().keys().map(PathBuf::from).collect()
}

/// Workspaces that wait for a probe. The first one starts the thread that serves them.
static QUEUE: LazyLock<Mutex<VecDeque<Workspace>>> = LazyLock::new(|| {
    probes::spawn(serve);
    Mutex::default()
});

/// Wakes that thread if it sleeps.
static WORK: Condvar = Condvar::new();

/// Puts a workspace into the queue if there is room. Returns whether the workspace is in the queue.
fn queue(workspace: &Workspace) -> bool {
    let mut queue = QUEUE.lock();
    let is_queued = queue.iter().any(|queued| Arc::ptr_eq(&queued.state, &workspace.state));
    if is_queued || queue.len() >= WAITING {
        return is_queued;
    }
    queue.push_back(workspace.clone());
    WORK.notify_one();
    true
}

/// Starts probes, in the order of the queue.
fn serve() {
    probes::spawn(isolated::sweep);
    let mut naps = 0;
    loop {
        let has_room = probes::has_room();
        let mut queue = QUEUE.lock();
        if naps >= NAPS && queue.is_empty() {
            WORK.wait(&mut queue);
        }
        let next = if has_room { queue.pop_front() } else { None };
        drop(queue);
        if let Some(workspace) = next {
            naps = 0;
            workspace.state.lock().asked = Some(Instant::now());
            probes::start(workspace);
        } else {
            naps += 1;
            thread::sleep(NAP);
        }
    }
}
