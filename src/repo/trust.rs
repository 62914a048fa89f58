//! Which programs may be run: none that lies where an agent or another user can write.
//!
//! - An agent writes in every workspace, in the work tree around it, in the state directory of
//!   `OpenClaw` and in the temporary directory.
//! - Each directory on the way to a program, and on the way of each symbolic link, must belong to the
//!   system or to the user of this process, and nobody else may write to it.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
    sync::{Arc, LazyLock},
};

use parking_lot::Mutex;

use crate::walk::walk;

/// How many places are remembered. Beyond them nobody is trusted any more.
const PLACES: usize = 4096;

/// Where agents write, by name and by identity.
#[derive(Clone, Default)]
struct Places {
    names: HashSet<PathBuf>,
    ids: HashSet<Id>,
}

impl Places {
    /// Whether a directory is the work tree around such a place.
    fn is_work_tree(&self, dir: &Path) -> bool {
        self.names.iter().any(|place| place.starts_with(dir))
            && dir.join(".git").symlink_metadata().is_ok()
    }
}

/// It is replaced, not held, so that nobody waits for a thread that looks at files.
static KNOWN: LazyLock<Mutex<Arc<Places>>> = LazyLock::new(Mutex::default);

/// What a file is, whatever it is called.
#[cfg(unix)]
type Id = (u64, u64);
#[cfg(not(unix))]
type Id = PathBuf;

fn id(path: &Path) -> Option<Id> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        path.metadata().ok().map(|found| (found.dev(), found.ino()))
    }
    #[cfg(not(unix))]
    path.canonicalize().ok()
}

/// Notes a place where an agent writes, by its name alone. Whether it was not known.
pub(crate) fn note(place: &Path) -> bool {
    let mut known = KNOWN.lock();
    let is_known = place.ancestors().any(|place| known.names.contains(place));
    !is_known
        && known.names.len() <= PLACES
        && Arc::make_mut(&mut known).names.insert(place.to_owned())
}

/// Notes what such a place is in truth. It is looked at.
pub(crate) fn note_real(place: &Path) {
    if let Ok(real) = place.canonicalize()
        && note(&real)
    {
        Arc::make_mut(&mut KNOWN.lock()).ids.extend(id(&real));
    }
}

/// Why a program, or a directory with programs, is not to be used.
pub(crate) fn objection(path: &Path) -> Option<&'static str> {
    let known = Arc::clone(&KNOWN.lock());
    if known.names.len() > PLACES {
        return Some("too many workspaces were seen to know where agents write");
    }
    // By name first, which cannot hang.
    if path.ancestors().any(|place| known.names.contains(place)) {
        return Some(AGENTS);
    }
    let mut objection = None;
    let real = walk(path, |at, rest| {
        let is_agents = known.names.contains(at)
            || known.is_work_tree(at)
            || id(at).is_some_and(|id| known.ids.contains(&id));
        objection = if is_agents { Some(AGENTS) } else { others(at, rest.len()) };
        objection.is_none()
    });
    objection.or_else(|| real.is_none().then_some(MISSING))
}

/// Why what is made in a directory may be replaced by another user.
pub(crate) fn objection_to_parent(dir: &Path) -> Option<&'static str> {
    let mut objection = None;
    walk(dir, |at, _| {
        objection = others(at, STICKY);
        objection.is_none()
    });
    objection
}

pub(crate) const MISSING: &str = "it cannot be found";

const AGENTS: &str = "agents can write there";

/// How many names must follow a sticky directory: nobody can take away what another has put there, but
/// all can put something beside it.
const STICKY: usize = 2;

/// Why what is at `at` may be another user's. `below` is how many names follow.
#[cfg(unix)]
fn others(at: &Path, below: usize) -> Option<&'static str> {
    use rustix::process::{getegid, geteuid};
    use std::os::unix::fs::MetadataExt;

    let Ok(found) = at.symlink_metadata() else {
        return Some(MISSING);
    };
    // Whoever has the root directory has everything; where ids are mapped, that is not 0.
    let root = Path::new("/").metadata().ok();
    let root = root.map(|root| (root.uid(), root.gid()));
    let (user, group) = (geteuid().as_raw(), getegid().as_raw());
    if found.uid() != 0 && found.uid() != user && root.is_none_or(|root| root.0 != found.uid()) {
        return Some("another user owns it, or a directory on the way to it");
    }
    if found.is_symlink() {
        return None;
    }
    // Of the user alone, as far as a number tells; the administrators' on Debian and macOS, whose
    // package managers give it what is below /usr/local.
    let is_private = group == user && found.gid() == group;
    let administrators = if cfg!(target_os = "macos") { 80 } else { 50 };
    let is_trusted = found.gid() == 0
        || found.gid() == administrators
        || is_private
        || root.is_some_and(|root| root.1 == found.gid());
    let writers = if is_trusted { 0o002 } else { 0o022 };
    let is_sticky = found.mode() & 0o1000 != 0 && below >= STICKY;
    (found.mode() & writers != 0 && !is_sticky)
        .then_some("other users can write to it, or to a directory on the way to it")
}

#[cfg(not(unix))]
fn others(_: &Path, _: usize) -> Option<&'static str> {
    None
}
