//! What the user's git says of a workspace: the repository's name, its branch, and whether tracked
//! files differ from the last commit.
//!
//! A [`Workspace`] is looked at by threads of this crate, off the caller's; [`Workspace::known`] is
//! what they found in the last two seconds. Agents write in workspaces, so all that lies there is
//! hostile input. Git is asked in two steps: `place` asks, in the repository, where things are, by
//! commands that start no program; `room` has the work tree compared in a directory of its own,
//! where the repository's configuration has no say. What is not certain is not told.

mod child;
mod git;
mod place;
mod prober;
mod room;
mod settings;

use std::{
    path::Path,
    sync::OnceLock,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

pub use prober::{Workspace, changes};

/// What is known of a workspace's repository. Names are as git has them: of any length, and with
/// any character.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hints {
    /// The last segment of the repository's root, of a linked work tree that of its repository.
    pub repo_name: Option<String>,
    /// The short name of the branch; `None` on a detached `HEAD`.
    pub branch: Option<String>,
    /// Whether `git status --porcelain --untracked-files=no` would say anything; `None` in doubt.
    pub dirty: Option<bool>,
}

/// How long all processes of one probe may take together.
const DEADLINE: Duration = Duration::from_secs(2);

/// Asks git of the repository whose root is `root`.
fn probe(root: &Path) -> Hints {
    let mut hints = Hints { repo_name: name_of(root), ..Hints::default() };
    let Some(git) = git::Git::new(root, Instant::now() + DEADLINE) else {
        return hints;
    };
    let place = match place::Place::of(root, &git) {
        Ok(place) => place,
        Err(place::No::Refused) => return Hints::default(),
        Err(place::No::Doubt) => return hints,
    };
    let settings = settings::Settings::of(root, &git).unwrap_or_default();
    if place.points_back(root, settings.names_work_tree) {
        hints.repo_name = place.main_repository().or(hints.repo_name);
        hints.branch = place.branch();
        hints.dirty =
            settings.room.and_then(|settings| room::verdict(root, &git, &place, &settings));
    }
    hints
}

fn name_of(path: &Path) -> Option<String> {
    Some(path.file_name()?.to_str()?.to_owned())
}

static COMPLAINT: OnceLock<String> = OnceLock::new();

/// The first thing that kept hints away for a reason outside of any repository, such as a git that
/// is missing, in words for people. It is handed out once in a process.
pub fn complaint() -> Option<String> {
    static TAKEN: AtomicBool = AtomicBool::new(false);
    let text = COMPLAINT.get()?;
    (!TAKEN.swap(true, Ordering::Relaxed)).then(|| text.clone())
}

fn complain(text: impl Into<String>) {
    COMPLAINT.get_or_init(|| text.into());
}
