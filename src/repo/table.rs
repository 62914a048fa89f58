//! Which workspace is probed next, how much is asked of it, and what is known. Nothing here waits.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    ffi::OsStr,
    path::{Path, PathBuf},
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use crate::{
    DEADLINE, Depth, Found, Hints,
    complaints::{Fault, complain},
    prober::CHANGES,
    walk::Mount,
};

/// How long an answer may be told, counted from when git began to look.
pub(crate) const FRESH: Duration = Duration::from_secs(2);

/// How long a verdict is awaited before what else is known is told without it.
const PATIENCE: Duration = Duration::from_millis(200);

/// An answer this old is renewed by whoever looks, before it can no longer be told.
const AGING: Duration = Duration::from_millis(1500);

/// The most workspaces that are remembered, and the most that wait for an answer.
const WORKSPACES: usize = 256;

/// How many workspaces of one file system are probed at once, and beside how many others a verdict is
/// asked for where it may take long: of a workspace that is new, and of one that was too slow. So there
/// is always a turn left for those that are quick, and for names and branches.
const TURNS: usize = 4;
const NEW: usize = 3;
const SLOW: usize = 2;

/// A probe that takes longer is held by its file system. Others take its turn, until so many are held:
/// then only workspaces of that file system that have been answered before.
const HELD: Duration = Duration::from_secs(4);
const MOST_HELD: usize = 8;

/// For how long a workspace rests whose git was too slow: at first, and after it was time and again.
const REST: Duration = Duration::from_secs(8);
const LONGEST_REST: Duration = Duration::from_secs(600);

/// A path as a text, which is compared many times faster than segment by segment.
pub(crate) type Key = Arc<OsStr>;

#[derive(Default)]
pub(crate) struct Table {
    records: HashMap<Key, Record>,
    /// The workspaces that wait for a thread, in order, with their file system once it is known.
    queue: BTreeMap<u64, (Key, Option<Mount>)>,
    /// All that wait for an answer.
    asked: HashSet<Key>,
    /// What each thread is at, by the number that its workspace had in the queue.
    busy: HashMap<u64, Busy>,
    /// The roots that are probed now.
    probed: HashMap<PathBuf, Probed>,
    asks: u64,
    pub(crate) threads: usize,
}

/// What is known of a workspace.
struct Record {
    whole: Option<Answer>,
    /// What is known while the verdict is still awaited.
    early: Option<Answer>,
    /// The verdict is still to be asked for, for the first time.
    is_owed: bool,
    pace: Option<Pace>,
    used: Instant,
}

/// That git was too slow, and until when it is not asked for that again.
#[derive(Clone, Copy)]
struct Pace {
    late: Depth,
    rest: Duration,
    until: Instant,
}

struct Busy {
    workspace: Key,
    mount: Option<Mount>,
    since: Instant,
}

impl Busy {
    fn is_held(&self) -> bool {
        self.since.elapsed() > HELD
    }
}

/// Who is to have the answer, and what is known of it.
struct Probed {
    waiting: Vec<Key>,
    early: Option<Answer>,
    is_owed: bool,
}

#[derive(Clone)]
pub(crate) struct Answer {
    pub(crate) root: Option<PathBuf>,
    /// When git began to look.
    pub(crate) at: Instant,
    pub(crate) hints: Arc<Hints>,
}

impl Answer {
    fn is_fresh(&self) -> bool {
        self.at.elapsed() < FRESH
    }
}

impl Record {
    fn new() -> Self {
        Self { whole: None, early: None, is_owed: false, pace: None, used: Instant::now() }
    }

    fn known(&self) -> Option<&Answer> {
        let early = self.early.as_ref().filter(|early| early.at.elapsed() >= PATIENCE);
        self.whole
            .as_ref()
            .filter(|answer| answer.is_fresh())
            .or(early.filter(|early| early.is_fresh()))
    }

    /// Drops what may no longer be told. Whether there was any.
    fn expire(&mut self) -> bool {
        let is_old = |answer: &mut Answer| !answer.is_fresh();
        self.whole.take_if(is_old).is_some() | self.early.take_if(is_old).is_some()
    }
}

impl Table {
    pub(crate) fn known(&self, workspace: &OsStr) -> Option<Arc<Hints>> {
        let answer = self.records.get(workspace)?.known()?;
        Some(Arc::clone(&answer.hints))
    }

    /// Puts a workspace into the queue, unless what is known is young. Whether an answer is awaited.
    pub(crate) fn ask(&mut self, workspace: &Key) -> bool {
        if let Some(record) = self.records.get_mut(workspace) {
            // The threads do this too, but they may all be held up.
            if record.expire() {
                CHANGES.fetch_add(1, Ordering::Release);
            }
            if record.whole.as_ref().is_some_and(|answer| answer.at.elapsed() < AGING) {
                return false;
            }
        }
        if self.asked.contains(workspace) {
            if self.is_held(workspace) {
                let reason = "its file system does not answer; it is waited for";
                complain(Fault::Held, Some(Path::new(workspace)), reason);
            }
            return true;
        }
        let has_room = self.asked.len() < WORKSPACES;
        if has_room {
            self.asked.insert(Arc::clone(workspace));
            self.enqueue(Arc::clone(workspace));
        }
        has_room
    }

    fn enqueue(&mut self, workspace: Key) {
        self.asks += 1;
        self.queue.insert(self.asks, (workspace, None));
    }

    /// Whether a workspace waits for a file system that does not answer.
    fn is_held(&self, workspace: &Key) -> bool {
        let waits_for = |mount: &Option<Mount>| {
            mount.is_some() && self.busy.values().any(|busy| busy.is_held() && busy.mount == *mount)
        };
        self.busy.values().any(|busy| busy.is_held() && busy.workspace == *workspace)
            || self.queue.values().any(|(key, mount)| key == workspace && waits_for(mount))
    }

    pub(crate) fn held(&self) -> usize {
        self.busy.values().filter(|busy| busy.is_held()).count()
    }

    /// The first in the queue that may have a thread.
    pub(crate) fn next(&self) -> Option<u64> {
        let may = |(_, (workspace, mount)): &(&u64, &(Key, Option<Mount>))| {
            mount.as_ref().is_none_or(|mount| self.has_room(workspace, mount))
        };
        self.queue.iter().find(may).map(|(turn, _)| *turn)
    }

    /// How many turns a file system has, without those that it holds, and how many it holds.
    fn turns(&self, mount: Option<&Mount>) -> (usize, usize) {
        let there = self.busy.values().filter(|busy| busy.mount.as_ref() == mount);
        let (held, active): (Vec<_>, Vec<_>) = there.partition(|busy| busy.is_held());
        (active.len(), held.len())
    }

    fn has_room(&self, workspace: &Key, mount: &Mount) -> bool {
        let (active, held) = self.turns(Some(mount));
        let record = self.records.get(workspace);
        // Until its name and branch grow old, a verdict that is owed waits for its turn.
        let is_owed = record.is_some_and(|record| {
            let is_young = |early: &Answer| early.at.elapsed() < AGING;
            record.is_owed && record.early.as_ref().is_some_and(is_young)
        });
        active < if is_owed { NEW } else { TURNS } && (held < MOST_HELD || record.is_some())
    }

    /// The next workspace, and the number of its turn.
    pub(crate) fn take(&mut self) -> Option<(u64, Key)> {
        let turn = self.next()?;
        let (workspace, _) = self.queue.remove(&turn)?;
        let busy = Busy { workspace: Arc::clone(&workspace), mount: None, since: Instant::now() };
        self.busy.insert(turn, busy);
        Some((turn, workspace))
    }

    /// Whether a turn may go on to a file system. If not, its workspace waits for it, at its old place.
    pub(crate) fn enter(&mut self, turn: u64, mount: &Mount) -> bool {
        let Some(mut busy) = self.busy.remove(&turn) else {
            return false;
        };
        let may = self.has_room(&busy.workspace, mount);
        if may {
            busy.mount = Some(Arc::clone(mount));
            self.busy.insert(turn, busy);
        } else {
            self.queue.insert(turn, (busy.workspace, Some(Arc::clone(mount))));
        }
        may
    }

    pub(crate) fn leave(&mut self, turn: u64) {
        self.busy.remove(&turn);
    }

    /// How much is to be asked of a root that nobody else asks of; `None` where the answer is there or
    /// comes by another thread.
    pub(crate) fn begin(&mut self, turn: u64, workspace: Key, root: &Path) -> Option<Depth> {
        if let Some(probed) = self.probed.get_mut(root) {
            probed.waiting.push(Arc::clone(&workspace));
            let early = probed.early.clone();
            self.update(&workspace, |record| record.early = early.or(record.early.take()));
            return None;
        }
        let is_ours =
            |answer: &&Answer| answer.root.as_deref() == Some(root) && answer.at.elapsed() < AGING;
        let answer = self.records.values().filter_map(|record| record.whole.as_ref()).find(is_ours);
        if let Some(answer) = answer.cloned() {
            self.put(&workspace, answer);
            return None;
        }
        let mount = self.busy.get(&turn).and_then(|busy| busy.mount.as_ref());
        let others = self.turns(mount).0.saturating_sub(1);
        let record = self.records.get(&workspace);
        let is_new = record.is_none_or(|record| record.is_owed);
        let most = match record.and_then(|record| record.pace) {
            None if is_new && others >= NEW => Depth::Branch,
            Some(pace) if pace.until > Instant::now() || others >= SLOW => match pace.late {
                Depth::Verdict => Depth::Branch,
                _ => Depth::Name,
            },
            _ => Depth::Verdict,
        };
        let is_owed = is_new && most == Depth::Branch;
        let probed = Probed { waiting: vec![workspace], early: None, is_owed };
        self.probed.insert(root.to_owned(), probed);
        Some(most)
    }

    /// Tells who waits for a root what is known before the verdict.
    pub(crate) fn tell(&mut self, root: &Path, answer: &Answer) {
        let Some(probed) = self.probed.get_mut(root) else {
            return;
        };
        probed.early = Some(answer.clone());
        for workspace in probed.waiting.clone() {
            self.update(&workspace, |record| record.early = Some(answer.clone()));
        }
    }

    /// Tells who waits for a root what was found, and when it is asked again.
    pub(crate) fn finish(
        &mut self,
        turn: u64,
        root: &Path,
        at: Instant,
        most: Depth,
        found: Found,
    ) {
        let Some(Probed { waiting, is_owed, .. }) = self.probed.remove(root) else {
            return;
        };
        let is_owed = is_owed && found.late.is_none() && found.hints.repo_name.is_some();
        let answer = Answer { root: Some(root.to_owned()), at, hints: Arc::new(found.hints) };
        for (place, workspace) in waiting.into_iter().enumerate() {
            if is_owed {
                self.update(&workspace, |record| {
                    record.early = Some(answer.clone());
                    record.is_owed = true;
                });
                if place == 0 {
                    // It keeps its place in the queue.
                    self.queue.insert(turn, (workspace, None));
                } else {
                    self.enqueue(workspace);
                }
                continue;
            }
            // If the process was stopped meanwhile, whoever looks next is not to suffer from that.
            if at.elapsed() > DEADLINE * 2 {
                self.asked.remove(&workspace);
                continue;
            }
            let path = Path::new(&workspace);
            if found.is_untrusted {
                let root = root.display();
                let reason = format!(
                    "git does not trust the owner of the repository; to trust it, run as the \
                     gateway's user: git config --global --add safe.directory '{root}'"
                );
                complain(Fault::Refused, Some(path), reason);
            }
            match found.late {
                Some(Depth::Verdict) => {
                    let reason = "git status takes longer than 2 seconds; it is tried again less \
                        and less often";
                    complain(Fault::LateVerdict, Some(path), reason);
                }
                Some(_) => {
                    let reason = "git does not answer within 2 seconds; it is tried again less and \
                        less often";
                    complain(Fault::LateGit, Some(path), reason);
                }
                None => {}
            }
            self.put(&workspace, answer.clone());
            if let Some(record) = self.records.get_mut(&workspace) {
                if let Some(late) = found.late {
                    let rest = record.pace.map_or(REST, |pace| pace.rest * 2).min(LONGEST_REST);
                    record.pace = Some(Pace { late, rest, until: Instant::now() + rest });
                } else if most == Depth::Verdict {
                    record.pace = None;
                }
            }
        }
    }

    pub(crate) fn put(&mut self, workspace: &Key, answer: Answer) {
        self.asked.remove(workspace);
        self.update(workspace, |record| {
            record.whole = Some(answer);
            record.early = None;
            record.is_owed = false;
        });
        if self.records.len() > WORKSPACES {
            let oldest = self.records.iter().min_by_key(|(_, record)| record.used);
            let oldest = oldest.map(|(workspace, _)| Arc::clone(workspace));
            if oldest.and_then(|oldest| self.records.remove(&oldest)).is_some() {
                CHANGES.fetch_add(1, Ordering::Release);
            }
        }
    }

    fn update(&mut self, workspace: &Key, change: impl FnOnce(&mut Record)) {
        let before = self.known(workspace);
        let record = self.records.entry(Arc::clone(workspace)).or_insert_with(Record::new);
        change(record);
        record.used = Instant::now();
        if self.known(workspace) != before {
            CHANGES.fetch_add(1, Ordering::Release);
        }
    }

    /// Drops what may no longer be told, and says when the next is due.
    pub(crate) fn expire(&mut self) -> Option<Instant> {
        if self.records.values_mut().fold(false, |any, record| record.expire() | any) {
            CHANGES.fetch_add(1, Ordering::Release);
        }
        let answers = self.records.values().flat_map(|record| [&record.whole, &record.early]);
        answers.flatten().map(|answer| answer.at + FRESH).min()
    }
}
