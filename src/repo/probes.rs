//! The threads that probe workspaces, and the path that each reads now. A file system that does not answer
//! delays only the workspaces on it.
//!
//! No lock is held while a thread reads a file or waits for a process.

use std::{
    panic::{self, AssertUnwindSafe},
    path::{Path, PathBuf},
    thread::{self, ThreadId},
    time::{Duration, Instant},
};

use parking_lot::Mutex;

use crate::{
    complaints::{self, Fault, complain},
    place::root_of,
    probe,
    repository::Repository,
    trust,
    walk::{Mounts, Stop},
    workspace::Workspace,
};

/// How long reading one path may take, and all processes of a probe, before the probe counts as hung.
const READ: Duration = Duration::from_millis(250);
const GIT: Duration = Duration::from_millis(2500);

/// How many probes run at once, without those that hang, and how many of them may ask for a verdict. So one
/// probe is always left for names and branches.
const ACTIVE: usize = 4;
const VERDICTS: usize = ACTIVE - 1;

/// How many probes there may be, with those that hang; at how many paths of one file system they may hang; and how many
/// may hang at one path. A single probe may only seem to hang, because the process was stopped.
const MOST: usize = 128;
const HUNG: usize = 8;
const HUNG_AT_PLACE: usize = 2;

/// How long a probe waits for its turn to ask for the verdict. If it waited longer, its answer would be too old.
const WAIT: Duration = Duration::from_millis(500);

/// A probe that runs.
struct Probe {
    thread: ThreadId,
    /// The workspace. When the root of the repository is found, the root.
    home: PathBuf,
    /// Another path that the probe reads now.
    at: Option<PathBuf>,
    /// When it counts as hung; `None` while it waits for its turn to ask for the verdict.
    due: Option<Instant>,
    /// Whether the probe has its turn.
    has_turn: bool,
}

impl Probe {
    fn is_own(&self) -> bool {
        self.thread == thread::current().id()
    }

    fn hangs(&self) -> bool {
        self.due.is_some_and(|due| due < Instant::now())
    }

    fn is_active(&self) -> bool {
        self.due.is_some_and(|due| due >= Instant::now())
    }

    /// Whether it is on the way to its workspace or in it, and does not look for a git or a temporary directory.
    fn is_at_home(&self) -> bool {
        self.home.starts_with(self.place()) || self.place().starts_with(&self.home)
    }

    fn place(&self) -> &Path {
        self.at.as_ref().unwrap_or(&self.home)
    }
}

/// The probes, in the order in which they began.
static PROBES: Mutex<Vec<Probe>> = Mutex::new(Vec::new());

/// Starts a thread.
pub(crate) fn spawn(what: impl FnOnce() + Send + 'static) -> Option<ThreadId> {
    let thread = thread::Builder::new().name("taas-git".to_owned()).stack_size(256 << 10);
    let complain_of = |error: &_| {
        complain(Fault::NoThread, None, &format!("no thread to ask git can be started: {error}"));
    };
    Some(thread.spawn(what).inspect_err(complain_of).ok()?.thread().id())
}

/// Whether another probe may be started.
pub(crate) fn has_room() -> bool {
    let probes = PROBES.lock();
    probes.len() < MOST && probes.iter().filter(|probe| probe.is_active()).count() < ACTIVE
}

fn complain_of_hanging(workspace: &Path) {
    let reason = "its file system does not answer; it is asked again when it does";
    complain(Fault::Hangs, Some(workspace), reason);
}

/// Starts a probe.
pub(crate) fn start(workspace: Workspace) {
    let home = workspace.path().to_owned();
    let mut probes = PROBES.lock();
    // A hung probe cannot report itself.
    let hung = probes.iter().filter(|probe| probe.hangs() && probe.is_at_home());
    hung.for_each(|probe| complain_of_hanging(&probe.home));
    let thread = spawn(move || {
        let _ = panic::catch_unwind(AssertUnwindSafe(|| run(&workspace)));
        PROBES.lock().retain(|probe| !probe.is_own());
    });
    let due = Some(Instant::now() + READ);
    let probe = |thread| Probe { thread, home, at: None, due, has_turn: false };
    probes.extend(thread.map(probe));
}

fn run(workspace: &Workspace) {
    let (at, path) = (Instant::now(), workspace.path());
    let root = locate(path).unwrap_or_else(|stop| {
        if stop == Stop::Hangs {
            complain_of_hanging(path);
        }
        None
    });
    let repository = root.as_deref().map(Repository::at);
    workspace.locate(repository.clone());
    let Some((root, repository)) = root.zip(repository) else {
        return;
    };
    let Some(most) = repository.begin(at) else {
        return;
    };
    change_own(|probe| probe.home.clone_from(&root));
    let found = probe(path, &root, most, |hints| {
        repository.tell_early(at, hints);
        wait_for_verdict(at)
    });
    if let Some(most) = repository.finish(at, found) {
        complaints::late(path, most);
    }
}

/// The root of the repository that a workspace is in.
fn locate(path: &Path) -> Result<Option<PathBuf>, Stop> {
    if !path.is_absolute() {
        return Ok(None);
    }
    trust::note(path)?;
    let root = root_of(path).map(|root| trust::note(root).and(Ok(root.to_owned())));
    root.transpose()
}

/// Waits until this probe may ask for the verdict. False if that takes too long.
fn wait_for_verdict(at: Instant) -> bool {
    change_own(|probe| probe.due = None);
    while !may_ask_for_verdict() {
        if at.elapsed() >= WAIT {
            return false;
        }
        thread::sleep(Duration::from_millis(1));
    }
    true
}

/// Whether this thread's probe, which waits, may ask for the verdict now.
fn may_ask_for_verdict() -> bool {
    let mut probes = PROBES.lock();
    let active = probes.iter().filter(|probe| probe.is_active());
    let verdicts = active.clone().filter(|probe| probe.has_turn);
    let is_free = active.count() < ACTIVE && verdicts.count() < VERDICTS;
    let first = probes.iter_mut().find(|probe| probe.due.is_none());
    let own = first.filter(|probe| is_free && probe.is_own());
    own.map(|probe| (probe.due, probe.has_turn) = (Some(Instant::now() + GIT), true)).is_some()
}

fn change_own(change: impl FnOnce(&mut Probe)) {
    PROBES.lock().iter_mut().find(|probe| probe.is_own()).map(change);
}

/// The paths at which other probes hang.
fn hung() -> Vec<PathBuf> {
    let probes = PROBES.lock();
    let hung = probes.iter().filter(|probe| probe.hangs() && !probe.is_own());
    hung.map(|probe| probe.place().to_owned()).collect()
}

/// Counts the places in the file system of `at`.
fn count_beside(places: &[PathBuf], at: &Path) -> usize {
    /// The list of mounts, which hundreds of workspaces on a dead file system would read all the time.
    static MOUNTS: Mutex<Option<(Instant, Mounts)>> = Mutex::new(None);
    if places.is_empty() {
        return 0;
    }
    let mut read = MOUNTS.lock().take().filter(|(at, _)| at.elapsed() < Duration::from_secs(1));
    let (_, mounts) = read.get_or_insert_with(|| (Instant::now(), Mounts::read()));
    let device = mounts.device(at);
    let count = places.iter().filter(|place| mounts.device(place) == device).count();
    *MOUNTS.lock() = read;
    count
}

/// Whether a probe hangs in the file system of a place.
pub(crate) fn is_hung(place: &Path) -> bool {
    count_beside(&hung(), place) > 0
}

/// Notes that this thread's probe reads a path now. False if too many probes hang there.
pub(crate) fn enter(at: &Path) -> bool {
    let mut hung = hung();
    let here = hung.iter().filter(|hung| **hung == at).count();
    hung.sort_unstable();
    hung.dedup();
    let is_refused = here >= HUNG_AT_PLACE || hung.len() >= HUNG && count_beside(&hung, at) >= HUNG;
    let mut probes = PROBES.lock();
    if let Some(probe) = probes.iter_mut().find(|probe| probe.is_own() && !is_refused) {
        (probe.at, probe.due) = (Some(at.to_owned()), Some(Instant::now() + READ));
    }
    !is_refused
}

/// Notes that the probe has read the path.
pub(crate) fn leave() {
    change_own(|probe| (probe.at, probe.due) = (None, Some(Instant::now() + GIT)));
}
