//! What is told where the work tree is not compared: the repository's name and branch.
//!
//! Trusts the operating system's file functions, and nothing in a repository. Without directory handles only the
//! plain layout can be told safely: `.git` has to be a directory and HEAD a regular, small file in it, and neither
//! may be a link.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use super::Hints;
use super::doubt::Doubt;
use super::limits::Limits;
use super::worker::{Identity, Repositories};

const MAX_HEAD: u64 = 1 << 10;

#[derive(Debug, Clone, Default)]
pub struct Environment;

impl Environment {
    pub fn of_process() -> Self {
        Environment
    }
}

pub struct Prober;

impl Prober {
    pub fn new(_: Environment) -> Self {
        Prober
    }
}

impl Repositories for Prober {
    type Target = Option<PathBuf>;

    fn find(&mut self, workspace: &Path) -> (Option<PathBuf>, Option<Identity>) {
        let mut ancestors = workspace.ancestors().filter(|_| workspace.is_absolute());
        let root = ancestors
            .find(|path| fs::symlink_metadata(path.join(".git")).is_ok())
            .map(Path::to_path_buf);
        let identity = root.clone().map(|root| Identity {
            root,
            file: (0, 0),
            doubt: None,
        });
        (root, identity)
    }

    fn look(&mut self, root: Option<PathBuf>, limits: &Limits, _: &mut dyn FnMut(&Hints)) -> Hints {
        let Some(root) = root.filter(|_| limits.check().is_ok()) else {
            return Hints::default();
        };
        let git = root.join(".git");
        // A `.git` that is a file or a link may name another's repository.
        if !fs::symlink_metadata(&git).is_ok_and(|meta| meta.is_dir())
            || git.join("commondir").exists()
        {
            return Hints::in_doubt(Doubt::NotPointingBack);
        }
        Hints {
            repo_name: root
                .file_name()
                .and_then(|name| super::clean(name.as_encoded_bytes())),
            branch: branch(&git),
            doubt: Some(Doubt::Platform),
            ..Hints::default()
        }
    }
}

fn branch(git: &Path) -> Option<String> {
    for name in ["objects", "refs"] {
        fs::symlink_metadata(git.join(name))
            .ok()
            .filter(fs::Metadata::is_dir)?;
    }
    let head = git.join("HEAD");
    fs::symlink_metadata(&head)
        .ok()
        .filter(|meta| meta.is_file() && meta.len() <= MAX_HEAD)?;
    let mut bytes = Vec::new();
    File::open(head)
        .ok()?
        .take(MAX_HEAD)
        .read_to_end(&mut bytes)
        .ok()?;
    let name = bytes.strip_prefix(b"ref:")?.trim_ascii();
    gix_validate::reference::name(name.into()).ok()?;
    // A branch may itself name another, which is not followed here.
    let loose = git.join(std::str::from_utf8(name).ok()?);
    let mut start = [0; 4];
    if File::open(loose)
        .and_then(|mut file| file.read_exact(&mut start))
        .is_ok()
        && start == *b"ref:"
    {
        return None;
    }
    super::clean(name.strip_prefix(b"refs/heads/")?)
}
