//! The verdict: git compares the work tree in a directory of its own, by the repository's index and
//! objects, and without its configuration. Nothing that names a program exists there.

use std::{
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

use crate::{
    child::End,
    complain,
    git::{Environment, Git, is_within},
    place::{Place, open},
    settings::Settings,
};

/// The most bytes that are copied into a room.
const COPIED: u64 = 64 << 20;

/// How many of a directory's entries are looked at to find a shared index.
const ENTRIES: usize = 1000;

const STATUS: &[&str] = &[
    "status",
    "--porcelain=v2",
    "--untracked-files=no",
    "--ignore-submodules=dirty",
    "--no-renames",
    "-z",
];

/// Whether tracked files differ from the last commit; `None` in doubt.
pub(crate) fn verdict(root: &Path, git: &Git, place: &Place, settings: &Settings) -> Option<bool> {
    if settings.is_doubtful || has_replacements(root, git) {
        return None;
    }
    let configuration = settings.for_room(&place.object_format)?;
    let inside = Room::new(root, place, &configuration)?;
    let mut is_dirty = false;
    let mut dirty_submodules = false;
    let end = git.run(&mut inside.command(git, STATUS), 0, |record| {
        match changed(record) {
            Some(Changed::File) => is_dirty = true,
            Some(Changed::Submodule) => dirty_submodules = true,
            None => return false,
        }
        true
    });
    match end {
        End::Success if is_dirty => Some(true),
        // What of a submodule counts is for its settings to say.
        End::Success if !dirty_submodules && !has_submodules(git, &inside) => Some(false),
        _ => None,
    }
}

/// Whether some objects stand for others, which the room does not know.
fn has_replacements(root: &Path, git: &Git) -> bool {
    let arguments = [
        "for-each-ref",
        "--count=1",
        "--format=%(refname)",
        "refs/replace/",
    ];
    let mut some = false;
    let end = git.run(&mut git.command(root, &arguments), b'\n', |_| {
        some = true;
        true
    });
    some || !matches!(end, End::Success)
}

/// Whether a submodule is in the index, or git does not say.
fn has_submodules(git: &Git, room: &Room) -> bool {
    let mut command = room.command(git, &["ls-files", "-s", "-z"]);
    let end = git.run(&mut command, 0, |entry| !entry.starts_with(b"160000 "));
    !matches!(end, End::Success)
}

enum Changed {
    File,
    Submodule,
}

/// What a record of `git status --porcelain=v2` without renames tells of.
fn changed(record: &[u8]) -> Option<Changed> {
    let mut fields = record.split(|&byte| byte == b' ');
    let (kind, submodule) = (fields.next()?, fields.nth(1)?);
    match (kind, submodule.first()?) {
        (b"1" | b"u", b'N') => Some(Changed::File),
        (b"1" | b"u", b'S') => Some(Changed::Submodule),
        _ => None,
    }
}

struct Room {
    dir: TempDir,
    root: PathBuf,
    index: PathBuf,
    objects: PathBuf,
}

impl Room {
    /// `None` where there is no place for it outside of the repository, or something that it needs
    /// cannot be brought in.
    fn new(root: &Path, place: &Place, configuration: &str) -> Option<Self> {
        let base = &Environment::get().temporary;
        if is_within(base, root) {
            return None;
        }
        // Nobody else may enter it.
        let dir = tempfile::Builder::new()
            .prefix("taas-git-")
            .tempdir_in(base);
        let furnished = dir.and_then(|dir| furnish(dir.path(), place, configuration).map(|()| dir));
        let dir = furnished
            .inspect_err(|error| complain(|| format!("no temporary directory for git: {error}")))
            .ok()?;
        bring_in(dir.path(), place).ok()?;
        Some(Self {
            dir,
            root: root.to_owned(),
            index: place.index.clone(),
            objects: place.objects.clone(),
        })
    }

    fn command(&self, git: &Git, arguments: &[&str]) -> Command {
        let room = self.dir.path();
        let mut command = git.command(&self.root, arguments);
        command
            .env("GIT_DIR", room)
            .env("GIT_WORK_TREE", &self.root)
            .env("GIT_INDEX_FILE", &self.index)
            .env("GIT_OBJECT_DIRECTORY", &self.objects)
            // The user's configuration may name programs; some gits know but the first of these.
            .env("HOME", room)
            .env("XDG_CONFIG_HOME", room)
            .env("GIT_CONFIG_GLOBAL", room.join("none"))
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env_remove("GIT_CONFIG_SYSTEM");
        command
    }
}

fn furnish(room: &Path, place: &Place, configuration: &str) -> io::Result<()> {
    let head = place.head.as_deref().unwrap_or("ref: refs/heads/unborn");
    fs::write(room.join("HEAD"), format!("{head}\n"))?;
    fs::write(room.join("config"), configuration)?;
    fs::create_dir(room.join("refs"))?;
    Ok(())
}

/// Copies what git looks for beside its configuration, and not where the environment says.
fn bring_in(room: &Path, place: &Place) -> io::Result<()> {
    let mut left = COPIED;
    let attributes = place.common_dir.join("info").join("attributes");
    if attributes.symlink_metadata().is_ok() {
        fs::create_dir(room.join("info"))?;
        copy(
            &attributes,
            &room.join("info").join("attributes"),
            &mut left,
        )?;
    }
    // Git would mark the repository's own one as used, by its time.
    for entry in fs::read_dir(&place.git_dir)?.take(ENTRIES) {
        let name = entry?.file_name();
        if name
            .to_str()
            .is_some_and(|name| name.starts_with("sharedindex."))
        {
            copy(&place.git_dir.join(&name), &room.join(&name), &mut left)?;
        }
    }
    Ok(())
}

fn copy(from: &Path, to: &Path, left: &mut u64) -> io::Result<()> {
    let file = open(from)?;
    *left = left
        .checked_sub(file.metadata()?.len())
        .ok_or(io::ErrorKind::FileTooLarge)?;
    io::copy(&mut file.take(COPIED), &mut fs::File::create_new(to)?)?;
    Ok(())
}
