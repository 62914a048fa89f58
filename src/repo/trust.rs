//! Judges paths. A program is run, and the isolated git directory is made, only where no agent writes, and
//! where only root and the user of this process can write.
//!
//! Agents write in every workspace, in every git work tree, in `node_modules`, and in the state
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

/// The most places that are remembered. When there are more, all are forgotten. The next probe of a place
/// adds it again.
const PLACES: usize = 1 << 15;

/// The identity of a file, the same for all its names.
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

/// The places where agents write, each with its identity if the place exists. Workspaces that were not
/// probed yet are missing here.
static SEEN: LazyLock<Mutex<HashMap<PathBuf, Option<Id>>>> = LazyLock::new(Mutex::default);

/// Notes the real path and the identity of a place where an agent writes. Returns the real path.
pub(crate) fn note(place: &Path) -> Result<PathBuf, Stop> {
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

/// The purpose of a path.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    Program,
    /// The parent of an isolated git directory.
    Parent,
}

/// Why a path must not be used. First notes the places that were not probed yet.
pub(crate) fn objection(path: &Path, purpose: Use) -> Option<&'static str> {
    if !path.is_absolute() {
        return Some("it is not an absolute path");
    }
    let environment = Environment::get();
    let mut places = environment.states.clone();
    places.extend(workspace::names());
    places.retain(|place| !SEEN.lock().contains_key(place));
    for place in places {
        // No program can be run from a file system that hangs.
        if !probes::is_hung(&place) {
            let _ = note(&place);
        }
    }
    let mut ids: HashSet<Id> = SEEN.lock().values().flatten().cloned().collect();
    let (is_program, temporary) = (purpose == Use::Program, &environment.temporary);
    if is_program {
        ids.extend(Id::of(temporary));
    }
    // The name comes first, because comparing names cannot hang.
    let is_agents = |at: &Path| {
        workspace::is_named(at)
            || SEEN.lock().contains_key(at)
            || is_program && at == temporary
            || Id::of(at).is_some_and(|id| ids.contains(&id))
    };
    // Below a parent come the isolated git directory and a file in it.
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

/// How many names must follow a sticky directory. Users cannot remove each other's files there, but they can
/// add files.
#[cfg(unix)]
const STICKY: usize = 2;

/// Why other users may control the file at `at`. `below` is how many names follow.
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
    // The user's own group, if it has the user's number. On Debian and macOS also the group of the
    // administrators, to which package managers give the files below /usr/local.
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
