//! Where a repository has its things, and which branch it is on, asked in the repository itself by
//! commands that look at no index, no object and no file of the work tree.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use crate::{git::Git, name_of};

/// The nearest ancestor of `workspace` that holds a `.git` entry.
pub(crate) fn root_of(workspace: &Path) -> Option<&Path> {
    let is_root = |dir: &&Path| dir.join(".git").symlink_metadata().is_ok();
    let root = workspace.ancestors().find(is_root)?;
    let is_inside_git = workspace.starts_with(root.join(".git"));
    (workspace.is_absolute() && !is_inside_git).then_some(root)
}

/// Why a place is not known.
pub(crate) enum No {
    /// Git sees no repository.
    Refused,
    /// Git does not trust the repository's owner.
    Untrusted,
    /// Git cannot read it, and says this.
    Unreadable(String),
    Doubt,
}

/// Paths are absolute; those of `git_dir` and `common_dir` are real paths.
pub(crate) struct Place {
    pub(crate) git_dir: PathBuf,
    pub(crate) common_dir: PathBuf,
    pub(crate) index: PathBuf,
    pub(crate) objects: PathBuf,
    pub(crate) object_format: String,
    /// The object id of `HEAD`; `None` on an unborn branch.
    pub(crate) head: Option<String>,
    /// The full name of the branch, or what git says where there is none.
    reference: String,
}

impl Place {
    /// Asks git for it; `None` where this git does not work.
    pub(crate) fn of(root: &Path, git: &Git) -> Option<Result<Self, No>> {
        // A symbolic link is not followed: it can lead to anyone's repository.
        if root.join(".git").is_symlink() {
            return Some(Err(No::Doubt));
        }
        let words = "rev-parse --show-toplevel --git-dir --git-common-dir --git-path index \
            --git-path objects --show-object-format HEAD --symbolic-full-name HEAD";
        let mut command = git.command(root, words);
        // Not above the root, where another repository may be.
        command.env("GIT_CEILING_DIRECTORIES", root.parent().unwrap_or(root));
        let Some((code, text)) = git.text(&mut command) else {
            return git.works().then_some(Err(No::Doubt));
        };
        let lines: Vec<_> = text.lines().collect();
        let place = match (code, lines.as_slice()) {
            // An old git repeats what it does not know.
            (_, [_, _, _, _, _, "--show-object-format", ..]) => {
                git.complain_of_age();
                None
            }
            (Some(0), [paths @ .., format, head, reference]) => {
                Self::new(root, paths, format, Some(head), reference)
            }
            // Of an unborn branch git says no more than this.
            (_, [paths @ .., format, "HEAD"]) => {
                let name = git.text(&mut git.command(root, "symbolic-ref -q HEAD"));
                name.and_then(|(_, name)| Self::new(root, paths, format, None, name.trim_end()))
            }
            (Some(0), _) => None,
            _ => return Self::refused(git, &git.errors(&mut command).unwrap_or_default()),
        };
        Some(place.ok_or(No::Doubt))
    }

    /// What follows from what git says where it knows no place.
    fn refused(git: &Git, (code, why): &(Option<i32>, String)) -> Option<Result<Self, No>> {
        let says = |text| why.contains(text);
        let first = why.lines().next().unwrap_or_default();
        // As different versions of git say it.
        Some(Err(if says("dubious ownership") || says("unsafe repository") {
            No::Untrusted
        } else if says("not a git repository") {
            No::Refused
        } else if git.is_late() {
            No::Doubt
        } else if *code == Some(128) {
            No::Unreadable(first.to_owned())
        } else {
            git.fail(&format!("fails: {first}"));
            return None;
        }))
    }

    fn new(
        root: &Path,
        paths: &[&str],
        format: &str,
        head: Option<&str>,
        reference: &str,
    ) -> Option<Self> {
        let [top, git_dir, common_dir, index, objects] = paths else {
            return None;
        };
        let real = |path: &str| root.join(path).canonicalize().ok();
        // `core.worktree` may name another's files.
        let is_here = real(top)? == root.canonicalize().ok()?;
        let is_id = |id: &str| id.len() >= 40 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        (is_here && head.is_none_or(is_id)).then_some(Self {
            git_dir: real(git_dir)?,
            common_dir: real(common_dir)?,
            index: root.join(index),
            objects: root.join(objects),
            object_format: format.to_owned(),
            head: head.map(str::to_owned),
            reference: reference.to_owned(),
        })
    }

    /// Whether the repository that `.git` leads to says itself that its work tree is here.
    pub(crate) fn points_back(&self, root: &Path, names_work_tree: bool) -> bool {
        let entry = root.join(".git").canonicalize().ok();
        if self.git_dir == self.common_dir {
            // The work tree that a submodule's configuration names is the root by now.
            return entry.as_ref() == Some(&self.git_dir) || names_work_tree;
        }
        let back = read_line(&self.git_dir.join("gitdir"));
        let back = back.and_then(|path| self.git_dir.join(path).canonicalize().ok());
        let is_listed = self.git_dir.parent() == Some(&self.common_dir.join("worktrees"));
        is_listed && back.is_some() && back == entry
    }

    /// The name of the repository that a linked work tree belongs to, `None` where it is no such.
    pub(crate) fn main_repository(&self) -> Option<String> {
        let name = name_of(&self.common_dir).filter(|_| self.git_dir != self.common_dir)?;
        if name.starts_with('.') {
            // Of `project/.git`, and of a bare `project/.bare`, the project tells more.
            return name_of(self.common_dir.parent()?);
        }
        Some(name.strip_suffix(".git").unwrap_or(&name).to_owned())
    }

    /// The short name of the branch, where `HEAD` itself names it: a name that was reached by
    /// another reference may have been read from anyone's file.
    pub(crate) fn branch(&self) -> Option<String> {
        let head = read_line(&self.git_dir.join("HEAD"))?;
        let named = head.strip_prefix("ref: ")?;
        // Where references are kept in tables, the file says nothing.
        let is_told = named == self.reference || named == "refs/heads/.invalid";
        self.reference.strip_prefix("refs/heads/").filter(|_| is_told).map(str::to_owned)
    }
}

/// Opens a file, and nothing that could make its reader wait.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        let flags = (OFlags::NONBLOCK | OFlags::NOFOLLOW).bits().cast_signed();
        std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, flags);
    }
    let file = options.read(true).open(path)?;
    file.metadata()?.is_file().then_some(file).ok_or(io::ErrorKind::InvalidInput.into())
}

/// The one line of a small file.
fn read_line(path: &Path) -> Option<String> {
    let mut text = String::new();
    let mut file = open(path).ok()?.take(4 << 10);
    file.read_to_string(&mut text).ok()?;
    Some(text.trim_end_matches(['\r', '\n']).to_owned())
}
