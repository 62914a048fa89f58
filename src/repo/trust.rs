//! Judges places: a program is run, and the isolated git directory is made, only where nobody but root and
//! the user of this process can write, and where no agent writes.
//!
//! Agents write in every workspace, in every git work tree, in what npm installs, and in the state
//! directory of `OpenClaw`. They may also put programs into the temporary directory.

use std::{
    collections::{HashMap, HashSet},
    path::{Path, PathBuf},
    sync::LazyLock,
};

use parking_lot::Mutex;

use crate::{
    git::Environment,
    probes,
    walk::{Stop, walk},
    workspace,
};

/// The most places that are remembered. When there are more, all are forgotten: each comes back with its
/// next probe.
const PLACES: usize = 1 << 15;

/// The identity of a file, by whatever name it is reached.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Id(#[cfg(unix)] (u64, u64), #[cfg(not(unix))] PathBuf);

impl Id {
    fn of(path: &Path) -> Option<Self> {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            path.metadata().ok().map(|found| Self((found.dev(), found.ino())))
        }
        #[cfg(not(unix))]
        path.canonicalize().ok().map(Self)
    }
}

/// Places where agents write that were looked at, each with its identity where it exists. Workspaces whose
/// turn has not come are known by name alone.
static SEEN: LazyLock<Mutex<HashMap<PathBuf, Option<Id>>>> = LazyLock::new(Mutex::default);

/// Looks at a place where an agent writes, and notes its real name and its identity.
pub(crate) fn look_at(place: &Path) -> Result<PathBuf, Stop> {
    let real = walk(place, |_, _| true);
    if real != Err(Stop::Hangs) {
        let found = real.as_deref().ok().and_then(Id::of);
        let mut seen = SEEN.lock();
        if seen.len() >= PLACES {
            seen.clear();
        }
        seen.extend(real.iter().map(|real| (real.clone(), found.clone())));
        seen.insert(place.to_owned(), found);
    }
    real
}

pub(crate) const MISSING: &str = "it cannot be found";

/// What is to be made or run at a path.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    Program,
    /// A directory in which one of ours is made.
    Parent,
}

/// Why a path is not to be used. Every place that is known by name alone is looked at first.
pub(crate) fn objection(path: &Path, purpose: Use) -> Option<&'static str> {
    if !path.is_absolute() {
        return Some("it is not an absolute path");
    }
    let environment = Environment::get();
    let mut places = environment.states.clone();
    places.extend(workspace::names());
    places.retain(|place| !SEEN.lock().contains_key(place));
    for place in places {
        // Where a file system hangs, nothing can be run from it.
        if !probes::is_hung(&place) {
            let _ = look_at(&place);
        }
    }
    let mut ids: HashSet<Id> = SEEN.lock().values().flatten().cloned().collect();
    let (is_program, temporary) = (purpose == Use::Program, &environment.temporary);
    if is_program {
        ids.extend(Id::of(temporary));
    }
    // By name first, as that cannot hang.
    let is_agents = |at: &Path| {
        workspace::is_named(at)
            || SEEN.lock().contains_key(at)
            || is_program && at == temporary
            || Id::of(at).is_some_and(|id| ids.contains(&id))
    };
    // Our directory and a file in it follow in a parent.
    let below = if is_program { 0 } else { 2 };
    let mut objection = None;
    let real = walk(path, |at, names| {
        objection = if at.ends_with("node_modules") {
            Some("it lies in node_modules, where agents install programs")
        } else if is_agents(at) {
            Some("agents can write there")
        } else if at.join(".git").symlink_metadata().is_ok() {
            Some("it lies in a git work tree, where agents can write")
        } else {
            others(at, names + below)
        };
        objection.is_none()
    });
    match real {
        Ok(_) => None,
        Err(Stop::Hangs) => Some("its file system does not answer"),
        Err(Stop::Refused) => objection.or(Some(MISSING)),
    }
}

/// How many names must follow a sticky directory: nobody can take away what another has put there, but
/// all can put something beside it.
#[cfg(unix)]
const STICKY: usize = 2;

/// Why what is at `at` may be another user's. `below` is how many names follow.
#[cfg(unix)]
fn others(at: &Path, below: usize) -> Option<&'static str> {
    use rustix::process::{getegid, geteuid};
    use std::os::unix::fs::MetadataExt;

    let Ok(found) = at.symlink_metadata() else {
        return Some(MISSING);
    };
    let (user, group) = (geteuid().as_raw(), getegid().as_raw());
    if found.uid() != 0 && found.uid() != user {
        return Some("another user owns it, or a directory on the way to it");
    }
    if found.is_symlink() {
        return None;
    }
    // The user's own group, as far as a number tells, or the administrators' on Debian and macOS, whose
    // package managers give it what is below /usr/local.
    let administrators = if cfg!(target_os = "macos") { 80 } else { 50 };
    let is_private = group == user && found.gid() == group;
    let is_trusted = found.gid() == 0 || found.gid() == administrators || is_private;
    // An access list gives the group's bits another meaning.
    #[cfg(target_os = "linux")]
    let is_trusted = is_trusted && rustix::fs::lgetxattr(at, ACCESS_LIST, &mut [0_u8; 0]).is_err();
    let writers = if is_trusted { 0o002 } else { 0o022 };
    let is_sticky = found.mode() & 0o1000 != 0 && below >= STICKY;
    (found.mode() & writers != 0 && !is_sticky)
        .then_some("other users can write to it, or to a directory on the way to it")
}

#[cfg(target_os = "linux")]
const ACCESS_LIST: &str = "system.posix_acl_access";

#[cfg(not(unix))]
fn others(_: &Path, _: usize) -> Option<&'static str> {
    None
}
