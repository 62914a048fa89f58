//! Asks git where a repository's files are and which branch is checked out. The commands run in the
//! repository itself. They read no index, no object and no file of the work tree.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use crate::{complaints::Fault, git::Git, name_of};

/// The nearest ancestor of `workspace` that holds a `.git` entry.
pub(crate) fn root_of(workspace: &Path) -> Option<&Path> {
    let is_root = |dir: &&Path| dir.join(".git").symlink_metadata().is_ok();
    let root = workspace.ancestors().find(is_root)?;
    (!workspace.starts_with(root.join(".git"))).then_some(root)
}

/// Why git gave no place.
pub(crate) enum No {
    /// Git sees no repository.
    Refused,
    Fault(Fault, String),
    /// This git does not work. The text follows the path of the program.
    Broken(String),
    Doubt,
}

impl No {
    /// The reason that git's exit code and errors give.
    fn from_errors(root: &Path, (code, errors): &(i32, String)) -> Self {
        let says = |text| errors.contains(text);
        let first = errors.lines().next().unwrap_or_default();
        // Two versions of git have different messages.
        if says("dubious ownership") || says("unsafe repository") {
            let root = root.canonicalize().unwrap_or_else(|_| root.to_owned());
            let root = root.display().to_string().replace('\'', r"'\''");
            let reason = format!(
                "git does not trust the owner of the repository; to trust it, run as the gateway's \
                 user: git config --global --add safe.directory '{root}'"
            );
            Self::Fault(Fault::Untrusted, reason)
        } else if says("not a git repository") {
            Self::Refused
        } else if *code == 128 {
            Self::Fault(Fault::Unreadable, format!("git cannot read the repository: {first}"))
        } else {
            Self::Broken(format!("fails: {first}"))
        }
    }
}

impl From<io::Error> for No {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::TimedOut | io::ErrorKind::FileTooLarge | io::ErrorKind::InvalidData => {
                Self::Doubt
            }
            _ => Self::Broken(format!("cannot be started: {error}")),
        }
    }
}

/// Where a repository's files are. Paths are absolute. `git_dir` and `common_dir` are real paths.
pub(crate) struct Place {
    pub(crate) git_dir: PathBuf,
    pub(crate) common_dir: PathBuf,
    pub(crate) index: PathBuf,
    pub(crate) objects: PathBuf,
    pub(crate) object_format: String,
    /// The object id of `HEAD`; `None` on an unborn branch.
    pub(crate) head: Option<String>,
    /// The full name of the branch, or git's answer without a branch.
    reference: String,
}

impl Place {
    /// Asks git for the place.
    pub(crate) fn of(root: &Path, git: &Git) -> Result<Self, No> {
        // A symbolic link can lead to another user's repository, so it is not followed.
        if root.join(".git").is_symlink() {
            return Err(No::Doubt);
        }
        let words = "rev-parse --show-toplevel --git-dir --git-common-dir --git-path index \
            --git-path objects --show-object-format HEAD --symbolic-full-name HEAD";
        let mut command = git.command(root, words);
        // Git must not search above the root, where another repository may be.
        command.env("GIT_CEILING_DIRECTORIES", root.parent().unwrap_or(root));
        let (code, text) = git.text(&mut command, false)?;
        let lines: Vec<_> = text.lines().collect();
        let (paths, format, head, reference) = match (code, lines.as_slice()) {
            // An old git repeats an unknown option.
            (_, [_, _, _, _, _, "--show-object-format", ..]) => {
                git.complain_of_age();
                return Err(No::Doubt);
            }
            (0, [paths @ .., format, head, reference]) => {
                (paths, format, Some((*head).to_owned()), (*reference).to_owned())
            }
            // Git's answer for an unborn branch.
            (_, [paths @ .., format, "HEAD"]) => {
                let (_, name) = git.text(&mut git.command(root, "symbolic-ref -q HEAD"), false)?;
                (paths, format, None, name.trim_end().to_owned())
            }
            (0, _) => return Err(No::Doubt),
            _ => return Err(No::from_errors(root, &git.text(&mut command, true)?)),
        };
        let [top, git_dir, common_dir, index, objects] = paths else {
            return Err(No::Doubt);
        };
        let real = |path: &str| root.join(path).canonicalize().map_err(|_| No::Doubt);
        let is_id = |id: &String| id.len() >= 40 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        // `core.worktree` may name files of another user.
        if real(top)? != real("")? || !head.as_ref().is_none_or(is_id) {
            return Err(No::Doubt);
        }
        Ok(Self {
            git_dir: real(git_dir)?,
            common_dir: real(common_dir)?,
            index: root.join(index),
            objects: root.join(objects),
            object_format: (*format).to_owned(),
            head,
            reference,
        })
    }

    /// Whether the repository that `.git` leads to names this work tree.
    pub(crate) fn points_back(&self, root: &Path, names_work_tree: bool) -> bool {
        let entry = root.join(".git").canonicalize().ok();
        if self.git_dir == self.common_dir {
            // [`Place::of`] has checked that the work tree of a submodule's configuration is the root.
            return entry.as_ref() == Some(&self.git_dir) || names_work_tree;
        }
        let back = read_line(&self.git_dir.join("gitdir"));
        let back = back.and_then(|path| self.git_dir.join(path).canonicalize().ok());
        let is_listed = self.git_dir.parent() == Some(&self.common_dir.join("worktrees"));
        is_listed && back.is_some() && back == entry
    }

    /// The name of the repository that a linked work tree belongs to; `None` for any other work tree.
    pub(crate) fn main_repository(&self) -> Option<String> {
        let name = name_of(&self.common_dir).filter(|_| self.git_dir != self.common_dir)?;
        if name.starts_with('.') {
            // For `project/.git`, and for a bare `project/.bare`, the name is `project`.
            return name_of(self.common_dir.parent()?);
        }
        Some(name.strip_suffix(".git").unwrap_or(&name).to_owned())
    }

    /// The short name of the branch, if `HEAD` itself names the branch. Otherwise git may have read the
    /// name from a file of another user.
    pub(crate) fn branch(&self) -> Option<String> {
        let head = read_line(&self.git_dir.join("HEAD"))?;
        let named = head.strip_prefix("ref: ")?;
        // If the repository keeps references in tables, the file has a placeholder.
        let is_told = named == self.reference || named == "refs/heads/.invalid";
        self.reference.strip_prefix("refs/heads/").filter(|_| is_told).map(str::to_owned)
    }
}

/// Opens a regular file. Refuses links, and files that could make the reader wait.
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

/// The text of a file of one line.
fn read_line(path: &Path) -> Option<String> {
    let mut text = String::new();
    let mut file = open(path).ok()?.take(4 << 10);
    file.read_to_string(&mut text).ok()?;
    Some(text.trim_end_matches(['\r', '\n']).to_owned())
}
