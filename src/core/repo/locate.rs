//! Finds the repository of a workspace, and refuses one that is not its own.
//!
//! Trusts the workspace's path, which the operator chose. Does not trust what lies there: a `.git` file or a
//! `.git` symbolic link may name any place on the disk, so it is followed only where that place points back at
//! the very directory, as git writes it for a linked work tree and for a submodule. Places are compared as
//! device and inode of directories, which cannot be hard-linked, never as text.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::config::{Format, Layer, Layout, LocalConfig};
use super::doubt::{Doubt, Known};
use super::file::{Dir, Kind, Meta, Step};

const MAX_LEVELS: usize = 256;
const MAX_LINK: usize = 8 << 10;

/// The nearest ancestor that holds a `.git` entry.
#[derive(Debug)]
pub struct Root {
    pub path: PathBuf,
    pub dir: Dir,
    pub meta: Meta,
    /// Git, started in the workspace, would answer for another repository or for none.
    pub doubt: Option<Doubt>,
}

impl Root {
    /// Walks up by the path's text, as the hints are defined, and by the file system, as git does; where the two
    /// end in different places the workspace has no repository that could be named safely.
    pub fn find(workspace: &Path) -> Known<Option<Root>> {
        if !workspace.is_absolute() {
            return Ok(None);
        }
        let Some(root) = Root::find_by_path(workspace)? else {
            return Ok(None);
        };
        let Some(start) = Dir::open(workspace)? else {
            // Not there yet: git could not be started in it.
            return Ok(Some(Root {
                doubt: Some(Doubt::NotARepository),
                ..root
            }));
        };
        let mut doubt = None;
        let mut here = start;
        let mut meta = here.meta()?;
        for _ in 0..MAX_LEVELS {
            if here.stat(".git")?.is_some() {
                return if meta.same_file(&root.meta) {
                    Ok(Some(Root { doubt, ..root }))
                } else {
                    Err(Doubt::NotPointingBack)
                };
            }
            // Git takes such a directory for a bare repository, and then has no work tree.
            if here.stat("HEAD")?.is_some() && here.stat("objects")?.is_some() {
                doubt = Some(Doubt::NotARepository);
            }
            let Some(above) = here.parent()? else {
                break;
            };
            let above_meta = above.meta()?;
            if above_meta.same_file(&meta) {
                break;
            }
            // Git does not look beyond a mount point.
            if above_meta.dev != meta.dev {
                doubt = Some(Doubt::NotARepository);
            }
            here = above;
            meta = above_meta;
        }
        Err(Doubt::NotPointingBack)
    }

    fn find_by_path(workspace: &Path) -> Known<Option<Root>> {
        for (level, path) in workspace.ancestors().enumerate() {
            if level == MAX_LEVELS {
                return Err(Doubt::TooLarge);
            }
            let Some(dir) = Dir::open(path)? else {
                continue;
            };
            if dir.stat(".git")?.is_some() {
                let meta = dir.meta()?;
                return Ok(Some(Root {
                    path: path.to_path_buf(),
                    dir,
                    meta,
                    doubt: None,
                }));
            }
        }
        Ok(None)
    }
}

/// A repository whose `.git` entry holds, with its own configuration.
#[derive(Debug)]
pub struct Repository {
    /// HEAD and the index.
    pub git: Dir,
    /// References, objects and the configuration; another directory in a linked work tree.
    pub common: Option<Dir>,
    pub layout: Layout,
    /// `config` and `config.worktree`, with the stats that they had.
    pub layers: Vec<Arc<Layer>>,
    pub layer_metas: [Option<Meta>; 2],
    pub format: Known<Format>,
    /// Every directory that has to be the user's own.
    pub owners: Vec<u32>,
}

/// The two configuration files of one repository.
#[derive(Debug, Default)]
pub struct LocalConfigs {
    main: LocalConfig,
    worktree: LocalConfig,
}

impl Repository {
    pub fn common(&self) -> &Dir {
        self.common.as_ref().unwrap_or(&self.git)
    }

    /// Opens what the root's `.git` entry stands for.
    pub fn open(root: &Dir, configs: &mut LocalConfigs) -> Known<Repository> {
        let root_meta = root.meta()?;
        match root.step(".git")? {
            Step::Into(git) => Repository::plain(git, &root_meta, configs),
            Step::Missing => Err(Doubt::Changing),
            Step::NotADirectory => {
                let entry = root.stat(".git")?.ok_or(Doubt::Changing)?;
                let git = match entry.kind {
                    Kind::File => {
                        let content = root.read(".git", MAX_LINK)?.ok_or(Doubt::Changing)?;
                        named_dir(root, gitdir(&content.bytes)?)?
                    }
                    Kind::Link => named_dir(root, &root.link(".git")?)?,
                    _ => return Err(Doubt::OddFile),
                };
                let mut repository = if git.stat("commondir")?.is_some() {
                    Repository::linked_work_tree(git, &root_meta, configs)
                } else {
                    Repository::submodule(git, &root_meta, configs)
                }?;
                repository.owners.extend([root_meta.uid, entry.uid]);
                Ok(repository)
            }
        }
    }

    fn plain(git: Dir, root_meta: &Meta, configs: &mut LocalConfigs) -> Known<Repository> {
        // Only a linked work tree has it, and there `.git` is a file. Here it would lend another's references.
        if git.stat("commondir")?.is_some() {
            return Err(Doubt::NotPointingBack);
        }
        let mut repository = Repository::with_config(git, None, Layout::Plain, configs)?;
        repository.owners.push(root_meta.uid);
        Ok(repository)
    }

    /// `<common>/worktrees/<id>`: its `gitdir` names the root's `.git`, its `commondir` the directory above.
    fn linked_work_tree(
        git: Dir,
        root_meta: &Meta,
        configs: &mut LocalConfigs,
    ) -> Known<Repository> {
        let back = git
            .read("gitdir", MAX_LINK)?
            .ok_or(Doubt::NotPointingBack)?;
        let back = line(&back.bytes);
        let parent = back.strip_suffix(b"/.git").ok_or(Doubt::NotPointingBack)?;
        let parent = if parent.is_empty() { b"/" } else { parent };
        if !named_dir(&git, parent)?.meta()?.same_file(root_meta) {
            return Err(Doubt::NotPointingBack);
        }
        // The common directory has to hold this very work tree: by its position, not by what it says.
        let common = git
            .read("commondir", MAX_LINK)?
            .ok_or(Doubt::NotPointingBack)?;
        let common = named_dir(&git, line(&common.bytes))?;
        let worktrees = git.parent()?.ok_or(Doubt::NotPointingBack)?;
        let held = common.dir("worktrees")?.ok_or(Doubt::NotPointingBack)?;
        if !held.meta()?.same_file(&worktrees.meta()?) {
            return Err(Doubt::NotPointingBack);
        }
        Repository::with_config(git, Some(common), Layout::LinkedWorkTree, configs)
    }

    fn submodule(git: Dir, root_meta: &Meta, configs: &mut LocalConfigs) -> Known<Repository> {
        let repository = Repository::with_config(git, None, Layout::Submodule, configs)?;
        let worktree = repository
            .layers
            .iter()
            .rev()
            .find_map(|layer| layer.worktree())
            .ok_or(Doubt::NotPointingBack)?;
        if named_dir(&repository.git, worktree)?
            .meta()?
            .same_file(root_meta)
        {
            Ok(repository)
        } else {
            Err(Doubt::NotPointingBack)
        }
    }

    fn with_config(
        git: Dir,
        common: Option<Dir>,
        layout: Layout,
        configs: &mut LocalConfigs,
    ) -> Known<Repository> {
        let git_meta = git.meta()?;
        let mut owners = vec![git_meta.uid];
        if let Some(common) = &common {
            owners.push(common.meta()?.uid);
        }
        let mut layers = Vec::new();
        let mut layer_metas = [None; 2];
        let mut format = Ok(Format {
            hash: gix_hash::Kind::Sha1,
            worktree_config: false,
        });
        let main = configs
            .main
            .layer(common.as_ref().unwrap_or(&git), "config");
        match main {
            Ok(Some((meta, layer))) => {
                format = Format::of(&layer);
                layer_metas[0] = Some(meta);
                layers.push(layer);
            }
            Ok(None) => {}
            Err(doubt) => format = Err(doubt),
        }
        if format.is_ok_and(|format| format.worktree_config) {
            match configs.worktree.layer(&git, "config.worktree") {
                Ok(Some((meta, layer))) => {
                    layer_metas[1] = Some(meta);
                    layers.push(layer);
                }
                Ok(None) => {}
                Err(doubt) => format = Err(doubt),
            }
        }
        Ok(Repository {
            git,
            common,
            layout,
            layers,
            layer_metas,
            format,
            owners,
        })
    }

    /// Whether the configuration files are still the ones that were read.
    pub fn config_unchanged(&self) -> Known<bool> {
        let main = self.common().stat("config")?;
        let worktree = if self.layer_metas[1].is_some()
            || self.format.is_ok_and(|format| format.worktree_config)
        {
            self.git.stat("config.worktree")?
        } else {
            None
        };
        Ok([main, worktree] == self.layer_metas)
    }
}

/// Opens a directory by a path that a repository wrote; a relative one starts at `base`.
fn named_dir(base: &Dir, path: &[u8]) -> Known<Dir> {
    if path.is_empty() || path.contains(&0) {
        return Err(Doubt::Malformed);
    }
    base.open_from(OsStr::from_bytes(path))?
        .ok_or(Doubt::NotPointingBack)
}

/// The path in a `.git` file.
pub fn gitdir(bytes: &[u8]) -> Known<&[u8]> {
    bytes
        .strip_prefix(b"gitdir: ")
        .map(line)
        .filter(|path| !path.is_empty() && !path.contains(&b'\n'))
        .ok_or(Doubt::Malformed)
}

fn line(bytes: &[u8]) -> &[u8] {
    let end = bytes
        .iter()
        .rposition(|byte| !matches!(byte, b'\n' | b'\r'));
    &bytes[..end.map_or(0, |at| at + 1)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_git_file_names_one_path() {
        assert_eq!(gitdir(b"gitdir: ../a b\n"), Ok(&b"../a b"[..]));
        assert_eq!(gitdir(b"gitdir: /x\r\n"), Ok(&b"/x"[..]));
        assert_eq!(gitdir(b"gitdir: \n"), Err(Doubt::Malformed));
        assert_eq!(gitdir(b"gitdir:x"), Err(Doubt::Malformed));
        assert_eq!(gitdir(b"gitdir: a\nb"), Err(Doubt::Malformed));
    }

    #[test]
    fn a_relative_workspace_has_no_repository() {
        assert!(matches!(Root::find(Path::new("src")), Ok(None)));
    }
}
