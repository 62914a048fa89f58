//! What the user's git says of a workspace: the repository's name, its branch, and whether tracked
//! files differ from the last commit.
//!
//! A [`Workspace`] is looked at by threads of this crate, off the caller's; [`Workspace::known`] is
//! what they found in the last two seconds. Agents write in workspaces, so all that lies there is
//! hostile input. Git is asked in two steps: `place` asks, in the repository, where things are, by
//! commands that start no program; `room` has the work tree compared in a directory of its own,
//! where the repository's configuration has no say. What is not certain is not told.

mod child;
mod complaints;
mod git;
mod place;
mod prober;
mod queue;
mod record;
mod room;
mod settings;
mod table;
mod trust;
mod walk;

use std::{
    path::Path,
    time::{Duration, Instant},
};

pub use complaints::{Complaint, complaints};
use complaints::{Fault, complain};
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

/// How much is asked, or was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Depth {
    Name,
    Branch,
    Verdict,
}

/// What a probe found.
#[derive(Default)]
struct Found {
    hints: Hints,
    /// What git had no time left for.
    late: Option<Depth>,
    /// Git does not trust the owner.
    is_untrusted: bool,
}

/// Asks git of the repository whose root is `root`, no more than `most`. What is known before the
/// verdict is handed to `tell`.
fn probe(root: &Path, most: Depth, tell: impl FnOnce(&Hints)) -> Found {
    let mut found = Found::default();
    found.hints.repo_name = name_of(root);
    if most == Depth::Name {
        return found;
    }
    let mut failure = None;
    for git in git::Git::all(Instant::now() + DEADLINE) {
        match place::Place::of(root, &git) {
            Ok(place) => look(root, &git, &place, &mut found, most, tell),
            Err(place::No::Refused) => found.hints = Hints::default(),
            Err(place::No::Untrusted) => {
                found = Found { is_untrusted: true, ..Found::default() };
            }
            Err(place::No::Doubt) if git.failure().is_some() => {
                failure = failure.or(git.failure().map(str::to_owned));
                continue;
            }
            Err(place::No::Doubt) => found.late = git.is_late().then_some(Depth::Branch),
        }
        return found;
    }
    if let Some(failure) = failure {
        complain(Fault::NotStarted, None, failure);
    }
    found
}

/// The rest of a probe, where the place is known.
fn look(
    root: &Path,
    git: &git::Git,
    place: &place::Place,
    found: &mut Found,
    most: Depth,
    tell: impl FnOnce(&Hints),
) {
    let settings = settings::Settings::of(root, git).unwrap_or_default();
    if git.is_late() {
        found.late = Some(Depth::Branch);
    } else if place.points_back(root, settings.names_work_tree) {
        found.hints.repo_name = place.main_repository().or(found.hints.repo_name.take());
        found.hints.branch = place.branch();
        if let Some(settings) = settings.room.filter(|_| most == Depth::Verdict) {
            tell(&found.hints);
            found.hints.dirty = room::verdict(root, git, place, &settings);
            let is_late = found.hints.dirty.is_none() && git.is_late();
            found.late = is_late.then_some(Depth::Verdict);
        }
    }
}

fn name_of(path: &Path) -> Option<String> {
    Some(path.file_name()?.to_str()?.to_owned())
}
