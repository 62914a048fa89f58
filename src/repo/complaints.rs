//! What keeps hints away, in words for the log: each fault once, and a bounded number of them.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
    sync::atomic::Ordering,
};

use parking_lot::Mutex;

use crate::prober::CHANGES;

/// The most faults that are told in a process.
const TOLD: usize = 64;

/// What requests lack, and why. Only a log may have it, as it can name a workspace.
#[derive(Clone, Debug)]
pub struct Complaint {
    /// What requests lack.
    pub consequence: String,
    /// Why, and what helps.
    pub reason: String,
}

static COMPLAINTS: Mutex<Option<Complaints>> = Mutex::new(None);

#[derive(Default)]
struct Complaints {
    told: HashSet<(Fault, Option<PathBuf>)>,
    waiting: Vec<Complaint>,
}

/// What keeps hints away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Fault {
    Missing,
    NotStarted,
    TooOld,
    NoThread,
    NoDirectory,
    Refused,
    /// The file system does not answer.
    Held,
    LateGit,
    LateVerdict,
}

/// Complaints that were not handed out yet. Each fault is told once in a process.
#[must_use]
pub fn complaints() -> Vec<Complaint> {
    COMPLAINTS.lock().as_mut().map(|all| std::mem::take(&mut all.waiting)).unwrap_or_default()
}

/// Complains of what requests of one workspace lack, or of all.
pub(crate) fn complain(fault: Fault, workspace: Option<&Path>, reason: impl Into<String>) {
    let mut complaints = COMPLAINTS.lock();
    let complaints = complaints.get_or_insert_default();
    if complaints.told.len() >= TOLD
        || !complaints.told.insert((fault, workspace.map(Path::to_owned)))
    {
        return;
    }
    let lacking = match fault {
        Fault::Refused | Fault::Held => "no repository hints",
        Fault::NoDirectory | Fault::LateVerdict => "no git_dirty_hint",
        _ => "no git_branch_hint and no git_dirty_hint",
    };
    let whose = workspace.map(|path| format!(" of the workspace {}", path.display()));
    let mut reason = reason.into();
    if complaints.told.len() == TOLD {
        reason.push_str(" (further faults of git are not logged)");
    }
    let consequence = format!("requests{} carry {lacking}", whose.unwrap_or_default());
    complaints.waiting.push(Complaint { consequence, reason });
    // Whoever looks next asks for it.
    CHANGES.fetch_add(1, Ordering::Release);
}
