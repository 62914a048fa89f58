//! Messages for the log about missing hints. Each fault is reported once.

use std::{
    collections::HashSet,
    mem,
    path::{Path, PathBuf},
    sync::LazyLock,
};

use parking_lot::Mutex;

use crate::Depth;

/// The most faults of single workspaces that a process logs. There are only a few faults of the whole process.
const MOST: usize = 64;

/// A reason for missing hints. It is for the log only, because it can contain a path.
#[derive(Clone, Debug)]
pub struct Complaint {
    /// The consequence for requests.
    pub consequence: String,
    /// The cause and the remedy.
    pub reason: String,
}

#[derive(Default)]
struct Complaints {
    known: HashSet<(Fault, Option<PathBuf>)>,
    workspaces: usize,
    waiting: Vec<Complaint>,
}

static COMPLAINTS: LazyLock<Mutex<Complaints>> = LazyLock::new(Mutex::default);

/// A cause of missing hints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Fault {
    /// No git can be used.
    NoGit,
    TooOld,
    NoThread,
    NoDirectory,
    /// Git does not trust the repository's owner.
    Untrusted,
    /// Git cannot read the repository.
    Unreadable,
    /// The file system does not answer.
    Hangs,
    LateGit,
    LateVerdict,
}

/// Complains that git is too slow in a workspace. For a while, a probe asks git for `most` only.
pub(crate) fn late(workspace: &Path, most: Depth) {
    let (fault, what) = match most {
        Depth::Name => (Fault::LateGit, "git does not answer within 2 seconds"),
        _ => (Fault::LateVerdict, "git status and its wait take longer than 2 seconds"),
    };
    let reason = format!("{what}; it is tried again less and less often");
    complain(fault, Some(workspace), &reason);
}

/// The new complaints. Each fault is reported once in a process.
#[must_use]
pub fn complaints() -> Vec<Complaint> {
    mem::take(&mut COMPLAINTS.lock().waiting)
}

/// Reports a fault of `workspace`, or of all workspaces if there is none.
pub(crate) fn complain(fault: Fault, workspace: Option<&Path>, reason: &str) {
    let mut complaints = COMPLAINTS.lock();
    if workspace.is_some() && complaints.workspaces == MOST
        || !complaints.known.insert((fault, workspace.map(Path::to_owned)))
    {
        return;
    }
    complaints.workspaces += usize::from(workspace.is_some());
    let lacking = match fault {
        Fault::Untrusted | Fault::Hangs => "no repository hints",
        Fault::NoDirectory | Fault::LateVerdict => "no git_dirty_hint",
        Fault::TooOld => "incomplete repository hints",
        _ => "no git_branch_hint and no git_dirty_hint",
    };
    let whose = workspace.map(|path| format!(" of the workspace {}", path.display()));
    let consequence = format!("requests{} carry {lacking}", whose.unwrap_or_default());
    let is_last = workspace.is_some() && complaints.workspaces == MOST;
    let note = if is_last { " (faults of further workspaces are not logged)" } else { "" };
    complaints.waiting.push(Complaint { consequence, reason: format!("{reason}{note}") });
}
