//! Who is looked at, when, and what is known: a table behind one lock, and a few threads that fill it.
//!
//! The lock is never held across a file, a process or a wait for either. A thread that has probed
//! stays until every answer is older than [`FRESH`], and takes those away: so an idle process has
//! no thread, and nothing polls.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    ffi::OsStr,
    panic,
    path::{Path, PathBuf},
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use parking_lot::{Condvar, Mutex, MutexGuard};

use crate::{DEADLINE, Hints, complain, git::Environment, place::root_of, probe};

/// How long an answer may be told.
const FRESH: Duration = Duration::from_secs(2);

/// An answer this old is renewed by whoever looks, before it can no longer be told.
const AGING: Duration = Duration::from_millis(1500);

/// The most answers that are kept, and the most workspaces that wait for a thread.
const WORKSPACES: usize = 256;

/// How many repositories are probed at once, so that a slow one delays nobody.
const THREADS: usize = 4;

/// A workspace, by its path. Handles of the same path share what is known.
#[derive(Clone, Debug)]
pub struct Workspace(Key);

/// A path as a text, which is compared many times faster than segment by segment.
type Key = Arc<OsStr>;

impl Workspace {
    /// The workspace at `path`, which counts as outside of any repository unless it is absolute.
    ///
    /// The first call in a process reads the environment, so it should be where nobody changes that.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Environment::get();
        Self(path.into().into_os_string().into())
    }

    /// Has git asked by another thread, unless that is going on, or what is known is still young.
    /// Whether an answer is awaited now.
    pub fn look(&self) -> bool {
        TABLE.lock().look(&self.0)
    }

    /// What git answered in the last two seconds. `None` where it was not asked or has not answered
    /// yet.
    #[must_use]
    pub fn known(&self) -> Option<Arc<Hints>> {
        TABLE.lock().known(&self.0)
    }
}

/// A number that goes up whenever [`Workspace::known`] of any workspace would answer something else
/// than before, because git did or because two seconds have passed.
#[must_use]
pub fn changes() -> &'static AtomicU32 {
    &CHANGES
}

static CHANGES: AtomicU32 = AtomicU32::new(0);
static TABLE: LazyLock<Mutex<Table>> = LazyLock::new(Mutex::default);
static WORK: Condvar = Condvar::new();

#[derive(Default)]
struct Table {
    answers: HashMap<Key, Answer>,
    /// The workspaces that wait for a thread, and all that wait for an answer.
    queue: VecDeque<Key>,
    asked: HashSet<Key>,
    /// The roots that are probed now, and who is to have the answer.
    probed: HashMap<Option<PathBuf>, Vec<Key>>,
    threads: usize,
}

#[derive(Clone)]
struct Answer {
    root: Option<PathBuf>,
    at: Instant,
    hints: Arc<Hints>,
}

impl Table {
    /// The answer for a workspace, if it is younger than `age`.
    fn answer(&self, workspace: &OsStr, age: Duration) -> Option<&Answer> {
        let answer = self.answers.get(workspace)?;
        (answer.at.elapsed() < age).then_some(answer)
    }

    fn known(&self, workspace: &OsStr) -> Option<Arc<Hints>> {
        Some(Arc::clone(&self.answer(workspace, FRESH)?.hints))
    }

    /// Whether an answer is awaited now.
    fn look(&mut self, workspace: &Key) -> bool {
        let age = self.answers.get(workspace).map(|answer| answer.at.elapsed());
        match age {
            Some(age) if age < AGING => return false,
            Some(age) if age >= FRESH => {
                // The threads do this too, but they may all be held up.
                self.answers.remove(workspace);
                CHANGES.fetch_add(1, Ordering::Release);
            }
            _ => {}
        }
        if self.asked.contains(workspace) {
            return true;
        }
        if self.asked.len() >= WORKSPACES {
            return false;
        }
        self.asked.insert(Arc::clone(workspace));
        self.queue.push_back(Arc::clone(workspace));
        if WORK.notify_one() || self.threads >= THREADS {
            return true;
        }
        let thread = thread::Builder::new().name("taas-git".to_owned()).stack_size(256 << 10);
        match thread.spawn(work) {
            Ok(_) => self.threads += 1,
            Err(error) => {
                complain(format!("no thread to ask git: {error}"));
                if self.threads == 0 {
                    // Nobody would ever answer; whoever looks next may have more luck.
                    self.queue.pop_back();
                    return !self.asked.remove(workspace);
                }
            }
        }
        true
    }

    fn put(&mut self, workspace: Key, answer: Answer) {
        self.asked.remove(&workspace);
        let mut has_changed = self.known(&workspace).as_ref() != Some(&answer.hints);
        self.answers.insert(workspace, answer);
        if self.answers.len() > WORKSPACES {
            let oldest = self.answers.iter().min_by_key(|(_, answer)| answer.at);
            let oldest = oldest.map(|(workspace, _)| Arc::clone(workspace));
            has_changed |= oldest.and_then(|oldest| self.answers.remove(&oldest)).is_some();
        }
        if has_changed {
            CHANGES.fetch_add(1, Ordering::Release);
        }
    }

    fn expire(&mut self) {
        let before = self.answers.len();
        self.answers.retain(|_, answer| answer.at.elapsed() < FRESH);
        if self.answers.len() < before {
            CHANGES.fetch_add(1, Ordering::Release);
        }
    }
}

/// What a thread does.
fn work() {
    let mut table = TABLE.lock();
    loop {
        table.expire();
        // The last first: however many slow repositories wait, whoever asks now is next.
        if let Some(workspace) = table.queue.pop_back() {
            answer(&mut table, workspace);
        } else if let Some(oldest) = table.answers.values().map(|answer| answer.at).min() {
            WORK.wait_until(&mut table, oldest + FRESH);
        } else {
            table.threads -= 1;
            return;
        }
    }
}

/// Gets an answer for one workspace, and for all of its repository that ask meanwhile.
fn answer(table: &mut MutexGuard<'_, Table>, workspace: Key) {
    let root = MutexGuard::unlocked(table, || root_of(Path::new(&workspace)).map(Path::to_owned));
    if let Some(waiting) = table.probed.get_mut(&root) {
        return waiting.push(workspace);
    }
    let is_ours =
        |answer: &&Answer| root.is_some() && answer.root == root && answer.at.elapsed() < AGING;
    if let Some(answer) = table.answers.values().find(is_ours).cloned() {
        return table.put(workspace, answer);
    }
    table.probed.insert(root.clone(), vec![workspace]);
    let started = Instant::now();
    let hints = MutexGuard::unlocked(table, || {
        panic::catch_unwind(|| root.as_deref().map(probe).unwrap_or_default())
    });
    let hints = Arc::new(hints.unwrap_or_default());
    let waiting = table.probed.remove(&root).unwrap_or_default();
    let answer = Answer { root, at: Instant::now(), hints };
    for workspace in waiting {
        // If the process was stopped meanwhile, whoever looks next is not to suffer from that.
        if started.elapsed() > DEADLINE * 2 {
            table.asked.remove(&workspace);
        } else {
            table.put(workspace, answer.clone());
        }
    }
}
