//! The verdict: git compares the work tree in a directory of its own, by the repository's index and
//! objects, and without its configuration. Nothing that names a program exists there.

use std::{
    fs::{self, File},
    io::{self, BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use tempfile::TempDir;

use crate::{
    child::Output,
    complaints::{Fault, complain},
    git::{Environment, Git, is_within},
    place::{Place, open},
    trust,
};

/// The most bytes that are copied into a room.
const COPIED: u64 = 64 << 20;

/// How many of a directory's entries are looked at to find a shared index.
const ENTRIES: usize = 1000;

/// What the name of a room begins with, before letters and digits.
const PREFIX: &str = "taas-git-";

/// How old a room is that nobody is in any more.
const LEFT: Duration = Duration::from_secs(3600);

const STATUS: &str = "status --porcelain=v2 -z --untracked-files=no --ignore-submodules=dirty \
    --no-renames";

/// Whether tracked files differ from the last commit; `None` in doubt.
pub(crate) fn verdict(root: &Path, git: &Git, place: &Place, settings: &str) -> Option<bool> {
    // The room does not know which objects stand for others.
    let replaced = "for-each-ref --count=1 --format=%(refname) refs/replace/";
    if git.text(&mut git.command(root, replaced))? != (Some(0), String::new()) {
        return None;
    }
    let dir = furnish(root, place, settings).ok()?;
    let none = dir.path().join("none");
    let command = |words| -> Command {
        let mut command = git.command(root, words);
        command.envs([
            ("GIT_DIR", dir.path()),
            ("GIT_WORK_TREE", root),
            ("GIT_INDEX_FILE", &place.index),
            ("GIT_OBJECT_DIRECTORY", &place.objects),
            // The user's configuration may name programs. Some gits know it by its place alone.
            ("HOME", dir.path()),
            ("XDG_CONFIG_HOME", dir.path()),
            ("GIT_CONFIG_GLOBAL", &none),
            ("GIT_CONFIG_NOSYSTEM", Path::new("1")),
        ]);
        command
    };
    let said =
        |words, is| match git.run(&mut command(words), false, |output| records(output, is))? {
            (Some(0), Ok(said)) => Some(said),
            _ => None,
        };
    // "1 .M N..." is a file, "1 .M SC.." a submodule.
    match said(STATUS, |record| record.get(5) == Some(&b'N'))? {
        (_, true) => Some(true),
        // What of a submodule counts is for settings to say that the room does not have.
        (true, false) => None,
        (false, false) => match said("ls-files -s -z", |entry| entry.starts_with(b"160000 "))? {
            (_, true) => None,
            _ => Some(false),
        },
    }
}

/// Whether there are records, and whether there is one that begins as `is` says.
fn records(output: &mut Output<'_>, is: fn(&[u8]) -> bool) -> io::Result<(bool, bool)> {
    let mut output = BufReader::new(output);
    let (mut any, mut one) = (false, false);
    loop {
        let mut start = Vec::new();
        if output.by_ref().take(7).read_until(0, &mut start)? == 0 {
            return Ok((any, one));
        }
        (any, one) = (true, one || is(&start));
        if start.last() != Some(&0) {
            output.skip_until(0)?;
        }
    }
}

/// Makes the room. It fails where there is no place for it outside of the repository, or something
/// that git needs cannot be brought in.
fn furnish(root: &Path, place: &Place, settings: &str) -> io::Result<TempDir> {
    let format = match place.object_format.as_str() {
        "sha1" => "repositoryFormatVersion = 0",
        "sha256" => "repositoryFormatVersion = 1\n[extensions]\nobjectFormat = sha256",
        _ => return Err(io::ErrorKind::Unsupported.into()),
    };
    let base = &Environment::get().temporary;
    if is_within(base, root) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    // Whoever can rename our directory can put another in its place.
    if let Some(objection) = trust::objection_to_parent(base) {
        let reason = format!("the temporary directory {} is not used: {objection}", base.display());
        complain(Fault::NoDirectory, None, reason);
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    let mut builder = tempfile::Builder::new();
    // Nobody else may enter it, whatever the umask is. The mode is an argument of mkdir.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    let dir = builder.prefix(PREFIX).tempdir_in(base).inspect_err(|error| {
        let reason = format!("there is no temporary directory for git: {error}");
        complain(Fault::NoDirectory, None, reason);
    })?;
    let inside = dir.path();
    let head = place.head.as_deref().unwrap_or("ref: refs/heads/unborn");
    fs::write(inside.join("HEAD"), format!("{head}\n"))?;
    let settings = format!("{settings}[core]\n{format}\n");
    fs::write(inside.join("config"), settings)?;
    fs::create_dir(inside.join("refs"))?;
    fs::create_dir(inside.join("info"))?;
    // What git looks for beside its configuration, and not where the environment says.
    let attributes = place.common_dir.join("info/attributes");
    let mut left = COPIED;
    if attributes.symlink_metadata().is_ok() {
        left = copy(&attributes, &inside.join("info/attributes"), left)?;
    }
    for entry in fs::read_dir(&place.git_dir)?.take(ENTRIES) {
        let name = entry?.file_name();
        // Git would mark the repository's own one as used, by its time.
        if name.to_string_lossy().starts_with("sharedindex.") {
            left = copy(&place.git_dir.join(&name), &inside.join(&name), left)?;
        }
    }
    Ok(dir)
}

/// Copies a file that is no longer than `left`, and returns how much is left then.
fn copy(from: &Path, to: &Path, left: u64) -> io::Result<u64> {
    let file = open(from)?;
    let length = file.metadata()?.len();
    io::copy(&mut file.take(length.min(left)), &mut File::create_new(to)?)?;
    left.checked_sub(length).ok_or(io::ErrorKind::FileTooLarge.into())
}

/// Deletes rooms that processes left behind when they ended: those of this user that are old.
pub(crate) fn sweep() {
    let entries = fs::read_dir(&Environment::get().temporary);
    for entry in entries.into_iter().flatten().flatten() {
        let name = entry.file_name();
        let rest = name.to_str().and_then(|name| name.strip_prefix(PREFIX));
        if rest.is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_alphanumeric()))
            && is_left(&entry.path())
        {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Whether this is a directory, and no link to one, of this user, that is old.
fn is_left(path: &Path) -> bool {
    let Ok(found) = path.symlink_metadata() else {
        return false;
    };
    #[cfg(unix)]
    let is_ours =
        std::os::unix::fs::MetadataExt::uid(&found) == rustix::process::geteuid().as_raw();
    #[cfg(not(unix))]
    let is_ours = true;
    let age = found.modified().ok().and_then(|at| at.elapsed().ok());
    found.is_dir() && is_ours && age.is_some_and(|age| age > LEFT) && is_shallow(path)
}

/// Whether a directory holds no more than a room does: deleting deeper ones takes a descriptor for each
/// level.
fn is_shallow(path: &Path) -> bool {
    let dirs = |path: &Path| -> Vec<PathBuf> {
        let entries = fs::read_dir(path).into_iter().flatten().flatten();
        let dirs = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
        dirs.map(|entry| entry.path()).take(ENTRIES).collect()
    };
    dirs(path).iter().all(|dir| dirs(dir).is_empty())
}
