//! What is known of each workspace, which of them wait for a probe, and which are probed now.

use std::{
    collections::{HashMap, VecDeque},
    ffi::OsStr,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{
    DEADLINE, Depth, Found, Hints,
    complaints::{Fault, complain},
};

/// The most workspaces that are remembered without need, and the most that wait.
const WORKSPACES: usize = 256;

/// How long hints may be sent, counted from when git began to look.
const FRESH: Duration = Duration::from_secs(2);

/// Hints this old are renewed by the next call.
const AGING: Duration = Duration::from_millis(1500);

/// How long a verdict is awaited before name and branch are sent without it.
const PATIENCE: Duration = Duration::from_millis(200);

/// For how long git is not asked again for what it was too slow for: at first, and in the end.
const REST: Duration = Duration::from_secs(8);
const LONGEST_REST: Duration = Duration::from_secs(600);

/// How long a look at one file may take, and all processes of a probe.
const LOOK: Duration = Duration::from_millis(250);
const GIT: Duration = Duration::from_millis(2500);

/// How many probes run at once, without those that hang, and how many of them may be at their verdicts. So
/// one is always left for names and branches.
const ACTIVE: usize = 4;
const VERDICTS: usize = ACTIVE - 1;

/// How many threads there may be with those that hang.
const THREADS: usize = 128;

pub(crate) type Key = Arc<OsStr>;

#[derive(Clone)]
struct Answer {
    root: Option<PathBuf>,
    /// When git began to look.
    at: Instant,
    hints: Arc<Hints>,
}

impl Answer {
    fn is_younger_than(&self, age: Duration) -> bool {
        self.at.elapsed() < age
    }
}

/// What is known of one workspace.
#[derive(Default)]
struct Entry {
    whole: Option<Answer>,
    /// Name and branch, while the verdict is awaited.
    early: Option<Answer>,
    /// Since when a probe is awaited.
    asked: Option<Instant>,
    pace: Option<Pace>,
}

/// What git was too slow for, and until when it is not asked for that again.
struct Pace {
    late: Depth,
    rest: Duration,
    until: Instant,
}

impl Entry {
    fn known(&self) -> Option<&Answer> {
        let early = self.early.as_ref().filter(|early| !early.is_younger_than(PATIENCE));
        [self.whole.as_ref(), early].into_iter().flatten().find(|one| one.is_younger_than(FRESH))
    }
}

/// A probe that runs.
pub(crate) struct Probe {
    turn: u64,
    /// Who gets its answer.
    workspaces: Vec<Key>,
    root: Option<PathBuf>,
    /// What it looks at, the root while git is asked.
    at: PathBuf,
    /// When it should be done with that.
    due: Instant,
    early: Option<Answer>,
    /// Git was too slow for it before.
    is_slow: bool,
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

    pub(crate) fn is_located(&self) -> bool {
        self.root.is_some()
    }

    /// Whether it looks at something other than its workspace or root.
    pub(crate) fn is_elsewhere(&self) -> bool {
        self.root.as_ref().is_some_and(|root| *root != self.at)
    }

    pub(crate) fn look_at(&mut self, at: &Path) {
        self.at = at.to_owned();
        self.due = Instant::now() + LOOK;
    }

    pub(crate) fn look_back(&mut self) {
        self.at = self.root.clone().unwrap_or_else(|| PathBuf::from(&*self.workspaces[0]));
        self.due = Instant::now() + GIT;
    }
}

#[derive(Default)]
pub(crate) struct Table {
    entries: HashMap<Key, Entry>,
    queue: VecDeque<Key>,
    probes: Vec<Probe>,
    last: u64,
}

impl Table {
    pub(crate) fn known(&self, workspace: &OsStr) -> Option<Arc<Hints>> {
        Some(Arc::clone(&self.entries.get(workspace)?.known()?.hints))
    }

    /// Puts a workspace into the queue, unless it is in it or what is known is young. Whether a probe is
    /// awaited, and whether it is new in the queue.
    pub(crate) fn ask(&mut self, workspace: &Key) -> (bool, bool) {
        if let Some(entry) = self.entries.get(workspace) {
            if entry.whole.as_ref().is_some_and(|answer| answer.is_younger_than(AGING)) {
                return (false, false);
            }
            if let Some(asked) = entry.asked
                && (asked.elapsed() < DEADLINE * 2 || self.is_held_up(workspace))
            {
                return (true, false);
            }
        }
        let has_room = self.queue.len() < WORKSPACES;
        if has_room {
            let entry = self.entries.entry(Arc::clone(workspace)).or_default();
            entry.asked = Some(Instant::now());
            self.queue.push_back(Arc::clone(workspace));
        }
        (has_room, has_room)
    }

    /// Whether a workspace still waits, or its probe hangs in its own file system. One that hangs elsewhere
    /// is not waited for.
    fn is_held_up(&self, workspace: &Key) -> bool {
        let hangs = |probe: &Probe| !probe.is_located() && probe.workspaces.contains(workspace);
        let hangs = self.probes.iter().any(hangs);
        if hangs {
            complain(Fault::Hangs, Some(Path::new(workspace)), HANGS);
        }
        hangs || self.queue.contains(workspace)
    }

    /// Where probes hang.
    pub(crate) fn hung(&self, counts: impl Fn(&Probe) -> bool) -> Vec<PathBuf> {
        let hung = self.probes.iter().filter(|probe| probe.hangs() && counts(probe));
        hung.map(|probe| probe.at.clone()).collect()
    }

    fn active(&self) -> usize {
        self.probes.iter().filter(|probe| probe.stage != Stage::Waits && !probe.hangs()).count()
    }

    /// Takes the next workspace that may be probed, and how long to wait for one otherwise.
    pub(crate) fn begin(&mut self) -> Result<(u64, Key), Option<Duration>> {
        if self.queue.is_empty() {
            return Err(None);
        }
        if self.active() >= ACTIVE || self.probes.len() >= THREADS {
            // Nobody says that a probe hangs.
            return Err(Some(LOOK));
        }
        let workspace = self.queue.pop_front().ok_or(None)?;
        self.last += 1;
        self.probes.push(Probe {
            turn: self.last,
            workspaces: vec![Arc::clone(&workspace)],
            root: None,
            at: PathBuf::from(&*workspace),
            due: Instant::now() + LOOK,
            early: None,
            is_slow: false,
            stage: Stage::Names,
        });
        Ok((self.last, workspace))
    }

    pub(crate) fn probe(&mut self, turn: u64) -> Option<&mut Probe> {
        self.probes.iter_mut().find(|probe| probe.turn == turn)
    }

    /// How much a probe is to ask of a root; `None` where the answer is there or another probe gets it.
    pub(crate) fn locate(&mut self, turn: u64, root: &Path) -> Option<Depth> {
        let at = self.probes.iter().position(|probe| probe.turn == turn)?;
        let is_same = |probe: &&mut Probe| {
            probe.root.as_deref() == Some(root) && !(probe.hangs() && probe.is_elsewhere())
        };
        if self.probes.iter_mut().any(|mut probe| is_same(&&mut probe)) {
            let workspaces = self.probes.remove(at).workspaces;
            let other = self.probes.iter_mut().find(is_same)?;
            let (hangs, early) = (other.hangs(), other.early.clone());
            for workspace in workspaces {
                if hangs {
                    complain(Fault::Hangs, Some(Path::new(&workspace)), HANGS);
                }
                if !other.workspaces.contains(&workspace) {
                    other.workspaces.push(Arc::clone(&workspace));
                }
                if let Some(early) = &early {
                    self.entries.entry(workspace).or_default().early = Some(early.clone());
                }
            }
            return None;
        }
        let is_ours = |answer: &&Answer| {
            answer.root.as_deref() == Some(root) && answer.is_younger_than(AGING)
        };
        let answer = self.entries.values().filter_map(|entry| entry.whole.as_ref()).find(is_ours);
        if let Some(answer) = answer.cloned() {
            self.put(turn, &answer, true, |_| {});
            return None;
        }
        let others = self.probes.iter().any(|probe| probe.is_slow && !probe.hangs());
        let probe = &mut self.probes[at];
        probe.root = Some(root.to_owned());
        probe.look_back();
        let pace = self.entries.get(&probe.workspaces[0]).and_then(|entry| entry.pace.as_ref());
        Some(match pace {
            // Of those that were too slow, one is tried at a time.
            Some(pace) if others || pace.until > Instant::now() => match pace.late {
                Depth::Verdict => Depth::Branch,
                _ => Depth::Name,
            },
            pace => {
                probe.is_slow = pace.is_some();
                Depth::Verdict
            }
        })
    }

    /// Tells who waits for a probe what is known before the verdict. From now on, it waits for that.
    pub(crate) fn tell(&mut self, turn: u64, at: Instant, hints: &Hints) {
        let Some(probe) = self.probe(turn) else {
            return;
        };
        probe.stage = Stage::Waits;
        let answer = Answer { root: probe.root.clone(), at, hints: Arc::new(hints.clone()) };
        probe.early = Some(answer.clone());
        for workspace in probe.workspaces.clone() {
            self.entries.entry(workspace).or_default().early = Some(answer.clone());
        }
    }

    /// Whether a probe that waits may ask for the verdict now.
    pub(crate) fn may_ask_for_verdict(&mut self, turn: u64) -> bool {
        let verdicts = |probe: &&Probe| probe.stage == Stage::Verdict && !probe.hangs();
        let is_free = self.active() < ACTIVE && self.probes.iter().filter(verdicts).count() < VERDICTS;
        // The first comes first.
        let first = self.probes.iter_mut().find(|probe| probe.stage == Stage::Waits);
        let ours = first.filter(|probe| is_free && probe.turn == turn);
        ours.map(|probe| (probe.stage, probe.due) = (Stage::Verdict, Instant::now() + GIT)).is_some()
    }

    /// Tells who waits for a probe what it found, and when git is asked again.
    pub(crate) fn finish(&mut self, turn: u64, at: Instant, found: Found) {
        let Some(probe) = self.probe(turn) else {
            return;
        };
        let (root, is_slow) = (probe.root.clone(), probe.is_slow);
        let answer = Answer { root, at, hints: Arc::new(found.hints) };
        // If the process was stopped meanwhile, git was not slow.
        let late = found.late.filter(|_| answer.is_younger_than(DEADLINE * 2));
        let late_fault = late.map(|late| match late {
            Depth::Verdict => (Fault::LateVerdict, LATE_VERDICT.to_owned()),
            _ => (Fault::LateGit, LATE_GIT.to_owned()),
        });
        let faults: Vec<_> = [late_fault, found.fault].into_iter().flatten().collect();
        self.put(turn, &answer, !found.is_unfinished, |entry| {
            if let Some(late) = late {
                let rest = entry.pace.as_ref().map_or(REST, |pace| pace.rest * 2).min(LONGEST_REST);
                entry.pace = Some(Pace { late, rest, until: Instant::now() + rest });
            } else if is_slow && !found.is_unfinished {
                entry.pace = None;
            }
        }).iter().for_each(|workspace| {
            for (fault, reason) in &faults {
                complain(*fault, Some(Path::new(workspace)), reason);
            }
        });
    }

    /// Ends a probe with an answer, which whoever waits for it gets.
    fn put(
        &mut self,
        turn: u64,
        answer: &Answer,
        is_whole: bool,
        change: impl Fn(&mut Entry),
    ) -> Vec<Key> {
        let Some(at) = self.probes.iter().position(|probe| probe.turn == turn) else {
            return Vec::new();
        };
        let workspaces = self.probes.remove(at).workspaces;
        for workspace in &workspaces {
            let entry = self.entries.entry(Arc::clone(workspace)).or_default();
            entry.asked = None;
            // A probe that hung may come after another.
            if is_whole && entry.whole.as_ref().is_none_or(|whole| whole.at < answer.at) {
                entry.whole = Some(answer.clone());
            }
            change(entry);
        }
        if self.entries.len() > WORKSPACES {
            self.entries.retain(|_, entry| entry.asked.is_some() || entry.known().is_some());
        }
        workspaces
    }
}

pub(crate) const HANGS: &str = "its file system does not answer; it is asked again when it does";
const LATE_VERDICT: &str =
    "git status takes longer than 2 seconds; it is tried again less and less often";
const LATE_GIT: &str =
    "git does not answer within 2 seconds; it is tried again less and less often";
