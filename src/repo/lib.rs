//! What the user's git says of a workspace: the repository's name, its branch, and whether tracked
//! files differ from the last commit.
//!
//! A [`Workspace`] is probed by threads of this crate; [`Workspace::known`] is what they found in the last
//! two seconds. Agents write in workspaces, so all that lies there is hostile input. Git is asked in two
//! steps: `place` asks in the repository itself, by commands that start no program; `isolated` compares the
//! work tree in an isolated git directory, where the repository's configuration has no effect. In doubt,
//! a hint is left out.

mod child;
mod complaints;
mod git;
mod isolated;
mod place;
mod prober;
mod repository;
mod settings;
mod table;
mod trust;
mod walk;

use std::{path::Path, time::Duration};

use complaints::Fault;
pub use complaints::{Complaint, complaints};
pub use prober::Workspace;

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
#[derive(Clone, Copy, PartialEq, Eq)]
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
    /// What is wrong with the workspace, for the log.
    fault: Option<(Fault, String)>,
    /// The verdict is still to be asked for.
    is_unfinished: bool,
}

/// Asks git about the repository whose root is `root`, no more than `most`. Before the verdict, `wait` gets
/// what is known so far, and says whether to go on.
fn probe(root: &Path, most: Depth, wait: impl FnOnce(&Hints) -> bool) -> Found {
    let mut found = Found::default();
    found.hints.repo_name = name_of(root);
    if most == Depth::Name {
        return found;
    }
    match git::Git::first(DEADLINE, |git| place::Place::of(root, git)) {
        None => {}
        Some((git, Ok(place))) => look(root, &git, &place, &mut found, most, wait),
        Some((_, Err(place::No::Refused))) => found.hints = Hints::default(),
        Some((_, Err(place::No::Untrusted))) => {
            let root = root.canonicalize().unwrap_or_else(|_| root.to_owned());
            let root = root.display().to_string().replace('\'', r"'\''");
            let reason = format!(
                "git does not trust the owner of the repository; to trust it, run as the gateway's \
                 user: git config --global --add safe.directory '{root}'"
            );
            found = Found { fault: Some((Fault::Untrusted, reason)), ..Found::default() };
        }
        Some((_, Err(place::No::Unreadable(why)))) => {
            let reason = format!("git cannot read the repository: {why}");
            found.fault = Some((Fault::Unreadable, reason));
        }
        Some((git, Err(place::No::Doubt))) => found.late = git.is_late().then_some(Depth::Branch),
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
    wait: impl FnOnce(&Hints) -> bool,
) {
    let settings = settings::Settings::of(root, git).unwrap_or_default();
    if git.is_late() {
        found.late = Some(Depth::Branch);
    } else if place.points_back(root, settings.names_work_tree) {
        found.hints.repo_name = place.main_repository().or(found.hints.repo_name.take());
        found.hints.branch = place.branch();
        if let Some(settings) = settings.isolated.filter(|_| most == Depth::Verdict) {
            if !git.pause(|| wait(&found.hints)) {
                found.is_unfinished = true;
                return;
            }
            found.hints.dirty = isolated::verdict(root, git, place, &settings);
            let is_late = found.hints.dirty.is_none() && git.is_late();
            found.late = is_late.then_some(Depth::Verdict);
        }
    }
}

fn name_of(path: &Path) -> Option<String> {
    Some(path.file_name()?.to_str()?.to_owned())
}
