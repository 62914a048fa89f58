//! Asks the user's git about a workspace: the repository's name, its branch, and whether tracked
//! files differ from the last commit.
//!
//! A [`Workspace`] is probed by threads of this crate; [`Workspace::hints`] returns what they found in the last
//! two seconds. Agents write in workspaces, so all files there are hostile input. A probe asks git in two
//! steps: `place` asks in the repository itself, by commands that start no program; `isolated` compares the
//! work tree in an isolated git directory, where the repository's configuration has no effect. In doubt,
//! a hint is left out.

mod child;
mod complaints;
mod git;
mod isolated;
mod place;
mod probes;
mod repository;
mod settings;
mod trust;
mod walk;
mod workspace;

use std::{path::Path, time::Duration};

pub use complaints::{Complaint, complaints};
use complaints::{Fault, complain};
pub use workspace::Workspace;

/// The result of a probe. Names are as in git: of any length, and with any character.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hints {
    /// The last segment of the repository's root. For a linked work tree, that of the main repository.
    pub repo_name: Option<String>,
    /// The short name of the branch; `None` on a detached `HEAD`.
    pub branch: Option<String>,
    /// Whether `git status --porcelain --untracked-files=no` would print anything; `None` in doubt.
    pub dirty: Option<bool>,
}

/// How long all processes of one probe may take together.
const DEADLINE: Duration = Duration::from_secs(2);

/// How much a probe asks git for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Depth {
    Name,
    Branch,
    Verdict,
}

/// Asks git for at most `most` of the repository at `root`. Before the verdict, `wait` gets the hints so far
/// and returns whether to continue. `None` if `wait` returns false.
fn probe(
    workspace: &Path,
    root: &Path,
    most: Depth,
    wait: impl FnOnce(&Hints) -> bool,
) -> Option<Hints> {
    let mut hints = Hints { repo_name: name_of(root), ..Hints::default() };
    let answer = if most == Depth::Name { None } else { git::Git::first(root) };
    match answer {
        Some((git, Ok(place))) => {
            let settings = settings::Settings::of(root, &git).unwrap_or_default();
            if place.points_back(root, settings.names_work_tree) {
                hints.repo_name = place.main_repository().or(hints.repo_name);
                hints.branch = place.branch();
                if let Some(settings) = settings.isolated.filter(|_| most == Depth::Verdict) {
                    if !git.pause(|| wait(&hints)) {
                        return None;
                    }
                    hints.dirty = isolated::verdict(root, &git, &place, &settings);
                }
            }
        }
        Some((_, Err(place::No::Refused))) => hints = Hints::default(),
        Some((_, Err(place::No::Fault(fault, reason)))) => {
            if fault == Fault::Untrusted {
                hints = Hints::default();
            }
            complain(fault, Some(workspace), &reason);
        }
        _ => {}
    }
    Some(hints)
}

fn name_of(path: &Path) -> Option<String> {
    Some(path.file_name()?.to_str()?.to_owned())
}
