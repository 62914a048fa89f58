//! Workspaces and their repositories: what is known, which wait for a probe, and which are probed now.

use std::{
    collections::{HashMap, VecDeque},
    ffi::OsStr,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{
    DEADLINE, Depth, Found, Hints,
    complaints::{self, Fault, HANGS, complain},
    repository::{AGING, FRESH, Repository},
};

/// The most workspaces that wait, and that are remembered without need.
const WORKSPACES: usize = 256;

/// How long a look at one file may take, and all processes of a probe, before the probe counts as hung.
const LOOK: Duration = Duration::from_millis(250);
const GIT: Duration = Duration::from_millis(2500);

/// How many probes run at once, without those that hang, and how many of them may be at their verdicts. So
/// one is always left for names and branches.
const ACTIVE: usize = 4;
const VERDICTS: usize = ACTIVE - 1;

/// How many probes there may be with those that hang.
const PROBES: usize = 128;

/// A path as text, which is compared faster than name by name.
pub(crate) type Key = Arc<OsStr>;

#[derive(Default)]
struct Workspace {
    /// The root of its repository, if it is in one, and when that was looked for.
    located: Option<(Option<Key>, Instant)>,
    /// Since when it waits for a probe.
    asked: Option<Instant>,
}

/// A probe that runs.
struct Probe {
    turn: u64,
    workspace: Key,
    root: Option<Key>,
    /// What it looks at now: while git is asked, the root.
    at: PathBuf,
    /// When it counts as hung.
    due: Instant,
    stage: Stage,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Names,
    /// It waits until it may ask for the verdict.
    Waits,
    Verdict,
}

impl Probe {
    fn hangs(&self) -> bool {
        self.stage != Stage::Waits && Instant::now() > self.due
    }

    /// Whether it looks at neither its workspace nor its root, but for a git or a temporary directory.
    fn is_elsewhere(&self) -> bool {
        self.root.as_ref().is_some_and(|root| **root != *self.at)
    }
}

#[derive(Default)]
pub(crate) struct Table {
    workspaces: HashMap<Key, Workspace>,
    repositories: HashMap<Key, Repository>,
    queue: VecDeque<Key>,
    /// In the order in which they began.
    probes: Vec<Probe>,
    last: u64,
}

impl Table {
    pub(crate) fn known(&self, workspace: &OsStr) -> Option<Arc<Hints>> {
        match self.workspaces.get(workspace)?.located.as_ref()? {
            (_, at) if at.elapsed() >= FRESH => None,
            (Some(root), _) => self.repositories.get(root)?.known(),
            (None, _) => Some(Arc::default()),
        }
    }

    /// Puts a workspace into the queue, unless a probe is under way or the last one is young. Returns whether
    /// a probe is under way now, and whether the workspace is new in the queue.
    pub(crate) fn ask(&mut self, key: &Key) -> (bool, bool) {
        if let Some(workspace) = self.workspaces.get(key) {
            if workspace.asked.is_some_and(|at| at.elapsed() < DEADLINE * 2 || self.holds(key)) {
                return (true, false);
            }
            if let Some((root, at)) = &workspace.located
                && at.elapsed() < AGING
            {
                let repository = root.as_ref().map(|root| self.repositories.get(root));
                if repository.is_none_or(|known| known.is_some_and(Repository::is_young)) {
                    return (false, false);
                }
                if self.probes.iter().any(|probe| probe.root == *root) {
                    return (true, false);
                }
            }
        }
        let has_room = self.queue.len() < WORKSPACES;
        if has_room {
            let workspace = self.workspaces.entry(Arc::clone(key)).or_default();
            workspace.asked = Some(Instant::now());
            self.queue.push_back(Arc::clone(key));
        }
        (has_room, has_room)
    }

    /// Whether a workspace still waits, or its probe hangs there. A probe that hangs elsewhere is given up:
    /// the next one passes that place over.
    fn holds(&self, workspace: &Key) -> bool {
        let hangs = self.probes.iter().any(|it| it.workspace == *workspace && !it.is_elsewhere());
        if hangs {
            complain(Fault::Hangs, Some(Path::new(workspace)), HANGS);
        }
        hangs || self.queue.contains(workspace)
    }

    /// Where probes hang.
    pub(crate) fn hung(&self) -> Vec<PathBuf> {
        let hung = self.probes.iter().filter(|probe| probe.hangs());
        hung.map(|probe| probe.at.clone()).collect()
    }

    fn active(&self) -> usize {
        self.probes.iter().filter(|probe| probe.stage != Stage::Waits && !probe.hangs()).count()
    }

    /// Takes the next workspace that may be probed, or says how long to wait for one.
    pub(crate) fn begin(&mut self) -> Result<(u64, Key), Option<Duration>> {
        // A probe that hangs gives no sign of it.
        let time = (!self.queue.is_empty()).then_some(LOOK);
        if self.active() >= ACTIVE || self.probes.len() >= PROBES {
            return Err(time);
        }
        let workspace = self.queue.pop_front().ok_or(time)?;
        self.last += 1;
        self.probes.push(Probe {
            turn: self.last,
            workspace: Arc::clone(&workspace),
            root: None,
            at: PathBuf::from(&*workspace),
            due: Instant::now() + LOOK,
            stage: Stage::Names,
        });
        Ok((self.last, workspace))
    }

    fn probe(&mut self, turn: u64) -> Option<&mut Probe> {
        self.probes.iter_mut().find(|probe| probe.turn == turn)
    }

    /// Notes what a probe looks at now, `None` for its root or workspace again.
    pub(crate) fn look_at(&mut self, turn: u64, at: Option<&Path>) {
        if let Some(probe) = self.probe(turn) {
            let home = Path::new(probe.root.as_ref().unwrap_or(&probe.workspace));
            probe.at = at.unwrap_or(home).to_owned();
            probe.due = Instant::now() + if at.is_some() { LOOK } else { GIT };
        }
    }

    /// Notes where a workspace is. Returns how much to ask about its repository; `None` if there is nothing
    /// to ask, or another probe asks.
    pub(crate) fn locate(&mut self, turn: u64, root: Option<&Path>) -> Option<Depth> {
        let root: Option<Key> = root.map(|root| root.as_os_str().into());
        let key = Arc::clone(&self.probe(turn)?.workspace);
        let located = Some((root.clone(), Instant::now()));
        self.workspaces.insert(Arc::clone(&key), Workspace { located, asked: None });
        let root = root?;
        let is_same = |probe: &&Probe| {
            probe.root.as_ref() == Some(&root) && !(probe.hangs() && probe.is_elsewhere())
        };
        if let Some(other) = self.probes.iter().find(is_same) {
            if other.hangs() {
                complain(Fault::Hangs, Some(Path::new(&key)), HANGS);
            }
            return None;
        }
        let repository = self.repositories.entry(Arc::clone(&root)).or_default();
        if repository.is_young() {
            return None;
        }
        let most = repository.depth();
        self.probe(turn)?.root = Some(root);
        self.look_at(turn, None);
        Some(most)
    }

    fn of_probe(&mut self, turn: u64) -> Option<&mut Repository> {
        let root = Arc::clone(self.probe(turn)?.root.as_ref()?);
        Some(self.repositories.entry(root).or_default())
    }

    /// Stores name and branch. From now on, the probe waits for its turn to ask for the verdict.
    pub(crate) fn tell(&mut self, turn: u64, at: Instant, hints: &Hints) {
        if let Some(repository) = self.of_probe(turn) {
            repository.tell_early(at, hints);
        }
        if let Some(probe) = self.probe(turn) {
            probe.stage = Stage::Waits;
        }
    }

    /// Whether a probe that waits may ask for the verdict now.
    pub(crate) fn may_ask_for_verdict(&mut self, turn: u64) -> bool {
        let is_busy = |probe: &&Probe| probe.stage == Stage::Verdict && !probe.hangs();
        let verdicts = self.probes.iter().filter(is_busy).count();
        let is_free = self.active() < ACTIVE && verdicts < VERDICTS;
        let first = self.probes.iter_mut().find(|probe| probe.stage == Stage::Waits);
        let ours = first.filter(|probe| is_free && probe.turn == turn);
        ours.map(|probe| (probe.stage, probe.due) = (Stage::Verdict, Instant::now() + GIT))
            .is_some()
    }

    /// Ends a probe that began at `at`, and stores what it found.
    pub(crate) fn finish(&mut self, turn: u64, at: Instant, found: Found) {
        // An answer that is too old to be sent came too late. If the process was stopped meanwhile, git was not slow.
        let is_old = at.elapsed() >= FRESH && !found.is_unfinished;
        let late = found.late.or_else(|| is_old.then_some(Depth::Verdict));
        let late = late.filter(|_| at.elapsed() < DEADLINE * 2);
        if let Some(repository) = self.of_probe(turn).filter(|_| !found.is_unfinished) {
            repository.tell(at, found.hints, late);
        }
        let Some(place) = self.probes.iter().position(|probe| probe.turn == turn) else {
            return;
        };
        let workspace = self.probes.remove(place).workspace;
        for (fault, reason) in late.map(complaints::late).into_iter().chain(found.fault) {
            complain(fault, Some(Path::new(&workspace)), &reason);
        }
        if self.workspaces.len() > WORKSPACES {
            let is_young = |at: Instant| at.elapsed() < FRESH;
            let is_kept = |one: &Workspace| one.located.as_ref().is_some_and(|one| is_young(one.1));
            self.workspaces.retain(|_, one| one.asked.is_some() || is_kept(one));
            self.repositories.retain(|_, one| one.known().is_some());
        }
    }
}
