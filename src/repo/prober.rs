//! Who is looked at, when, and what is known: a table behind one lock, and a few threads that fill it.
//!
//! The lock is never held across a file, a process or a wait for either. A thread that has probed
//! stays until every answer is older than [`FRESH`], and takes those away: so an idle process has
//! no thread, and nothing polls.

use std::{
    collections::{HashMap, HashSet, VecDeque},
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

use crate::{DEADLINE, Hints, complain, git::Environment, place, probe};

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
pub struct Workspace(Arc<Path>);

impl Workspace {
    /// The workspace at `path`, which counts as outside of any repository unless it is absolute.
    ///
    /// The first call in a process reads the environment, so it should be where nobody changes that.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Environment::get();
        Self(path.into().into())
    }

    /// Has git asked by another thread, unless that is going on, or what is known is still young.
    pub fn look(&self) {
        TABLE.lock().look(&self.0);
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
    static CHANGES: AtomicU32 = AtomicU32::new(0);
    &CHANGES
}

static TABLE: LazyLock<Mutex<Table>> = LazyLock::new(Mutex::default);
static WORK: Condvar = Condvar::new();

#[derive(Default)]
struct Table {
    answers: HashMap<Arc<Path>, Answer>,
    /// The workspaces that wait for a thread, and all that wait for an answer.
    queue: VecDeque<Arc<Path>>,
    asked: HashSet<Arc<Path>>,
    /// The roots that are probed now, and who is to have the answer.
    probed: HashMap<PathBuf, Vec<Arc<Path>>>,
    threads: usize,
    idle: usize,
}

#[derive(Clone)]
struct Answer {
    root: Option<PathBuf>,
    at: Instant,
    hints: Arc<Hints>,
}

impl Answer {
    fn is_younger(&self, age: Duration) -> bool {
        self.at.elapsed() < age
    }
}

impl Table {
    fn known(&self, workspace: &Arc<Path>) -> Option<Arc<Hints>> {
        let answer = self.answers.get(workspace)?;
        answer.is_younger(FRESH).then(|| Arc::clone(&answer.hints))
    }

    fn look(&mut self, workspace: &Arc<Path>) {
        // The threads do this too, but they may all be held up.
        self.expire();
        let is_known = |answer: &Answer| answer.is_younger(AGING);
        if self.answers.get(workspace).is_some_and(is_known)
            || self.asked.len() >= WORKSPACES
            || !self.asked.insert(Arc::clone(workspace))
        {
            return;
        }
        self.queue.push_back(Arc::clone(workspace));
        if self.queue.len() > self.idle && self.threads < THREADS {
            let thread = thread::Builder::new()
                .name("taas-git".to_owned())
                .stack_size(256 << 10)
                .spawn(work);
            match thread {
                Ok(_) => self.threads += 1,
                Err(error) if self.threads == 0 => {
                    complain(|| format!("no thread to ask git: {error}"));
                    self.queue.clear();
                    self.asked.clear();
                }
                Err(_) => {}
            }
        }
        WORK.notify_one();
    }

    /// An answer that another workspace of the repository has had.
    fn recent(&self, root: &Path) -> Option<Answer> {
        let is_same = |answer: &&Answer| answer.root.as_deref() == Some(root);
        let mut answers = self.answers.values().filter(is_same);
        answers.find(|answer| answer.is_younger(AGING)).cloned()
    }

    fn put(&mut self, workspace: Arc<Path>, answer: Answer) {
        self.asked.remove(&workspace);
        if self.answers.len() >= WORKSPACES && !self.answers.contains_key(&workspace) {
            let oldest = self.answers.iter().min_by_key(|(_, answer)| answer.at);
            if let Some(oldest) = oldest.map(|(workspace, _)| Arc::clone(workspace)) {
                self.answers.remove(&oldest);
                changed();
            }
        }
        if self.known(&workspace).as_ref() != Some(&answer.hints) {
            changed();
        }
        self.answers.insert(workspace, answer);
    }

    fn expire(&mut self) {
        let before = self.answers.len();
        self.answers.retain(|_, answer| answer.is_younger(FRESH));
        if self.answers.len() != before {
            changed();
        }
    }
}

fn changed() {
    changes().fetch_add(1, Ordering::Release);
}

/// What a thread does.
fn work() {
    let mut table = TABLE.lock();
    loop {
        table.expire();
        if let Some(workspace) = table.queue.pop_front() {
            answer(&mut table, workspace);
        } else if let Some(oldest) = table.answers.values().map(|answer| answer.at).min() {
            table.idle += 1;
            WORK.wait_until(&mut table, oldest + FRESH);
            table.idle -= 1;
        } else {
            table.threads -= 1;
            return;
        }
    }
}

/// Gets an answer for one workspace, and for all that wait for the same one meanwhile.
fn answer(table: &mut MutexGuard<'_, Table>, workspace: Arc<Path>) {
    let Some(root) = MutexGuard::unlocked(table, || place::root_of(&workspace)) else {
        let (at, hints) = (Instant::now(), Arc::default());
        let root = None;
        return table.put(workspace, Answer { root, at, hints });
    };
    if let Some(waiting) = table.probed.get_mut(&root) {
        return waiting.push(workspace);
    }
    if let Some(recent) = table.recent(&root) {
        return table.put(workspace, recent);
    }
    table.probed.insert(root.clone(), vec![workspace]);
    let started = Instant::now();
    let hints = MutexGuard::unlocked(table, || panic::catch_unwind(|| probe(&root)));
    let answer = Answer {
        at: Instant::now(),
        hints: Arc::new(hints.unwrap_or_default()),
        root: Some(root.clone()),
    };
    for workspace in table.probed.remove(&root).unwrap_or_default() {
        if started.elapsed() > DEADLINE * 2 {
            // The process was stopped meanwhile. Whoever looks next is not to suffer from that.
            table.asked.remove(&workspace);
        } else {
            table.put(workspace, answer.clone());
        }
    }
}
