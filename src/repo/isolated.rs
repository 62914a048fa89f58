//! The verdict: git compares the work tree by the repository's index and objects in an isolated git
//! directory, without the repository's configuration. Nothing that names a program exists there.

use std::{
    fs::{self, File},
    io::{self, BufRead, BufReader, Read},
    path::Path,
    process::Command,
    time::Duration,
};

use tempfile::TempDir;

use crate::{
    complaints::{Fault, complain},
    git::{Environment, Git},
    place::{Place, open},
    trust::{self, Use},
};

/// The most bytes that are copied into an isolated git directory.
const COPIED: u64 = 64 << 20;

/// How many of a directory's entries are read to find a shared index.
const ENTRIES: usize = 1000;

/// The start of an isolated git directory's name, and the number of letters and digits after it.
const PREFIX: &str = "taas-git-";
const RANDOM: usize = 6;

/// The start of its configuration.
const MARK: &str = "# isolated git directory of openclaw-taas-affinity\n";

/// At this age, no git can use an isolated git directory any more.
const LEFT: Duration = Duration::from_secs(3600);

const STATUS: &str = "status --porcelain=v2 -z --untracked-files=no --ignore-submodules=dirty \
    --no-renames";

/// Whether tracked files differ from the last commit; `None` in doubt.
pub(crate) fn verdict(root: &Path, git: &Git, place: &Place, settings: &str) -> Option<bool> {
    // The isolated git directory has no list of replaced objects.
    let replaced = "for-each-ref --count=1 --format=%(refname) refs/replace/";
    let said = git.text(&mut git.command(root, replaced), false).ok()?;
    (said == (0, String::new())).then_some(())?;
    let dir = make(place, settings)?;
    bring(place, dir.path()).ok()?;
    let none = dir.path().join("none");
    let command = |words| -> Command {
        let mut command = git.command(root, words);
        command.envs([
            ("GIT_DIR", dir.path()),
            ("GIT_WORK_TREE", root),
            ("GIT_INDEX_FILE", &place.index),
            ("GIT_OBJECT_DIRECTORY", &place.objects),
            // The user's configuration may name programs. Git before 2.32 ignores `GIT_CONFIG_GLOBAL`.
            ("HOME", dir.path()),
            ("XDG_CONFIG_HOME", dir.path()),
            ("GIT_CONFIG_GLOBAL", &none),
            ("GIT_CONFIG_NOSYSTEM", Path::new("1")),
        ]);
        command
    };
    let said = |words, is| records(git.output(root, &mut command(words))?, is).ok();
    // "1 .M N..." is a file, "1 .M SC.." a submodule.
    match said(STATUS, |record| record.get(5) == Some(&b'N'))? {
        (_, true) => Some(true),
        // Settings that are not copied decide what counts in a submodule.
        (true, false) => None,
        (false, false) => match said("ls-files -s -z", |entry| entry.starts_with(b"160000 "))? {
            (_, true) => None,
            _ => Some(false),
        },
    }
}

/// Whether there are records, and whether `is` holds for one of them.
fn records(output: File, is: fn(&[u8]) -> bool) -> io::Result<(bool, bool)> {
    let (mut any, mut one) = (false, false);
    for record in BufReader::new(output).split(0) {
        (any, one) = (true, is(&record?) || one);
    }
    Ok((any, one))
}

/// Makes an isolated git directory. If this fails, the log says why.
fn make(place: &Place, settings: &str) -> Option<TempDir> {
    let format = match place.object_format.as_str() {
        "sha1" => "repositoryFormatVersion = 0",
        "sha256" => "repositoryFormatVersion = 1\n[extensions]\nobjectFormat = sha256",
        _ => return None,
    };
    let base = &Environment::get().temporary;
    if let Some(objection) = trust::objection(base, Use::Parent) {
        let base = base.display();
        let reason = format!("the temporary directory {base} is not used: {objection}");
        complain(Fault::NoDirectory, None, &reason);
        return None;
    }
    let mut builder = tempfile::Builder::new();
    // Other users must not enter the directory, whatever the umask is. The mode is an argument of mkdir.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    let dir = builder.prefix(PREFIX).rand_bytes(RANDOM).tempdir_in(base);
    let made = dir.and_then(|dir| {
        let head = place.head.as_deref().unwrap_or("ref: refs/heads/unborn");
        fs::write(dir.path().join("config"), format!("{MARK}{settings}[core]\n{format}\n"))?;
        fs::write(dir.path().join("HEAD"), format!("{head}\n"))?;
        fs::create_dir(dir.path().join("refs"))?;
        fs::create_dir(dir.path().join("info"))?;
        Ok(dir)
    });
    let complain = |error: &io::Error| {
        let reason = format!("the temporary directory {} cannot be used: {error}", base.display());
        complain(Fault::NoDirectory, None, &reason);
    };
    made.inspect_err(complain).ok()
}

/// Copies the files that git reads from its directory, wherever the environment points.
fn bring(place: &Place, inside: &Path) -> io::Result<()> {
    let attributes = place.common_dir.join("info/attributes");
    let mut left = COPIED;
    if attributes.symlink_metadata().is_ok() {
        left = copy(&attributes, &inside.join("info/attributes"), left)?;
    }
    for entry in fs::read_dir(&place.git_dir)?.take(ENTRIES) {
        let name = entry?.file_name();
        // Git would update the time of the repository's own file.
        if name.to_string_lossy().starts_with("sharedindex.") {
            left = copy(&place.git_dir.join(&name), &inside.join(&name), left)?;
        }
    }
    Ok(())
}

/// Copies a file of at most `left` bytes. Returns how many bytes may still be copied.
fn copy(from: &Path, to: &Path, left: u64) -> io::Result<u64> {
    let file = open(from)?;
    let length = file.metadata()?.len();
    io::copy(&mut file.take(length.min(left)), &mut File::create_new(to)?)?;
    left.checked_sub(length).ok_or(io::ErrorKind::FileTooLarge.into())
}

/// Deletes this user's old isolated git directories, which killed processes left behind. Does nothing if
/// the temporary directory may not be used.
pub(crate) fn sweep() {
    let base = &Environment::get().temporary;
    let is_used = trust::objection(base, Use::Parent).is_none();
    let entries = is_used.then(|| fs::read_dir(base));
    for entry in entries.into_iter().flatten().flatten().flatten() {
        let name = entry.file_name();
        let rest = name.to_str().and_then(|name| name.strip_prefix(PREFIX));
        let is_ours = |rest: &str| {
            rest.len() == RANDOM && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
        };
        if rest.is_some_and(is_ours) && is_left(&entry.path()) {
            delete(&entry.path());
        }
    }
}

/// Whether `path` is an old isolated git directory of this user, and not a link.
fn is_left(path: &Path) -> bool {
    let Ok(found) = path.symlink_metadata() else {
        return false;
    };
    #[cfg(unix)]
    let is_users =
        std::os::unix::fs::MetadataExt::uid(&found) == rustix::process::geteuid().as_raw();
    #[cfg(not(unix))]
    let is_users = true;
    let age = found.modified().ok().and_then(|at| at.elapsed().ok());
    let is_marked = || {
        let mut start = vec![0; MARK.len()];
        let read = open(&path.join("config")).and_then(|mut file| file.read_exact(&mut start));
        read.is_ok() && start == MARK.as_bytes()
    };
    found.is_dir() && is_users && age.is_some_and(|age| age > LEFT) && is_marked()
}

/// Deletes an isolated git directory. Deeper files that the plugin does not make stay.
fn delete(path: &Path) {
    let files = fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path());
    files.chain([path.join("info/attributes")]).for_each(|file| _ = fs::remove_file(file));
    for dir in ["info", "refs", ""] {
        let _ = fs::remove_dir(path.join(dir));
    }
}
