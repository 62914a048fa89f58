//! Reads objects: loose, in packs, and in alternates.
//!
//! Trusts no stored object: what is returned hashes to the id asked for. Objects are read for the verdict alone,
//! so an alternate, which may name any place on the disk, can lend no more than bytes that are already named.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use gix_hash::{Kind as HashKind, ObjectId, oid};
use gix_object::{CommitRefIter, Kind};

use super::doubt::{Doubt, Known};
use super::file::{Dir, File};
use super::limits::Limits;
use super::pack::{self, Entry, Pack};

/// Commits and trees are read whole; larger ones exist only to be in the way.
const MAX_OBJECT: usize = 16 << 20;
const MAX_CHAIN: usize = 4096;
const MAX_PACK_FILES: usize = 20_000;
const MAX_ALTERNATES: usize = 16;
const MAX_ALTERNATES_FILE: usize = 64 << 10;
const MAX_LOOSE_HEADER: usize = 32;
const BLOCK: usize = 64 << 10;

/// The id of an object with these bytes.
pub fn hash(kind: Kind, bytes: &[u8], hash: HashKind) -> Known<ObjectId> {
    let mut hasher = gix_hash::hasher(hash);
    hasher.update(&gix_object::encode::loose_header(kind, bytes.len() as u64));
    hasher.update(bytes);
    // Fails where the bytes collide with others on purpose.
    hasher.try_finalize().map_err(|_| Doubt::Malformed)
}

/// One directory of objects.
#[derive(Debug)]
struct Source {
    dir: Dir,
    packs: Option<(Dir, Vec<Pack>)>,
}

/// All places where one repository's objects may be.
#[derive(Debug)]
pub struct Store<'a> {
    sources: Vec<Source>,
    hash: HashKind,
    limits: &'a Limits,
}

impl<'a> Store<'a> {
    pub fn open(common: &Dir, hash: HashKind, limits: &'a Limits) -> Known<Store<'a>> {
        let objects = common.dir("objects")?.ok_or(Doubt::NotARepository)?;
        let mut metas = vec![objects.meta()?];
        let mut sources = Vec::new();
        let mut waiting = vec![objects];
        while let Some(dir) = waiting.pop() {
            if let Some(info) = dir.dir("info")?
                && let Some(content) = info.read("alternates", MAX_ALTERNATES_FILE)?
            {
                for line in content.bytes.split(|byte| *byte == b'\n') {
                    if line.is_empty() || line.starts_with(b"#") {
                        continue;
                    }
                    if line.starts_with(b"\"") || line.contains(&0) {
                        return Err(Doubt::Format);
                    }
                    if metas.len() > MAX_ALTERNATES {
                        return Err(Doubt::TooLarge);
                    }
                    let Some(other) = dir.open_from(OsStr::from_bytes(line))? else {
                        continue;
                    };
                    let meta = other.meta()?;
                    if metas.iter().all(|known| !known.same_file(&meta)) {
                        metas.push(meta);
                        waiting.push(other);
                    }
                }
            }
            sources.push(Source { dir, packs: None });
        }
        Ok(Store {
            sources,
            hash,
            limits,
        })
    }

    /// The tree of a commit.
    pub fn tree_of(&mut self, commit: &oid) -> Known<ObjectId> {
        let (kind, bytes) = self.read(commit)?;
        if kind != Kind::Commit {
            return Err(Doubt::Reference);
        }
        tree_of_commit(&bytes, self.hash)
    }

    /// The bytes of a tree.
    pub fn tree(&mut self, id: &oid) -> Known<Vec<u8>> {
        if id.is_empty_tree() {
            return Ok(Vec::new());
        }
        match self.read(id)? {
            (Kind::Tree, bytes) => Ok(bytes),
            _ => Err(Doubt::Malformed),
        }
    }

    /// The bytes of a blob.
    pub fn blob(&mut self, id: &oid) -> Known<Vec<u8>> {
        match self.read(id)? {
            (Kind::Blob, bytes) => Ok(bytes),
            _ => Err(Doubt::Malformed),
        }
    }

    fn read(&mut self, id: &oid) -> Known<(Kind, Vec<u8>)> {
        let mut chain = Vec::new();
        let (kind, mut bytes) = self.read_base(id, &mut chain)?;
        while let Some(delta) = chain.pop() {
            bytes = pack::apply_delta(&bytes, &delta, MAX_OBJECT)?;
            self.limits.spend(bytes.len())?;
        }
        if hash(kind, &bytes, self.hash)? != id {
            return Err(Doubt::Malformed);
        }
        Ok((kind, bytes))
    }

    /// Reads down to a whole object, and leaves the deltas on the way in `chain`. Their bytes are bounded
    /// together by what the probe may inflate.
    fn read_base(&mut self, id: &oid, chain: &mut Vec<Vec<u8>>) -> Known<(Kind, Vec<u8>)> {
        let hash = self.hash;
        let mut wanted = id.to_owned();
        'object: loop {
            if let Some(found) = self.loose(&wanted)? {
                return Ok(found);
            }
            let (source, pack, mut offset) = self.packed(&wanted)?;
            let (dir, packs) = self.sources[source]
                .packs
                .as_mut()
                .ok_or(Doubt::MissingObject)?;
            loop {
                let (entry, bytes) =
                    packs[pack].entry(dir, offset, hash, MAX_OBJECT, self.limits)?;
                match entry {
                    Entry::Whole(number) => {
                        let kind = [Kind::Commit, Kind::Tree, Kind::Blob, Kind::Tag]
                            [usize::from(number) - 1];
                        return Ok((kind, bytes));
                    }
                    Entry::OffsetDelta(base) => offset = base,
                    Entry::ObjectDelta(base) => wanted = base,
                }
                chain.push(bytes);
                if chain.len() > MAX_CHAIN {
                    return Err(Doubt::TooLarge);
                }
                if matches!(entry, Entry::ObjectDelta(_)) {
                    continue 'object;
                }
            }
        }
    }

    fn packed(&mut self, id: &oid) -> Known<(usize, usize, u64)> {
        for (at, source) in self.sources.iter_mut().enumerate() {
            if source.packs.is_none() {
                source.packs = open_packs(&source.dir, self.limits)?;
            }
            let Some((_, packs)) = &source.packs else {
                continue;
            };
            for (pack, file) in packs.iter().enumerate() {
                if let Some(offset) = file.offset(id, self.limits)? {
                    return Ok((at, pack, offset));
                }
            }
        }
        Err(Doubt::MissingObject)
    }

    fn loose(&self, id: &oid) -> Known<Option<(Kind, Vec<u8>)>> {
        let hex = id.to_hex().to_string();
        for source in &self.sources {
            let Some(dir) = source.dir.dir(&hex[..2])? else {
                continue;
            };
            if let Some(file) = dir.file(&hex[2..])? {
                return inflate_loose(&file, self.limits).map(Some);
            }
        }
        Ok(None)
    }
}

fn open_packs(objects: &Dir, limits: &Limits) -> Known<Option<(Dir, Vec<Pack>)>> {
    let Some(dir) = objects.dir("pack")? else {
        return Ok(None);
    };
    let mut packs = Vec::new();
    for name in dir.names(MAX_PACK_FILES)? {
        limits.check()?;
        if let Some(stem) = name.strip_suffix(b".idx")
            && let Some(pack) = Pack::open(&dir, stem)?
        {
            packs.push(pack);
        }
    }
    Ok(Some((dir, packs)))
}

fn inflate_loose(file: &File, limits: &Limits) -> Known<(Kind, Vec<u8>)> {
    let head = pack::inflate(
        |buffer, at| file.read_at(buffer, at),
        0,
        MAX_LOOSE_HEADER,
        false,
        limits,
    )?;
    let (kind, size, length) = loose_header(&head)?;
    let mut bytes = pack::inflate(
        |buffer, at| file.read_at(buffer, at),
        0,
        size.checked_add(length).ok_or(Doubt::TooLarge)?,
        true,
        limits,
    )?;
    bytes.drain(..length);
    Ok((kind, bytes))
}

/// The type, the size and the header's own length of an inflated loose object.
pub fn loose_header(bytes: &[u8]) -> Known<(Kind, usize, usize)> {
    let (kind, size, length) =
        gix_object::decode::loose_header(bytes).map_err(|_| Doubt::Malformed)?;
    let size = usize::try_from(size).map_err(|_| Doubt::TooLarge)?;
    if size > MAX_OBJECT {
        return Err(Doubt::TooLarge);
    }
    Ok((kind, size, length))
}

pub fn tree_of_commit(bytes: &[u8], hash: HashKind) -> Known<ObjectId> {
    let tree = CommitRefIter::from_bytes(bytes, hash)
        .tree_id()
        .map_err(|_| Doubt::Malformed)?;
    if tree.kind() == hash {
        Ok(tree)
    } else {
        Err(Doubt::Malformed)
    }
}

/// Hashes a file of the work tree as a blob, block by block, and tells what its bytes hold.
pub fn hash_file(
    file: &File,
    size: u64,
    hash: HashKind,
    limits: &Limits,
    mut each: impl FnMut(&[u8]),
) -> Known<ObjectId> {
    if size > limits.bytes_left() {
        return Err(Doubt::OutOfBudget);
    }
    let mut hasher = gix_hash::hasher(hash);
    hasher.update(&gix_object::encode::loose_header(Kind::Blob, size));
    let mut block = vec![0; BLOCK.min(usize::try_from(size).map_err(|_| Doubt::TooLarge)? + 1)];
    let mut offset = 0;
    loop {
        let filled = file.read_at(&mut block, offset)?;
        limits.spend(filled)?;
        offset += filled as u64;
        if offset > size {
            return Err(Doubt::Changing);
        }
        hasher.update(&block[..filled]);
        each(&block[..filled]);
        if filled < block.len() {
            break;
        }
    }
    if offset != size {
        return Err(Doubt::Changing);
    }
    hasher.try_finalize().map_err(|_| Doubt::Malformed)
}
