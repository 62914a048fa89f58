//! The thread that probes, its queue, and the watch over it.
//!
//! Trusts the probe to end by its own limits, unless the kernel does not come back to it; does not trust that:
//! a second thread, which never touches a file, gives up a probe after five seconds, answers those who wait for
//! it, never probes its repository again, and starts the probing thread anew, once. Both threads are detached:
//! nothing waits for them when the process ends. All that a caller can make grow here is bounded.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::Hints;
use super::doubt::Doubt;
use super::limits::{self, Limits};

pub type Done = Box<dyn FnOnce(Option<Hints>) + Send>;

/// The repository that a workspace belongs to, as far as another workspace's answer may serve it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    pub root: PathBuf,
    /// Device and inode of the root.
    pub file: (u64, u64),
    /// What sets this workspace's answer apart from another's in the same repository.
    pub doubt: Option<Doubt>,
}

/// What probes. It is made, used and dropped on the probing thread.
pub trait Repositories {
    type Target;

    /// Finds a workspace's repository, without looking into it.
    fn find(&mut self, workspace: &Path) -> (Self::Target, Option<Identity>);

    /// Calls `names` as soon as the names are known: a verdict may take as long as a probe may.
    fn look(
        &mut self,
        target: Self::Target,
        limits: &Limits,
        names: &mut dyn FnMut(&Hints),
    ) -> Hints;
}

#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Probes that wait for the thread.
    pub queue: usize,
    /// Callers that wait for one probe.
    pub waiters: usize,
    pub deadline: Duration,
    /// When a probe counts as stuck in the kernel.
    pub stuck: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Bounds {
            queue: 32,
            waiters: 256,
            deadline: limits::DEADLINE,
            stuck: Duration::from_secs(5),
        }
    }
}

/// Answers that those who were queued meanwhile may share.
const RECENT: usize = 8;
const STACK: usize = 4 << 20;
const WATCH_STACK: usize = 128 << 10;

struct Job {
    workspace: PathBuf,
    queued: Instant,
    waiters: Vec<Done>,
}

struct Running {
    workspace: PathBuf,
    root: Option<PathBuf>,
    started: Instant,
    cancel: Arc<AtomicBool>,
    waiters: Vec<Done>,
    /// What has been found so far.
    names: Option<Hints>,
}

#[derive(Default)]
struct State {
    started: bool,
    queue: VecDeque<Job>,
    running: Option<Running>,
    /// Which probing thread is in charge; one that was given up finds another number here.
    generation: u32,
    /// Both threads are stuck: there are no hints any more.
    lost: bool,
    refused: Vec<PathBuf>,
    /// The watch sleeps without a time.
    watch_idle: bool,
}

struct Shared<R> {
    make: Box<dyn Fn() -> R + Send + Sync>,
    bounds: Bounds,
    state: Mutex<State>,
    work: Condvar,
    watch: Condvar,
}

pub struct Worker<R>(Arc<Shared<R>>);

impl<R: Repositories + 'static> Worker<R> {
    pub fn new(make: impl Fn() -> R + Send + Sync + 'static) -> Self {
        Worker::bounded(make, Bounds::default())
    }

    pub fn bounded(make: impl Fn() -> R + Send + Sync + 'static, bounds: Bounds) -> Self {
        Worker(Arc::new(Shared {
            make: Box::new(make),
            bounds,
            state: Mutex::default(),
            work: Condvar::new(),
            watch: Condvar::new(),
        }))
    }

    pub fn request(&self, workspace: &Path, done: Done) {
        if let Err(done) = self.queue(workspace, done) {
            answer(done, None);
        }
    }

    /// What the probe that is running for this workspace has found so far.
    pub fn names(&self, workspace: &Path) -> Option<Hints> {
        let state = self.0.lock();
        let running = state
            .running
            .as_ref()
            .filter(|running| running.workspace == workspace)?;
        running.names.clone()
    }

    /// Gives `done` back where no probe will be made.
    fn queue(&self, workspace: &Path, done: Done) -> Result<(), Done> {
        let shared = &self.0;
        let mut state = shared.lock();
        if state.lost || state.refused.iter().any(|root| workspace.starts_with(root)) {
            return Err(done);
        }
        if !state.started {
            if !Shared::spawn(shared, 0) {
                return Err(done);
            }
            let watched = Arc::clone(shared);
            let watch = thread::Builder::new()
                .name("taas-repo-watch".into())
                .stack_size(WATCH_STACK)
                .spawn(move || watched.watch());
            if watch.is_err() {
                // Without the watch a stuck probe would keep its waiters for ever.
                state.lost = true;
                return Err(done);
            }
            state.started = true;
        }
        let State { running, queue, .. } = &mut *state;
        let running = running
            .as_mut()
            .filter(|running| running.workspace == workspace);
        let queued = queue.iter_mut().find(|job| job.workspace == workspace);
        let waiters = running
            .map(|running| &mut running.waiters)
            .or_else(|| queued.map(|job| &mut job.waiters));
        if let Some(waiters) = waiters {
            if waiters.len() >= shared.bounds.waiters {
                return Err(done);
            }
            waiters.push(done);
            return Ok(());
        }
        if queue.len() >= shared.bounds.queue {
            return Err(done);
        }
        queue.push_back(Job {
            workspace: workspace.to_path_buf(),
            queued: Instant::now(),
            waiters: vec![done],
        });
        // Woken under the lock, the thread would only wait for it, and unlocking would wake it again.
        drop(state);
        shared.work.notify_one();
        Ok(())
    }
}

/// Whatever the caller's function does, the thread goes on.
fn answer(done: Done, hints: Option<Hints>) {
    let _ = catch_unwind(AssertUnwindSafe(|| done(hints)));
}

impl<R: Repositories + 'static> Shared<R> {
    /// No code that can panic runs under the lock, and the state holds at every step.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn spawn(shared: &Arc<Self>, generation: u32) -> bool {
        let shared = Arc::clone(shared);
        thread::Builder::new()
            .name("taas-repo-probe".into())
            .stack_size(STACK)
            .spawn(move || shared.work(generation))
            .is_ok()
    }

    fn work(&self, generation: u32) {
        let mut repositories = None;
        let mut recent: VecDeque<(Identity, Instant, Option<Hints>)> = VecDeque::new();
        while let Some((workspace, queued, cancel)) = self.next(generation) {
            let result = catch_unwind(AssertUnwindSafe(|| {
                let repositories = repositories.get_or_insert_with(|| (self.make)());
                let started = Instant::now();
                let (target, identity) = repositories.find(&workspace);
                if let Some(identity) = &identity {
                    if !self.enter(generation, &identity.root) {
                        return (None, None);
                    }
                    // Queued while that probe was running, so it would have joined it.
                    let joined = recent
                        .iter()
                        .find(|(known, finished, _)| known == identity && queued < *finished);
                    if let Some((_, _, hints)) = joined {
                        return (hints.clone(), None);
                    }
                }
                let limits = Limits::new(self.bounds.deadline, limits::BYTES, cancel);
                let hints =
                    repositories.look(target, &limits, &mut |names| self.note(generation, names));
                let hints = Hints {
                    started,
                    finished: Instant::now(),
                    ..hints
                };
                (Some(hints), identity)
            }));
            let (hints, identity) = result.unwrap_or_else(|_| {
                // What it kept may be half made.
                repositories = None;
                (None, None)
            });
            let Some(running) = self.finish(generation) else {
                return;
            };
            if let Some(identity) = identity {
                recent.retain(|(known, _, _)| *known != identity);
                if recent.len() == RECENT {
                    recent.pop_front();
                }
                recent.push_back((identity, Instant::now(), hints.clone()));
            }
            for done in running.waiters {
                answer(done, hints.clone());
            }
        }
    }

    /// Waits for the next job; `None` where another thread took over.
    fn next(&self, generation: u32) -> Option<(PathBuf, Instant, Arc<AtomicBool>)> {
        let mut state = self.lock();
        loop {
            if state.generation != generation {
                return None;
            }
            if let Some(job) = state.queue.pop_front() {
                let cancel = Arc::new(AtomicBool::new(false));
                state.running = Some(Running {
                    workspace: job.workspace.clone(),
                    root: None,
                    started: Instant::now(),
                    cancel: Arc::clone(&cancel),
                    waiters: job.waiters,
                    names: None,
                });
                let watch_idle = state.watch_idle;
                drop(state);
                if watch_idle {
                    self.watch.notify_one();
                }
                return Some((job.workspace, job.queued, cancel));
            }
            state = self
                .work
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Notes the root that is about to be looked into, unless it is refused.
    fn enter(&self, generation: u32, root: &Path) -> bool {
        let mut state = self.lock();
        if state.generation != generation || state.refused.iter().any(|refused| refused == root) {
            return false;
        }
        if let Some(running) = &mut state.running {
            running.root = Some(root.to_path_buf());
        }
        true
    }

    fn note(&self, generation: u32, names: &Hints) {
        let mut state = self.lock();
        if state.generation == generation
            && let Some(running) = &mut state.running
        {
            running.names = Some(names.clone());
        }
    }

    fn finish(&self, generation: u32) -> Option<Running> {
        let mut state = self.lock();
        if state.generation == generation {
            state.running.take()
        } else {
            None
        }
    }

    fn watch(self: Arc<Self>) {
        let mut state = self.lock();
        while !state.lost {
            let Some(left) = state
                .running
                .as_ref()
                .map(|running| self.bounds.stuck.saturating_sub(running.started.elapsed()))
            else {
                state.watch_idle = true;
                state = self
                    .watch
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner);
                state.watch_idle = false;
                continue;
            };
            if !left.is_zero() {
                state = self
                    .watch
                    .wait_timeout(state, left)
                    .unwrap_or_else(PoisonError::into_inner)
                    .0;
                continue;
            }
            let mut given_up = Vec::new();
            if let Some(running) = state.running.take() {
                running.cancel.store(true, Ordering::Relaxed);
                state
                    .refused
                    .push(running.root.unwrap_or(running.workspace));
                given_up = running.waiters;
            }
            state.generation += 1;
            // The first thread is numbered 0, its replacement 1.
            if state.generation > 1 || !Shared::spawn(&self, state.generation) {
                state.lost = true;
                given_up.extend(state.queue.drain(..).flat_map(|job| job.waiters));
            }
            drop(state);
            for done in given_up {
                answer(done, None);
            }
            state = self.lock();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;
    use std::sync::mpsc::{Receiver, Sender, channel};

    /// Looks for as long as the test says, by the workspace's last segment.
    struct Fake {
        looks: Arc<AtomicUsize>,
        gate: Arc<Mutex<Receiver<()>>>,
    }

    impl Repositories for Fake {
        type Target = String;

        fn find(&mut self, workspace: &Path) -> (String, Option<Identity>) {
            let name = workspace.file_name().unwrap().to_str().unwrap().to_owned();
            let root = workspace.parent().unwrap().to_path_buf();
            let file = (1, root.as_os_str().len() as u64);
            let doubt = None;
            (name, Some(Identity { root, file, doubt }))
        }

        fn look(&mut self, name: String, _: &Limits, names: &mut dyn FnMut(&Hints)) -> Hints {
            names(&Hints {
                branch: Some(name.clone()),
                ..Hints::default()
            });
            self.looks.fetch_add(1, Ordering::SeqCst);
            match name.as_str() {
                "wait" => self.gate.lock().unwrap().recv().unwrap(),
                "panic" => panic!("as told"),
                "stuck" => thread::sleep(Duration::from_secs(3)),
                _ => {}
            }
            Hints {
                repo_name: Some(name),
                ..Hints::default()
            }
        }
    }

    struct Case {
        worker: Worker<Fake>,
        looks: Arc<AtomicUsize>,
        open: Sender<()>,
        sent: Sender<(usize, Option<String>)>,
        answers: Receiver<(usize, Option<String>)>,
    }

    impl Case {
        fn new(bounds: Bounds) -> Case {
            let looks = Arc::new(AtomicUsize::new(0));
            let (open, gate) = channel();
            let gate = Arc::new(Mutex::new(gate));
            let (sent, answers) = channel();
            let counted = Arc::clone(&looks);
            let worker = Worker::bounded(
                move || Fake {
                    looks: Arc::clone(&counted),
                    gate: Arc::clone(&gate),
                },
                bounds,
            );
            Case {
                worker,
                looks,
                open,
                sent,
                answers,
            }
        }

        fn ask(&self, id: usize, workspace: &str) {
            let sent = self.sent.clone();
            let done = move |hints: Option<Hints>| {
                sent.send((id, hints.and_then(|h| h.repo_name))).unwrap();
            };
            self.worker.request(Path::new(workspace), Box::new(done));
        }

        fn take(&self, count: usize) -> Vec<(usize, Option<String>)> {
            let take = || {
                self.answers
                    .recv_timeout(Duration::from_secs(10))
                    .expect("an answer")
            };
            let mut answers: Vec<_> = (0..count).map(|_| take()).collect();
            answers.sort();
            assert!(self.answers.try_recv().is_err(), "one answer each");
            answers
        }

        fn until_looking(&self) {
            while self.looks.load(Ordering::SeqCst) == 0 {
                thread::yield_now();
            }
        }
    }

    #[test]
    fn a_hundred_waiters_become_one_probe() {
        let case = Case::new(Bounds::default());
        case.ask(0, "/r/wait");
        case.until_looking();
        for id in 1..100 {
            case.ask(id, if id % 2 == 0 { "/r/wait" } else { "/r/other" });
        }
        case.open.send(()).unwrap();
        let answers = case.take(100);
        assert!(
            answers
                .iter()
                .all(|(_, name)| name.as_deref() == Some("wait"))
        );
        assert_eq!(case.looks.load(Ordering::SeqCst), 1);
        // Asked later, it is looked at again.
        case.ask(100, "/r/other");
        assert_eq!(case.take(1), [(100, Some("other".into()))]);
    }

    #[test]
    fn names_are_there_while_the_verdict_is_not() {
        let case = Case::new(Bounds::default());
        case.ask(0, "/r/wait");
        case.until_looking();
        let names = |workspace| {
            case.worker
                .names(Path::new(workspace))
                .and_then(|hints| hints.branch)
        };
        assert_eq!(names("/r/wait").as_deref(), Some("wait"));
        assert_eq!(names("/r/other"), None);
        case.open.send(()).unwrap();
        case.take(1);
        assert_eq!(names("/r/wait"), None);
    }

    #[test]
    fn another_repository_gets_its_own_probe() {
        let case = Case::new(Bounds::default());
        case.ask(0, "/r/wait");
        case.until_looking();
        case.ask(1, "/other/x");
        case.open.send(()).unwrap();
        assert_eq!(
            case.take(2),
            [(0, Some("wait".into())), (1, Some("x".into()))]
        );
    }

    #[test]
    fn a_full_queue_and_too_many_waiters_answer_at_once() {
        let bounds = Bounds {
            queue: 2,
            waiters: 3,
            ..Bounds::default()
        };
        let case = Case::new(bounds);
        case.ask(0, "/r/wait");
        case.until_looking();
        for id in 1..5 {
            case.ask(id, "/r/wait");
        }
        case.ask(5, "/a/x");
        case.ask(6, "/b/x");
        case.ask(7, "/c/x");
        assert_eq!(case.take(3), [(3, None), (4, None), (7, None)]);
        case.open.send(()).unwrap();
        assert!(case.take(5).iter().all(|(_, name)| name.is_some()));
    }

    #[test]
    fn a_panic_is_no_answer_and_the_thread_goes_on() {
        let case = Case::new(Bounds::default());
        case.ask(0, "/r/panic");
        assert_eq!(case.take(1), [(0, None)]);
        case.ask(1, "/r/x");
        assert_eq!(case.take(1), [(1, Some("x".into()))]);
        case.worker.request(
            Path::new("/r/x"),
            Box::new(|_| panic!("in the caller's function")),
        );
        case.ask(2, "/s/x");
        assert_eq!(case.take(1), [(2, Some("x".into()))]);
    }

    #[test]
    fn a_stuck_probe_is_given_up_and_replaced_once() {
        let bounds = Bounds {
            stuck: Duration::from_millis(100),
            ..Bounds::default()
        };
        let case = Case::new(bounds);
        case.ask(0, "/r/stuck");
        case.ask(1, "/s/x");
        assert_eq!(case.take(2), [(0, None), (1, Some("x".into()))]);
        // Its root is not probed again, from whatever workspace.
        case.ask(2, "/r/x");
        assert_eq!(case.take(1), [(2, None)]);
        case.ask(3, "/t/stuck");
        case.ask(4, "/u/x");
        assert_eq!(case.take(2), [(3, None), (4, None)]);
        case.ask(5, "/v/x");
        assert_eq!(case.take(1), [(5, None)]);
        assert_eq!(case.looks.load(Ordering::SeqCst), 3);
    }
}
