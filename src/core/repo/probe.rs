//! One probe: from a workspace to its hints, and what is kept from one probe to the next.
//!
//! Trusts the modules below to give a doubt rather than a guess, and gives a verdict only without one. What is
//! kept is either checked against the disk at each use (a decoded file by its stat, the path of a file that
//! proved the tree dirty by looking at it again) or follows from names that are hashes of content. That a tree
//! was clean is never kept.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use gix_hash::{Kind as HashKind, ObjectId};

use super::Hints;
pub use super::config::Environment;
use super::config::{Layout, Settings, UserConfig};
use super::doubt::{Doubt, Known};
use super::file::{Dir, Meta};
use super::index::Index;
use super::limits::Limits;
use super::locate::{LocalConfigs, Repository, Root};
use super::objects::Store;
use super::refs::{self, Head, PackedRefs};
use super::staged;
use super::worker::{Identity, Repositories};
use super::worktree::{Comparison, Contents, Submodule};

const MAX_REPOSITORIES: usize = 32;
const MAX_KEPT_BYTES: usize = 96 << 20;
const MAX_SUBMODULE_DEPTH: usize = 6;

/// What is kept of one repository.
#[derive(Default)]
struct Kept {
    configs: LocalConfigs,
    packed: PackedRefs,
    index: Option<Arc<Index>>,
    staged: Option<Staged>,
    contents: Contents,
    /// The path of the file that last proved the tree dirty: looked at first.
    witness: Option<Vec<u8>>,
    used: u64,
}

struct Staged {
    index: Meta,
    hash: HashKind,
    commit: Option<ObjectId>,
    differs: bool,
}

impl Kept {
    fn bytes(&self) -> usize {
        self.index.as_ref().map_or(0, |index| index.bytes()) + self.contents.bytes()
    }
}

/// Probes one workspace after another, on one thread.
pub struct Prober {
    environment: Environment,
    user: UserConfig,
    kept: HashMap<(u64, u64), Kept>,
    tick: u64,
}

/// A workspace's repository, found and not yet looked into.
pub struct Target(Known<Option<Root>>);

impl Target {
    pub fn find(workspace: &Path) -> Target {
        Target(Root::find(workspace))
    }

    fn identity(&self) -> Option<Identity> {
        let root = self.0.as_ref().ok()?.as_ref()?;
        Some(Identity {
            root: root.path.clone(),
            file: (root.meta.dev, root.meta.ino),
            doubt: root.doubt,
        })
    }
}

impl Repositories for Prober {
    type Target = Target;

    fn find(&mut self, workspace: &Path) -> (Target, Option<Identity>) {
        let target = Target::find(workspace);
        let identity = target.identity();
        (target, identity)
    }

    fn look(&mut self, target: Target, limits: &Limits, names: &mut dyn FnMut(&Hints)) -> Hints {
        Prober::look(self, target, limits, names)
    }
}

impl Prober {
    pub fn new(environment: Environment) -> Self {
        Prober {
            environment,
            user: UserConfig::default(),
            kept: HashMap::new(),
            tick: 0,
        }
    }

    pub fn probe(&mut self, workspace: &Path, limits: &Limits) -> Hints {
        self.look(Target::find(workspace), limits, &mut |_| {})
    }

    pub fn look(
        &mut self,
        target: Target,
        limits: &Limits,
        names: &mut dyn FnMut(&Hints),
    ) -> Hints {
        match target.0 {
            Ok(Some(root)) => self.hints(&root, limits, names),
            Ok(None) => Hints::default(),
            Err(doubt) => Hints::in_doubt(doubt),
        }
    }

    fn hints(&mut self, root: &Root, limits: &Limits, names: &mut dyn FnMut(&Hints)) -> Hints {
        let key = (root.meta.dev, root.meta.ino);
        let mut kept = self.take(key);
        let hints = match Repository::open(&root.dir, &mut kept.configs) {
            Ok(repository) => self.hints_of(root, &repository, &mut kept, limits, names),
            // Another's repository, perhaps: nothing of it is told, not even that it is there.
            Err(doubt) => Hints::in_doubt(doubt),
        };
        self.put(key, kept);
        hints
    }

    fn hints_of(
        &mut self,
        root: &Root,
        repository: &Repository,
        kept: &mut Kept,
        limits: &Limits,
        names: &mut dyn FnMut(&Hints),
    ) -> Hints {
        let mut hints = Hints {
            repo_name: root
                .path
                .file_name()
                .and_then(|name| super::clean(name.as_encoded_bytes())),
            ..Hints::default()
        };
        let dirty = Prober::head(repository, kept).and_then(|head| {
            hints.branch = head.branch.as_deref().and_then(super::clean);
            names(&hints);
            match root.doubt {
                Some(doubt) => Err(doubt),
                None => self.verdict(&root.dir, repository, &head, kept, limits, 0),
            }
        });
        match dirty {
            Ok(dirty) => hints.dirty = Some(dirty),
            Err(doubt) => hints.doubt = Some(doubt),
        }
        hints
    }

    fn head(repository: &Repository, kept: &mut Kept) -> Known<Head> {
        let hash = repository.format?.hash;
        refs::head(&repository.git, repository.common(), hash, &mut kept.packed)
    }

    /// What `git status --porcelain --untracked-files=no` would answer: `true` where it prints something.
    fn verdict(
        &mut self,
        root: &Dir,
        repository: &Repository,
        head: &Head,
        kept: &mut Kept,
        limits: &Limits,
        depth: usize,
    ) -> Known<bool> {
        let user = rustix::process::geteuid().as_raw();
        if repository.owners.iter().any(|owner| *owner != user) {
            return Err(Doubt::ForeignOwner);
        }
        let hash = repository.format?.hash;
        let layers = self.user.layers(&self.environment)?;
        let settings = Settings::merge(
            &self.environment,
            &layers,
            &repository.layers,
            repository.layout,
        )?;
        let commit = head.commit?;

        let index = match &kept.index {
            Some(index) if Some(index.meta) == repository.git.stat("index")? => {
                Some(Arc::clone(index))
            }
            _ => {
                kept.index = None;
                Index::read(&repository.git, hash)?.map(Arc::new)
            }
        };
        kept.index = index.clone().filter(|index| index.settled);

        let dirty = match &index {
            None => {
                let mut store = Store::open(repository.common(), hash, limits)?;
                match commit {
                    None => Ok(false),
                    Some(commit) => {
                        let tree = store.tree_of(&commit)?;
                        Ok(!store.tree(&tree)?.is_empty())
                    }
                }
            }
            Some(index) => self.differs(
                root, repository, &settings, index, commit, kept, limits, depth,
            ),
        }?;

        // An answer that mixes two states is none.
        let unchanged = repository.git.stat("index")? == index.map(|index| index.meta)
            && repository.config_unchanged()?
            && refs::head(&repository.git, repository.common(), hash, &mut kept.packed)? == *head;
        if unchanged {
            Ok(dirty)
        } else {
            Err(Doubt::Changing)
        }
    }

    // One more would be clearer only with a structure that exists for this call.
    #[allow(clippy::too_many_arguments)]
    fn differs(
        &mut self,
        root: &Dir,
        repository: &Repository,
        settings: &Settings,
        index: &Index,
        commit: Option<ObjectId>,
        kept: &mut Kept,
        limits: &Limits,
        depth: usize,
    ) -> Known<bool> {
        if index.unfinished {
            return Ok(true);
        }
        let hash = repository.format?.hash;
        let witness = kept.witness.take();
        let mut contents = std::mem::take(&mut kept.contents);
        let mut comparison = Comparison {
            index,
            settings,
            root,
            common: repository.common(),
            hash,
            limits,
            contents: &mut contents,
            submodule: &mut |dir| self.submodule(dir, limits, depth + 1),
        };
        let seen = witness
            .as_deref()
            .and_then(|path| index.position(path))
            .filter(|position| comparison.one(*position) == Ok(true));
        let found = if let Some(position) = seen {
            Ok(Some(position))
        } else {
            match Prober::staged(repository, index, commit, kept, limits) {
                Ok(true) => {
                    kept.contents = contents;
                    return Ok(true);
                }
                // A file that differs is certain whatever is staged.
                staged => match comparison.all() {
                    Ok(None) => staged.map(|_| None),
                    Ok(Some(difference)) => Ok(Some(difference.position)),
                    Err(doubt) => Err(doubt),
                },
            }
        };
        kept.contents = contents;
        let position = found?;
        kept.witness = position.map(|position| index.path(&index.entries()[position]).to_vec());
        Ok(position.is_some())
    }

    fn staged(
        repository: &Repository,
        index: &Index,
        commit: Option<ObjectId>,
        kept: &mut Kept,
        limits: &Limits,
    ) -> Known<bool> {
        let Some(id) = commit else {
            return Ok(!index.entries().is_empty());
        };
        let hash = repository.format?.hash;
        if let Some(staged) = &kept.staged
            && staged.index == index.meta
            && staged.commit == commit
            && staged.hash == hash
        {
            return Ok(staged.differs);
        }
        kept.staged = None;
        let mut store = Store::open(repository.common(), hash, limits)?;
        let tree = store.tree_of(&id)?;
        let differs = staged::differs(index, &tree, &mut store, limits)?;
        if index.settled {
            kept.staged = Some(Staged {
                index: index.meta,
                hash,
                commit,
                differs,
            });
        }
        Ok(differs)
    }

    /// A submodule is a repository of its own, whose commit and verdict count in the one above.
    fn submodule(&mut self, dir: &Dir, limits: &Limits, depth: usize) -> Known<Submodule> {
        if depth > MAX_SUBMODULE_DEPTH {
            return Err(Doubt::Submodule);
        }
        let meta = dir.meta()?;
        let key = (meta.dev, meta.ino);
        let mut kept = self.take(key);
        let result = self.submodule_with(dir, &mut kept, limits, depth);
        self.put(key, kept);
        result
    }

    fn submodule_with(
        &mut self,
        dir: &Dir,
        kept: &mut Kept,
        limits: &Limits,
        depth: usize,
    ) -> Known<Submodule> {
        let repository = Repository::open(dir, &mut kept.configs).map_err(|_| Doubt::Submodule)?;
        if repository.layout == Layout::LinkedWorkTree {
            return Err(Doubt::Submodule);
        }
        let head = Prober::head(&repository, kept)?;
        let commit = head.commit?.ok_or(Doubt::Submodule)?;
        Ok(Submodule {
            commit,
            dirty: self.verdict(dir, &repository, &head, kept, limits, depth),
        })
    }

    fn take(&mut self, key: (u64, u64)) -> Kept {
        self.kept.remove(&key).unwrap_or_default()
    }

    fn put(&mut self, key: (u64, u64), mut kept: Kept) {
        self.tick += 1;
        kept.used = self.tick;
        self.kept.insert(key, kept);
        let mut bytes: usize = self.kept.values().map(Kept::bytes).sum();
        while self.kept.len() > MAX_REPOSITORIES
            || (bytes > MAX_KEPT_BYTES && !self.kept.is_empty())
        {
            let Some(oldest) = self
                .kept
                .iter()
                .min_by_key(|(_, kept)| kept.used)
                .map(|(key, _)| *key)
            else {
                break;
            };
            if let Some(gone) = self.kept.remove(&oldest) {
                bytes -= gone.bytes();
            }
        }
    }
}
