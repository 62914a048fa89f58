//! Whose turn it is: workspaces in their order, of which no file system gets more than its share.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{table::Key, walk::Mount};

/// How many workspaces of one file system are probed at once.
pub(crate) const TURNS: usize = 4;

/// A probe that takes longer is held by its file system. Others take its turn, until so many are held:
/// then only workspaces of that file system that have been answered before.
const HELD: Duration = Duration::from_secs(4);
const MOST_HELD: usize = 8;

/// How many of them may be at verdicts that may take long. So there is always a turn left for those that
/// are quick, and for names and branches.
pub(crate) const VERDICTS: usize = TURNS - 1;

/// What a workspace waits for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wants {
    /// Whatever it can get.
    Any,
    /// The verdict, as the rest is known.
    Verdict,
    /// The same, and the rest is old: it is renewed where nobody else wants a turn.
    VerdictOrRest,
}

#[derive(Default)]
pub(crate) struct Queue {
    /// The workspaces that wait for a thread, with their file system once it is known.
    waiting: BTreeMap<u64, (Key, Option<Mount>)>,
    /// What each thread is at, by the number that its workspace had in the queue.
    busy: HashMap<u64, Busy>,
    last: u64,
}

struct Busy {
    workspace: Key,
    mount: Option<Mount>,
    since: Instant,
    /// Whether it is at a verdict that may take long.
    is_slow: bool,
}

impl Busy {
    fn is_held(&self) -> bool {
        self.since.elapsed() > HELD
    }
}

impl Queue {
    pub(crate) fn push(&mut self, workspace: Key) {
        self.last += 1;
        self.waiting.insert(self.last, (workspace, None));
    }

    /// Puts a workspace back at the place that it had.
    pub(crate) fn put_back(&mut self, turn: u64, workspace: Key) {
        let mount = self.busy.get(&turn).and_then(|busy| busy.mount.clone());
        self.waiting.insert(turn, (workspace, mount));
    }

    /// The first that may have a thread.
    pub(crate) fn next(&self, wants: impl Fn(&Key) -> (Wants, bool)) -> Option<u64> {
        let first = |may_renew: bool| {
            let may = |(_, (workspace, mount)): &(&u64, &(Key, Option<Mount>))| {
                let wanted = wants(workspace);
                mount.as_ref().is_none_or(|mount| self.has_room(mount, wanted, may_renew))
            };
            self.waiting.iter().find(may).map(|(turn, _)| *turn)
        };
        first(false).or_else(|| first(true))
    }

    /// Whether a file system has a turn for what a workspace wants, which may have been answered before.
    fn has_room(&self, mount: &Mount, wanted: (Wants, bool), may_renew: bool) -> bool {
        let there = || self.busy.values().filter(|busy| busy.mount.as_ref() == Some(mount));
        let active = there().filter(|busy| !busy.is_held()).count();
        let (wants, was_answered) = wanted;
        let is_any = wants == Wants::Any || may_renew && wants == Wants::VerdictOrRest;
        active < TURNS
            && (is_any || self.verdicts(mount) < VERDICTS)
            && (was_answered || there().count() - active < MOST_HELD)
    }

    /// How many slow verdicts a file system is at.
    fn verdicts(&self, mount: &Mount) -> usize {
        let slow =
            |busy: &&Busy| busy.is_slow && !busy.is_held() && busy.mount.as_ref() == Some(mount);
        self.busy.values().filter(slow).count()
    }

    /// How many slow verdicts there are on the file system of a turn.
    pub(crate) fn others(&self, turn: u64) -> usize {
        let mount = self.busy.get(&turn).and_then(|busy| busy.mount.as_ref());
        mount.map_or(0, |mount| self.verdicts(mount))
    }

    /// Notes that a turn is at a verdict that may take long.
    pub(crate) fn slow_down(&mut self, turn: u64) {
        if let Some(busy) = self.busy.get_mut(&turn) {
            busy.is_slow = true;
        }
    }

    pub(crate) fn take(&mut self, turn: u64) -> Option<Key> {
        let (workspace, _) = self.waiting.remove(&turn)?;
        let busy = Busy {
            workspace: Arc::clone(&workspace),
            mount: None,
            since: Instant::now(),
            is_slow: false,
        };
        self.busy.insert(turn, busy);
        Some(workspace)
    }

    /// Whether a turn may go on to a file system. If not, its workspace waits for that.
    pub(crate) fn enter(
        &mut self,
        turn: u64,
        mount: &Mount,
        wants: impl Fn(&Key) -> (Wants, bool),
    ) -> bool {
        let Some(mut busy) = self.busy.remove(&turn) else {
            return false;
        };
        let may = self.has_room(mount, wants(&busy.workspace), true);
        if may {
            busy.mount = Some(Arc::clone(mount));
            self.busy.insert(turn, busy);
        } else {
            self.waiting.insert(turn, (busy.workspace, Some(Arc::clone(mount))));
        }
        may
    }

    pub(crate) fn leave(&mut self, turn: u64) {
        self.busy.remove(&turn);
    }

    /// How many threads are held.
    pub(crate) fn held(&self) -> usize {
        self.busy.values().filter(|busy| busy.is_held()).count()
    }

    /// Whether a workspace waits for a file system that does not answer.
    pub(crate) fn is_held(&self, workspace: &Key) -> bool {
        let holds = |mount: &Option<Mount>| {
            mount.is_some() && self.busy.values().any(|busy| busy.is_held() && busy.mount == *mount)
        };
        self.busy.values().any(|busy| busy.is_held() && busy.workspace == *workspace)
            || self.waiting.values().any(|(key, mount)| key == workspace && holds(mount))
    }
}
