//! Workspaces as callers have them, and the threads that probe them.
//!
//! The lock of the table is never held across a file, a process or a wait for either. A thread that has
//! probed stays until every answer is too old to be told, and takes those away: so an idle process has
//! no thread, and nothing polls.

use std::{
    panic::{self, AssertUnwindSafe},
    path::{Path, PathBuf},
    sync::{Arc, LazyLock, Once, atomic::AtomicU32},
    thread,
    time::Instant,
};

use parking_lot::{Condvar, Mutex, MutexGuard};

use crate::{
    Found, Hints,
    complaints::{Fault, complain},
    git::Environment,
    place::root_of,
    probe,
    record::Answer,
    room,
    table::{Key, Table},
    trust,
    walk::{Mounts, walk, whole},
};

/// How many threads probe at once, beside those that a file system holds, and how many there are with
/// those. What one file system can take of them, the table says.
const ACTIVE: usize = 16;
const THREADS: usize = 80;

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

    /// Has git asked by another thread, unless that is going on, or what is known is still young.
    /// Whether an answer is awaited now.
    pub fn look(&self) -> bool {
        let mut table = TABLE.lock();
        let is_awaited = table.ask(&self.0);
        if is_awaited {
            wake(&mut table);
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

/// A number that goes up whenever [`Workspace::known`] of any workspace would answer something else
/// than before, because git did or because two seconds have passed, and with each new complaint. What is
/// told without its verdict comes without it, while [`Workspace::look`] says that an answer is awaited.
#[must_use]
pub fn changes() -> &'static AtomicU32 {
    &CHANGES
}

pub(crate) static CHANGES: AtomicU32 = AtomicU32::new(0);
static TABLE: LazyLock<Mutex<Table>> = LazyLock::new(Mutex::default);
static WORK: Condvar = Condvar::new();

/// Sees to it that a thread takes the next workspace, where one may have a turn.
fn wake(table: &mut Table) {
    static SWEEP: Once = Once::new();

    if table.next().is_none() || WORK.notify_one() {
        return;
    }
    if table.threads >= THREADS.min(ACTIVE + table.queue.held()) {
        return;
    }
    let spawn = |what: fn()| {
        let thread = thread::Builder::new().name("taas-git".to_owned()).stack_size(256 << 10);
        thread.spawn(what)
    };
    match spawn(work) {
        Ok(_) => table.threads += 1,
        // Whoever looks next may have more luck.
        Err(error) => complain(Fault::NoThread, None, format!("no thread to ask git: {error}")),
    }
    SWEEP.call_once(|| _ = spawn(room::sweep));
}

/// What a thread does.
fn work() {
    let mut table = TABLE.lock();
    loop {
        let due = table.expire();
        let turn = table.next();
        if let Some((turn, workspace)) = turn.and_then(|turn| Some((turn, table.queue.take(turn)?)))
        {
            answer(&mut table, turn, workspace);
            table.queue.leave(turn);
        } else if let Some(due) = due {
            WORK.wait_until(&mut table, due);
        } else {
            table.threads -= 1;
            return;
        }
    }
}

/// Gets an answer for one workspace, and for all of its repository that ask meanwhile.
fn answer(table: &mut MutexGuard<'_, Table>, turn: u64, workspace: Key) {
    let at = Instant::now();
    let path = Path::new(&workspace);
    let root = match MutexGuard::unlocked(table, || locate(turn, path)) {
        Located::Root(root) => root,
        Located::Nothing => {
            return table.put(&workspace, Answer { root: None, at, hints: Arc::default() });
        }
        Located::Waits => return,
    };
    let Some(most) = table.begin(turn, workspace, &root) else {
        return;
    };
    let at = Instant::now();
    let tell = |hints: &Hints| {
        let hints = Arc::new(hints.clone());
        TABLE.lock().tell(&root, &Answer { root: Some(root.clone()), at, hints });
    };
    let found = MutexGuard::unlocked(table, || {
        panic::catch_unwind(AssertUnwindSafe(|| probe(&root, most, tell)))
    });
    table.finish(turn, &root, at, most, found.unwrap_or_else(|_| Found::default()));
}

/// Where a workspace is.
enum Located {
    Root(PathBuf),
    /// Outside of any repository.
    Nothing,
    /// Its file system has as many threads as it may have.
    Waits,
}

fn locate(turn: u64, path: &Path) -> Located {
    if !path.is_absolute() {
        return Located::Nothing;
    }
    let (mounts, mut entered, mut may) = (Mounts::read(), None, true);
    walk(path, |at, rest| {
        let mount = mounts.of(&whole(at, rest));
        if entered.as_ref() != Some(&mount) {
            may = TABLE.lock().enter(turn, &mount);
            entered = Some(mount);
        }
        may
    });
    if !may {
        return Located::Waits;
    }
    // Where agents write must be known by its real name before a git is chosen.
    Environment::get().note_writable();
    trust::note_real(path);
    let Some(root) = root_of(path) else {
        return Located::Nothing;
    };
    trust::note(root);
    trust::note_real(root);
    Located::Root(root.to_owned())
}
