//! Compares the index with the files of the work tree.
//!
//! Trusts the index's order and paths, which were checked, and the kernel's stat. Does not trust the files: each
//! is reached by directory handles, so a symbolic link put in place of a directory is a removed directory as it
//! is for git, and is opened only where its stat leaves a question that its bytes answer. The rules are those by
//! which `git status` refreshes the index; where versions or builds of git disagree, there is no answer.

use std::collections::HashMap;
use std::time::SystemTime;

use gix_hash::{Kind as HashKind, ObjectId};
use gix_index::Entry;
use gix_index::entry::{Flags, Mode};
use gix_object::Kind as ObjectKind;

use super::attributes::{Attributes, Conversion};
use super::config::Settings;
use super::doubt::{Doubt, Known};
use super::eol::{self, Eol, Facts};
use super::file::{Dir, Kind, Meta, Step};
use super::index::Index;
use super::limits::Limits;
use super::objects::{self, Store};

/// A file that is normalised is held in memory whole.
const MAX_NORMALISED: usize = 16 << 20;
const MAX_MODULES: usize = 1 << 20;
const MAX_CONTENTS: usize = 131_072;

/// What files held, by their stat: facts about bytes, never a verdict.
#[derive(Debug, Default)]
pub struct Contents {
    known: HashMap<(u64, u64), Content>,
}

#[derive(Debug, Clone, Copy)]
struct Content {
    meta: Meta,
    id: ObjectId,
    facts: Facts,
}

impl Contents {
    fn get(&self, meta: &Meta, hash: HashKind) -> Option<(ObjectId, Facts)> {
        let known = self.known.get(&(meta.dev, meta.ino))?;
        (known.meta == *meta && known.id.kind() == hash).then_some((known.id, known.facts))
    }

    fn put(&mut self, meta: Meta, id: ObjectId, facts: Facts) {
        if self.known.len() >= MAX_CONTENTS {
            self.known.clear();
        }
        self.known
            .insert((meta.dev, meta.ino), Content { meta, id, facts });
    }

    pub fn bytes(&self) -> usize {
        self.known.capacity() * (std::mem::size_of::<((u64, u64), Content)>() + 1)
    }
}

/// What `stat` says of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum StatSays {
    Same,
    Different,
    /// The bytes decide.
    Ask,
    /// A git that compares fractions of a second would ask for the bytes, another would not.
    AskSomeGits,
}

/// The directories that are open on the way to the current path.
struct Walk<'a> {
    root: &'a Dir,
    open: Vec<(usize, Dir)>,
    path: Vec<u8>,
}

enum Entered {
    Here,
    Missing,
    NotADirectory,
}

impl Walk<'_> {
    /// Goes to a directory, given as a path that is empty or ends in a slash.
    fn enter(&mut self, path: &[u8]) -> Known<Entered> {
        if self.path == path {
            return Ok(Entered::Here);
        }
        while let Some((end, _)) = self.open.last() {
            if path.starts_with(&self.path[..*end]) {
                break;
            }
            self.open.pop();
        }
        let mut from = self.open.last().map_or(0, |(end, _)| *end);
        self.path.truncate(from);
        while let Some(length) = path[from..].iter().position(|byte| *byte == b'/') {
            let name = &path[from..from + length];
            match self.dir().step(name)? {
                Step::Into(dir) => {
                    from += length + 1;
                    self.path.extend_from_slice(name);
                    self.path.push(b'/');
                    self.open.push((from, dir));
                }
                Step::Missing => return Ok(Entered::Missing),
                Step::NotADirectory => return Ok(Entered::NotADirectory),
            }
        }
        Ok(Entered::Here)
    }

    fn dir(&self) -> &Dir {
        self.open.last().map_or(self.root, |(_, dir)| dir)
    }

    /// The root and each directory on the way, with their paths.
    fn dirs(&self) -> Vec<(&[u8], &Dir)> {
        let mut dirs: Vec<(&[u8], &Dir)> = vec![(b"", self.root)];
        dirs.extend(self.open.iter().map(|(end, dir)| (&self.path[..*end], dir)));
        dirs
    }
}

/// What a submodule's repository is, asked where an entry is one.
pub struct Submodule {
    pub commit: ObjectId,
    pub dirty: Known<bool>,
}

pub struct Comparison<'a> {
    pub index: &'a Index,
    pub settings: &'a Settings,
    pub root: &'a Dir,
    pub common: &'a Dir,
    pub hash: HashKind,
    pub limits: &'a Limits,
    pub contents: &'a mut Contents,
    /// Asked with the directory of a submodule that is checked out.
    pub submodule: &'a mut dyn FnMut(&Dir) -> Known<Submodule>,
}

/// What a comparison found: the first entry that differs.
pub struct Difference {
    pub position: usize,
}

impl Comparison<'_> {
    /// Whether the entry at `position` differs, looked at alone.
    pub fn one(&mut self, position: usize) -> Known<bool> {
        let mut run = Run::new(self);
        run.differs(position)
    }

    /// Looks at entry after entry up to the first that differs. An entry in doubt does not end the search, since
    /// another may be certain.
    pub fn all(&mut self) -> Known<Option<Difference>> {
        let count = self.index.entries().len();
        let mut run = Run::new(self);
        let mut doubt = None;
        for position in 0..count {
            run.of.limits.check()?;
            match run.differs(position) {
                Ok(false) => {}
                Ok(true) => return Ok(Some(Difference { position })),
                Err(why) => doubt = doubt.or(Some(why)),
            }
        }
        doubt.map_or(Ok(None), Err)
    }
}

struct Run<'a, 'b> {
    of: &'b mut Comparison<'a>,
    walk: Walk<'a>,
    attributes: Option<Known<Attributes<'a>>>,
    store: Option<Known<Store<'a>>>,
    modules_plain: Option<Known<()>>,
}

impl<'a, 'b> Run<'a, 'b> {
    fn new(of: &'b mut Comparison<'a>) -> Self {
        Run {
            walk: Walk {
                root: of.root,
                open: Vec::new(),
                path: Vec::new(),
            },
            of,
            attributes: None,
            store: None,
            modules_plain: None,
        }
    }

    fn differs(&mut self, position: usize) -> Known<bool> {
        let index = self.of.index;
        let entry = &index.entries()[position];
        if entry.flags.contains(Flags::ASSUME_VALID) {
            return Ok(false);
        }
        let path = index.path(entry);
        let path = path.strip_suffix(b"/").unwrap_or(path);
        let name_at = path
            .iter()
            .rposition(|byte| *byte == b'/')
            .map_or(0, |at| at + 1);
        let (dir, name) = path.split_at(name_at);
        let outside = entry.flags.contains(Flags::SKIP_WORKTREE);
        if outside && !self.of.settings.sparse_checkout && entry.mode != Mode::DIR {
            return Ok(false);
        }
        let meta = match self.walk.enter(dir)? {
            Entered::Here => self.walk.dir().stat(name)?,
            Entered::NotADirectory if outside => return Err(Doubt::Sparse),
            Entered::Missing | Entered::NotADirectory => None,
        };
        let Some(meta) = meta else {
            return Ok(!outside);
        };
        // Git takes a file that is there after all as one that is checked out, unless told otherwise.
        if outside
            && (!matches!(
                entry.mode,
                Mode::FILE | Mode::FILE_EXECUTABLE | Mode::SYMLINK
            ) || self.of.settings.sparse_expects_files)
        {
            return Err(Doubt::Sparse);
        }
        match entry.mode {
            Mode::COMMIT => self.submodule_differs(entry, name, &meta),
            Mode::SYMLINK => self.link_differs(entry, name, &meta),
            Mode::FILE | Mode::FILE_EXECUTABLE => {
                let executable = entry.mode == Mode::FILE_EXECUTABLE;
                if meta.kind != Kind::File
                    || (self.of.settings.file_mode && meta.executable != executable)
                {
                    return Ok(true);
                }
                self.file_differs(entry, path, name, &meta)
            }
            _ => Err(Doubt::Entry),
        }
    }

    // The index keeps the low 32 bits of each number, and git compares these.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    fn stat_says(&self, entry: &Entry, meta: &Meta) -> StatSays {
        let Settings {
            check_stat,
            trust_ctime,
            ..
        } = *self.of.settings;
        let stat = &entry.stat;
        // A size that is a multiple of 4 GiB must not look like that of an entry to be read again.
        let size = match meta.size as u32 {
            0 if meta.size != 0 => 1 << 31,
            size => size,
        };
        if size != stat.size && stat.size != 0 {
            return StatSays::Different;
        }
        let to_be_read = stat.size == 0 && !entry.id.is_empty_blob();
        let times = stat.mtime.secs == meta.mtime.secs as u32
            && (!trust_ctime || !check_stat || stat.ctime.secs == meta.ctime.secs as u32);
        let owner = !check_stat
            || (stat.uid == meta.uid && stat.gid == meta.gid && stat.ino == meta.ino as u32);
        let racy = self.of.index.meta.mtime.secs as u32 <= stat.mtime.secs;
        if size != stat.size || to_be_read || !times || !owner || racy {
            return StatSays::Ask;
        }
        // Zero where the writer did not know.
        let fraction = |recorded: u32, now: u32| recorded == 0 || recorded == now;
        if fraction(stat.mtime.nsecs, meta.mtime.nanos)
            && fraction(stat.ctime.nsecs, meta.ctime.nanos)
        {
            StatSays::Same
        } else {
            StatSays::AskSomeGits
        }
    }

    fn file_differs(
        &mut self,
        entry: &Entry,
        path: &[u8],
        name: &[u8],
        meta: &Meta,
    ) -> Known<bool> {
        let says = self.stat_says(entry, meta);
        match says {
            StatSays::Same => Ok(false),
            StatSays::Different => Ok(true),
            StatSays::Ask | StatSays::AskSomeGits => {
                let differs = self.content_differs(entry, path, name, meta)?;
                if differs && says == StatSays::AskSomeGits {
                    return Err(Doubt::Entry);
                }
                Ok(differs)
            }
        }
    }

    fn link_differs(&mut self, entry: &Entry, name: &[u8], meta: &Meta) -> Known<bool> {
        if meta.kind != Kind::Link {
            return if self.of.settings.symlinks || meta.kind != Kind::File {
                Ok(true)
            } else {
                Err(Doubt::Setting)
            };
        }
        let says = self.stat_says(entry, meta);
        match says {
            StatSays::Same => Ok(false),
            StatSays::Different => Ok(true),
            StatSays::Ask | StatSays::AskSomeGits => {
                let target = self.walk.dir().link(name)?;
                if objects::hash(ObjectKind::Blob, &target, self.of.hash)? == entry.id {
                    // Git compares with the object itself, and takes a missing one for a difference.
                    self.store()?.blob(&entry.id)?;
                    Ok(false)
                } else if says == StatSays::AskSomeGits {
                    Err(Doubt::Entry)
                } else {
                    Ok(true)
                }
            }
        }
    }

    fn content_differs(
        &mut self,
        entry: &Entry,
        path: &[u8],
        name: &[u8],
        meta: &Meta,
    ) -> Known<bool> {
        let Conversion {
            eol,
            keyword,
            opaque,
        } = self.conversion(path)?;
        if opaque {
            return Err(Doubt::Conversion);
        }
        let (id, facts) = self.content(name, meta)?;
        if keyword && facts.keyword {
            return Err(Doubt::Conversion);
        }
        if eol != Eol::Keep && facts.carriage_return {
            let file = self.walk.dir().file(name)?.ok_or(Doubt::Changing)?;
            if file.meta != *meta {
                return Err(Doubt::Changing);
            }
            let bytes = file.read(MAX_NORMALISED)?.bytes;
            self.of.limits.spend(bytes.len())?;
            let hash = self.of.hash;
            let store = self.store()?;
            if let Some(normal) = eol::normalise(&bytes, eol, || store.blob(&entry.id))? {
                return Ok(objects::hash(ObjectKind::Blob, &normal, hash)? != entry.id);
            }
        }
        Ok(id != entry.id)
    }

    fn content(&mut self, name: &[u8], meta: &Meta) -> Known<(ObjectId, Facts)> {
        if let Some(known) = self.of.contents.get(meta, self.of.hash) {
            return Ok(known);
        }
        let file = self.walk.dir().file(name)?.ok_or(Doubt::Changing)?;
        if file.meta != *meta {
            return Err(Doubt::Changing);
        }
        let read_at = SystemTime::now();
        let mut facts = Facts::default();
        let id = objects::hash_file(&file, meta.size, self.of.hash, self.of.limits, |block| {
            facts.add(block);
        })?;
        if file.meta_now()? != *meta {
            return Err(Doubt::Changing);
        }
        if meta.settled(read_at) {
            self.of.contents.put(*meta, id, facts);
        }
        Ok((id, facts))
    }

    fn conversion(&mut self, path: &[u8]) -> Known<Conversion> {
        let (settings, common, index) = (self.of.settings, self.of.common, self.of.index);
        let attributes = self
            .attributes
            .get_or_insert_with(|| Attributes::new(settings, common))
            .as_mut()
            .map_err(|doubt| *doubt)?;
        attributes.of(path, &self.walk.dirs(), |path| {
            index.position(path).is_some()
        })
    }

    fn store(&mut self) -> Known<&mut Store<'a>> {
        let (common, hash, limits) = (self.of.common, self.of.hash, self.of.limits);
        self.store
            .get_or_insert_with(|| Store::open(common, hash, limits))
            .as_mut()
            .map_err(|doubt| *doubt)
    }

    fn submodule_differs(&mut self, entry: &Entry, name: &[u8], meta: &Meta) -> Known<bool> {
        if meta.kind != Kind::Dir {
            return Ok(true);
        }
        let dir = self.walk.dir().dir(name)?.ok_or(Doubt::Changing)?;
        if dir.stat(".git")?.is_none() {
            // Not checked out.
            return Ok(false);
        }
        self.modules_plain()?;
        let submodule = (self.of.submodule)(&dir)?;
        if submodule.commit != entry.id {
            return Ok(true);
        }
        submodule.dirty
    }

    /// Whether no setting hides a part of a submodule's state.
    fn modules_plain(&mut self) -> Known<()> {
        if self.of.settings.submodules_ignored {
            return Err(Doubt::Submodule);
        }
        if self.modules_plain.is_none() {
            self.modules_plain = Some(match self.of.root.read(".gitmodules", MAX_MODULES) {
                Ok(Some(content)) => {
                    if content
                        .bytes
                        .windows(6)
                        .any(|word| word.eq_ignore_ascii_case(b"ignore"))
                    {
                        Err(Doubt::Submodule)
                    } else {
                        Ok(())
                    }
                }
                // Git would take the index's or the commit's one instead.
                Ok(None) if self.of.index.position(b".gitmodules").is_some() => {
                    Err(Doubt::Submodule)
                }
                Ok(None) => Ok(()),
                Err(_) => Err(Doubt::Submodule),
            });
        }
        self.modules_plain.unwrap_or(Err(Doubt::Submodule))
    }
}
