//! Workspaces as callers have them, and the threads that probe them.
//!
//! A caller only puts its workspace into a queue. One thread takes them out in their order and starts a
//! thread for each probe. No lock is held while a file is looked at or a process is waited for.

use std::{
    cell::Cell,
    io,
    panic::{self, AssertUnwindSafe},
    path::{Path, PathBuf},
    sync::{Arc, LazyLock},
    thread,
    time::{Duration, Instant},
};

use parking_lot::{Condvar, Mutex, MutexGuard};

use crate::{
    Found, Hints,
    complaints::{Fault, HANGS, complain},
    git::Environment,
    isolated,
    place::root_of,
    probe,
    table::{Key, Table},
    trust,
    walk::{Mounts, Stop},
};

/// How many probes may hang in one file system, and how many at one path, before no other looks there.
const HUNG: usize = 8;
const HUNG_AT_PATH: usize = 2;

/// How long a probe waits for its turn to ask for the verdict. If it waited longer, its answer would be too old.
const WAIT: Duration = Duration::from_millis(500);

/// A workspace, by its path. Handles of the same path share what is known.
#[derive(Clone, Debug)]
pub struct Workspace(Key);

impl Workspace {
    /// The workspace at `path`, which counts as outside of any repository unless it is absolute. From
    /// now on, no program in it is run.
    ///
    /// The first call in a process reads the environment, so it should be where nobody changes that.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Environment::get();
        let path = path.into();
        trust::note(&path);
        Self(path.into_os_string().into())
    }

    /// Has another thread probe the workspace, unless a probe is under way or the last one is young.
    /// Returns whether a probe is under way now.
    pub fn look(&self) -> bool {
        let (is_awaited, is_new) = TABLE.lock().ask(&self.0);
        if is_new {
            wake();
        }
        is_awaited
    }

    /// The hints of the last probe, if git began to look in the last two seconds.
    #[must_use]
    pub fn known(&self) -> Option<Arc<Hints>> {
        TABLE.lock().known(&self.0)
    }
}

static TABLE: LazyLock<Mutex<Table>> = LazyLock::new(Mutex::default);

/// Wakes the thread that starts probes.
static WORK: Condvar = Condvar::new();

/// Wakes probes that wait for their turn to ask for the verdict.
static TURNS: Condvar = Condvar::new();

thread_local! {
    /// The number of the probe that runs on this thread.
    static TURN: Cell<u64> = const { Cell::new(0) };
}

fn spawn(what: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let thread = thread::Builder::new().name("taas-git".to_owned()).stack_size(256 << 10);
    let spawned = thread.spawn(what).map(drop);
    spawned.inspect_err(|error| {
        complain(Fault::NoThread, None, &format!("no thread to ask git can be started: {error}"));
    })
}

/// Wakes that thread, or starts it.
fn wake() {
    static STARTED: Mutex<bool> = Mutex::new(false);

    let mut started = STARTED.lock();
    if *started {
        WORK.notify_one();
    } else {
        *started = spawn(start_probes).is_ok();
    }
}

fn start_probes() {
    let _ = spawn(isolated::sweep);
    let mut table = TABLE.lock();
    loop {
        match table.begin() {
            Ok((turn, workspace)) => MutexGuard::unlocked(&mut table, || {
                if spawn(move || run(turn, &workspace)).is_err() {
                    finish(turn, Instant::now(), Found::default());
                }
            }),
            Err(None) => WORK.wait(&mut table),
            Err(Some(time)) => _ = WORK.wait_for(&mut table, time),
        }
    }
}

fn finish(turn: u64, at: Instant, found: Found) {
    TABLE.lock().finish(turn, at, found);
    WORK.notify_one();
    TURNS.notify_all();
}

/// Probes a workspace.
fn run(turn: u64, workspace: &Key) {
    TURN.set(turn);
    let at = Instant::now();
    let found = panic::catch_unwind(AssertUnwindSafe(|| {
        let root = match locate(Path::new(workspace)) {
            Err(Stop::Hangs) => {
                complain(Fault::Hangs, Some(Path::new(workspace)), HANGS);
                None
            }
            found => found.unwrap_or_default(),
        };
        let most = TABLE.lock().locate(turn, root.as_deref())?;
        Some(probe(&root?, most, |hints| wait_for_verdict(turn, at, hints)))
    }));
    finish(turn, at, found.unwrap_or_default().unwrap_or_default());
}

/// The root of the repository that a workspace is in.
fn locate(path: &Path) -> Result<Option<PathBuf>, Stop> {
    if !path.is_absolute() {
        return Ok(None);
    }
    trust::look_at(path)?;
    let root = root_of(path).map(Path::to_owned);
    if let Some(root) = &root {
        trust::look_at(root)?;
    }
    Ok(root)
}

/// Reports name and branch, and waits until the verdict may be asked for. False if that takes too long.
fn wait_for_verdict(turn: u64, at: Instant, hints: &Hints) -> bool {
    let mut table = TABLE.lock();
    table.tell(turn, at, hints);
    WORK.notify_one();
    TURNS.notify_all();
    loop {
        if table.may_ask_for_verdict(turn) {
            return true;
        }
        if TURNS.wait_until(&mut table, at + WAIT).timed_out() {
            return false;
        }
    }
}

/// Notes that this thread's probe looks at a file now, unless too many probes hang there.
pub(crate) fn enter(at: &Path) -> bool {
    let hung = TABLE.lock().hung();
    let is_refused = hung.iter().filter(|hung| *hung == at).count() >= HUNG_AT_PATH
        || hung.len() >= HUNG && beside(&hung, at) >= HUNG;
    if !is_refused {
        TABLE.lock().look_at(TURN.get(), Some(at));
    }
    !is_refused
}

/// Notes that the look is over.
pub(crate) fn leave() {
    TABLE.lock().look_at(TURN.get(), None);
}

/// Leaves out the places in whose file systems probes hang.
pub(crate) fn without_hung(mut places: Vec<PathBuf>) -> Vec<PathBuf> {
    let hung = TABLE.lock().hung();
    if !hung.is_empty() {
        let mounts = Mounts::read();
        let devices: Vec<_> = hung.iter().map(|hung| mounts.device(hung)).collect();
        places.retain(|place| !devices.contains(&mounts.device(place)));
    }
    places
}

/// Counts those of `hung` that are in the file system of `at`.
fn beside(hung: &[PathBuf], at: &Path) -> usize {
    let mounts = Mounts::read();
    let device = mounts.device(at);
    hung.iter().filter(|hung| mounts.device(hung) == device).count()
}
