//! What is known of each workspace, and how much is asked of it next. Nothing here waits.

use std::{
    collections::{HashMap, HashSet},
    ffi::OsStr,
    path::{Path, PathBuf},
    sync::{Arc, atomic::Ordering},
    time::Instant,
};

use crate::{
    DEADLINE, Depth, Found, Hints,
    complaints::{Fault, complain},
    prober::CHANGES,
    queue::{Queue, Wants},
    record::{Answer, FRESH, Record},
    walk::Mount,
};

/// The most workspaces that are remembered, and the most that wait for an answer.
const WORKSPACES: usize = 256;

/// A path as a text, which is compared many times faster than segment by segment.
pub(crate) type Key = Arc<OsStr>;

#[derive(Default)]
pub(crate) struct Table {
    records: HashMap<Key, Record>,
    pub(crate) queue: Queue,
    /// All that wait for an answer.
    asked: HashSet<Key>,
    /// The roots that are probed now.
    probed: HashMap<PathBuf, Probed>,
    pub(crate) threads: usize,
}

/// Who is to have the answer, and what is known of it.
struct Probed {
    waiting: Vec<Key>,
    early: Option<Answer>,
    is_owed: bool,
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
            if record.whole.as_ref().is_some_and(Answer::is_young) {
                return false;
            }
        }
        if self.asked.contains(workspace) {
            if self.queue.is_held(workspace) {
                let reason = "its file system does not answer; it is waited for";
                complain(Fault::Held, Some(Path::new(workspace)), reason);
            }
            return true;
        }
        let has_room = self.asked.len() < WORKSPACES;
        if has_room {
            self.asked.insert(Arc::clone(workspace));
            self.queue.push(Arc::clone(workspace));
        }
        has_room
    }

    /// What a workspace wants, and whether it was answered before.
    fn wants(&self, workspace: &Key) -> (Wants, bool) {
        let record = self.records.get(workspace);
        (record.map_or(Wants::Any, Record::wants), record.is_some())
    }

    /// The number of the next turn, where a workspace may have one.
    pub(crate) fn next(&self) -> Option<u64> {
        self.queue.next(|workspace| self.wants(workspace))
    }

    /// Whether a turn may go on to a file system. If not, its workspace waits for that.
    pub(crate) fn enter(&mut self, turn: u64, mount: &Mount) -> bool {
        let mut queue = std::mem::take(&mut self.queue);
        let may = queue.enter(turn, mount, |workspace| self.wants(workspace));
        self.queue = queue;
        may
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
        let is_ours = |answer: &&Answer| answer.root.as_deref() == Some(root) && answer.is_young();
        let answer = self.records.values().filter_map(|record| record.whole.as_ref()).find(is_ours);
        if let Some(answer) = answer.cloned() {
            self.put(&workspace, answer);
            return None;
        }
        let others = self.queue.others(turn);
        let record = self.records.entry(Arc::clone(&workspace)).or_insert_with(Record::new);
        let most = record.depth(others);
        let is_owed = record.is_owed && most == Depth::Branch;
        if record.is_slow() && most == Depth::Verdict {
            self.queue.slow_down(turn);
        }
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
                    record.was_told = true;
                });
                if place == 0 {
                    // It keeps its place in the queue.
                    self.queue.put_back(turn, workspace);
                } else {
                    self.queue.push(workspace);
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
                record.pace(most, found.late);
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
