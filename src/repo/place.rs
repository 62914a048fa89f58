//! Where a repository has its things, and which branch it is on, asked in the repository itself by
//! commands that look at no index, no object and no file of the work tree.

use std::{
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
};

use crate::{child::End, git::Git, name_of};

/// The most that is read of a file of one line.
const LINE: u64 = 4 << 10;

/// The nearest ancestor of `workspace` that holds a `.git` entry.
pub(crate) fn root_of(workspace: &Path) -> Option<PathBuf> {
    let root = workspace
        .ancestors()
        .find(|dir| dir.join(".git").symlink_metadata().is_ok())?;
    let is_inside_git = workspace.starts_with(root.join(".git"));
    (workspace.is_absolute() && !is_inside_git).then(|| root.to_owned())
}

pub(crate) enum Answer {
    Place(Place),
    Refused,
    Doubt,
}

/// Paths are absolute. Those of `git_dir` and `common_dir` are real paths.
pub(crate) struct Place {
    pub(crate) git_dir: PathBuf,
    pub(crate) common_dir: PathBuf,
    pub(crate) index: PathBuf,
    pub(crate) objects: PathBuf,
    pub(crate) object_format: String,
    /// The object id of `HEAD`; `None` on an unborn branch.
    pub(crate) head: Option<String>,
    /// The full name of the branch.
    reference: Option<String>,
}

impl Place {
    pub(crate) fn of(root: &Path, git: &Git) -> Answer {
        // Symbolic links are not followed: they can lead to anyone's repository.
        if root.join(".git").is_symlink() {
            return Answer::Doubt;
        }
        let mut lines = Vec::new();
        let mut command = git.command(
            root,
            &[
                "rev-parse",
                "--show-toplevel",
                "--git-dir",
                "--git-common-dir",
                "--git-path",
                "index",
                "--git-path",
                "objects",
                "--show-object-format",
                "HEAD",
                "--symbolic-full-name",
                "HEAD",
            ],
        );
        let end = git.run(&mut command, b'\n', |line| {
            lines.push(String::from_utf8_lossy(line).into_owned());
            lines.len() <= 8
        });
        // On an unborn branch git says all but the last two lines, and an error.
        let is_born = match end {
            End::Success if lines.len() == 8 => true,
            End::Failure if lines.len() == 7 && lines[6] == "HEAD" => false,
            End::Failure => return Answer::Refused,
            _ => return Answer::Doubt,
        };
        let Some(mut place) = Self::from_lines(root, &lines, is_born) else {
            return Answer::Doubt;
        };
        if !is_born {
            place.reference = unborn_branch(git, root);
        }
        Answer::Place(place)
    }

    fn from_lines(root: &Path, lines: &[String], is_born: bool) -> Option<Self> {
        let real = |path: &str| root.join(path).canonicalize().ok();
        let is_id = |id: &&String| id.len() >= 40 && id.bytes().all(|b| b.is_ascii_hexdigit());
        // `core.worktree` may name another's files.
        if real(&lines[0])? != root.canonicalize().ok()? {
            return None;
        }
        Some(Self {
            git_dir: real(&lines[1])?,
            common_dir: real(&lines[2])?,
            index: root.join(&lines[3]),
            objects: root.join(&lines[4]),
            object_format: lines[5].clone(),
            head: if is_born {
                Some(lines.get(6).filter(is_id)?.clone())
            } else {
                None
            },
            reference: lines.get(7).cloned(),
        })
    }

    /// Whether the repository that `.git` leads to says itself that its work tree is here.
    pub(crate) fn points_back(&self, root: &Path, names_work_tree: bool) -> bool {
        let Ok(entry) = root.join(".git").canonicalize() else {
            return false;
        };
        if self.git_dir == self.common_dir {
            // The work tree that a submodule's configuration names is the root by now.
            return entry == self.git_dir || names_work_tree;
        }
        let is_listed = self.git_dir.parent() == Some(&self.common_dir.join("worktrees"));
        let names_us = || {
            let back = self.git_dir.join(read_line(&self.git_dir.join("gitdir"))?);
            Some(back.canonicalize().ok()? == entry)
        };
        is_listed && names_us() == Some(true)
    }

    /// The name of the repository that a linked work tree belongs to, `None` where it is no such.
    pub(crate) fn main_repository(&self) -> Option<String> {
        if self.git_dir == self.common_dir {
            return None;
        }
        let name = name_of(&self.common_dir)?;
        match name.strip_suffix(".git") {
            // Of `project/.git`, and of the bare `project/.bare`, the project tells more.
            _ if name.starts_with('.') => name_of(self.common_dir.parent()?),
            Some(short) => Some(short.to_owned()),
            None => Some(name),
        }
    }

    /// The short name of the branch, where `HEAD` itself names it: a name that was reached by
    /// another reference may have been read from anyone's file.
    pub(crate) fn branch(&self) -> Option<&str> {
        let reference = self.reference.as_deref()?;
        let head = read_line(&self.git_dir.join("HEAD"))?;
        // Where references are kept in tables, the file says nothing.
        let told = ["refs/heads/.invalid", reference];
        let is_direct = told.contains(&head.strip_prefix("ref: ")?);
        reference.strip_prefix("refs/heads/").filter(|_| is_direct)
    }
}

fn unborn_branch(git: &Git, root: &Path) -> Option<String> {
    let mut name = None;
    let mut command = git.command(root, &["symbolic-ref", "-q", "HEAD"]);
    let end = git.run(&mut command, b'\n', |line| {
        name = String::from_utf8(line.to_vec()).ok();
        true
    });
    matches!(end, End::Success).then_some(name)?
}

/// Opens a file, and nothing that could make its reader wait.
pub(crate) fn open(path: &Path) -> io::Result<fs::File> {
    let mut options = fs::File::options();
    options.read(true);
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        let flags = (OFlags::NONBLOCK | OFlags::NOFOLLOW).bits().cast_signed();
        std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, flags);
    }
    let file = options.open(path)?;
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::ErrorKind::InvalidInput.into())
    }
}

/// The one line of a small file.
fn read_line(path: &Path) -> Option<String> {
    let mut text = String::new();
    open(path).ok()?.take(LINE).read_to_string(&mut text).ok()?;
    Some(text.trim_end_matches(['\r', '\n']).to_owned())
}
