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
    complaints::{Fault, complain},
    git::Environment,
    isolated,
    place::root_of,
    probe,
    table::{HANGS, Key, Probe, Table},
    trust,
    walk::{Mounts, Stop},
};

/// How many probes may hang in one file system before no other looks at it, and how many at a place where
/// git or the temporary directory is looked for, before that is passed over.
const HUNG: usize = 8;
const HUNG_ELSEWHERE: usize = 2;

/// How long a probe waits for its turn to ask for the verdict.
const WAIT: Duration = Duration::from_secs(1);

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

    /// Has the workspace probed by another thread, unless it waits for that or what is known is young.
    /// Whether a probe is awaited now.
    pub fn look(&self) -> bool {
        let (is_awaited, is_new) = TABLE.lock().ask(&self.0);
        if is_new {
            wake();
        }
        is_awaited
    }

    /// What git answered, where it began to look in the last two seconds. `None` where it was not asked
    /// or has not answered yet.
    #[must_use]
    pub fn known(&self) -> Option<Arc<Hints>> {
        TABLE.lock().known(&self.0)
    }
}

static TABLE: LazyLock<Mutex<Table>> = LazyLock::new(Mutex::default);

/// There is something to do for the thread that starts probes.
static WORK: Condvar = Condvar::new();

/// A probe that waits may have its turn.
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

/// Wakes the thread that starts probes.
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

/// A probe.
fn run(turn: u64, workspace: &Key) {
    TURN.set(turn);
    let mut at = Instant::now();
    let found = panic::catch_unwind(AssertUnwindSafe(|| {
        let path = Path::new(workspace);
        let root = match locate(path) {
            Ok(Some(root)) => root,
            Ok(None) => return Some(Found::default()),
            Err(Stop::Hangs) => {
                return Some(Found { fault: Some((Fault::Hangs, HANGS.into())), ..Found::default() });
            }
            Err(Stop::Refused) => return Some(Found::default()),
        };
        at = Instant::now();
        let most = TABLE.lock().locate(turn, &root)?;
        Some(probe(&root, most, |hints| wait_for_verdict(turn, at, hints)))
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

/// Tells what is known before the verdict, and waits for its turn. Whether the verdict may be asked for.
fn wait_for_verdict(turn: u64, at: Instant, hints: &Hints) -> bool {
    let mut table = TABLE.lock();
    table.tell(turn, at, hints);
    WORK.notify_one();
    loop {
        if table.may_ask_for_verdict(turn) {
            return true;
        }
        if TURNS.wait_until(&mut table, at + WAIT).timed_out() {
            return false;
        }
    }
}

/// A look at one file, which may hang.
pub(crate) struct Looking(u64);

impl Drop for Looking {
    fn drop(&mut self) {
        if let Some(probe) = TABLE.lock().probe(self.0) {
            probe.look_back();
        }
    }
}

/// Notes that this thread's probe looks at a file now; `None` where too many probes hang already.
pub(crate) fn enter(at: &Path) -> Option<Looking> {
    let turn = TURN.get();
    let mut table = TABLE.lock();
    let Some(probe) = table.probe(turn) else {
        return Some(Looking(turn));
    };
    let is_located = probe.is_located();
    let counts = |probe: &Probe| !is_located || probe.is_elsewhere();
    let hung = table.hung(counts);
    if is_located && hung.iter().filter(|hung| *hung == at).count() >= HUNG_ELSEWHERE
        || hung.len() >= HUNG && MutexGuard::unlocked(&mut table, || beside(&hung, at)) >= HUNG
    {
        return None;
    }
    if let Some(probe) = table.probe(turn) {
        probe.look_at(at);
    }
    Some(Looking(turn))
}

/// Those of `places` in whose file system no probe hangs.
pub(crate) fn without_hung(mut places: Vec<PathBuf>) -> Vec<PathBuf> {
    let hung = TABLE.lock().hung(|_| true);
    places.retain(|place| hung.is_empty() || beside(&hung, place) == 0);
    places
}

/// How many of these are in the file system of `at`.
fn beside(hung: &[PathBuf], at: &Path) -> usize {
    let mounts = Mounts::read();
    let device = mounts.device(at);
    hung.iter().filter(|hung| mounts.device(hung) == device).count()
}
