//! Decodes the index.
//!
//! Trusts no byte of it. A first pass walks the raw bytes and bounds what the decoder would otherwise allocate
//! or recurse into: paths that version 4 unfolds from a few bytes, and nested trees. Extensions that are not
//! needed are cut out before decoding. After decoding every path is checked, so that none can lead out of the
//! work tree, and the order, on which everything else relies.

use filetime::FileTime;
use gix_hash::{Kind as HashKind, ObjectId};
use gix_index::decode::Options;
use gix_index::entry::{Flags, Mode, Stage};
use gix_index::extension::Tree;
use gix_index::{Entry, State};

use super::doubt::{Doubt, Known};
use super::file::{Content, Dir, Meta};

/// Beyond it the branch alone is told.
pub const MAX_INDEX: usize = 32 << 20;
const MAX_PATH: usize = 4096;
const MAX_PATHS: usize = 128 << 20;
const MAX_TREE_DEPTH: usize = 256;
const HEADER: usize = 12;
/// Ten numbers of a stat, of four bytes each.
const STAT: usize = 40;
const MODE_AT: usize = 24;

/// A decoded index, whose paths and order hold.
pub struct Index {
    state: State,
    pub meta: Meta,
    /// Whether the decoded state may be remembered by the stat.
    pub settled: bool,
    /// A conflict, or a path that was only announced: dirty whatever the files are.
    pub unfinished: bool,
}

impl Index {
    /// `None` where the repository has no index, which is an empty one.
    pub fn read(git: &Dir, hash: HashKind) -> Known<Option<Index>> {
        let Some(Content {
            bytes,
            meta,
            settled,
        }) = git.read("index", MAX_INDEX)?
        else {
            return Ok(None);
        };
        // Git reads this time as "no time".
        if meta.mtime.secs == 0 {
            return Err(Doubt::Entry);
        }
        let state = decode(bytes, hash, meta.mtime.secs, meta.mtime.nanos)?;
        let unfinished = check(&state)?;
        Ok(Some(Index {
            state,
            meta,
            settled,
            unfinished,
        }))
    }

    pub fn entries(&self) -> &[Entry] {
        self.state.entries()
    }

    pub fn path(&self, entry: &Entry) -> &[u8] {
        entry.path(&self.state)
    }

    pub fn position(&self, path: &[u8]) -> Option<usize> {
        self.state.entry_index_by_path(path.into()).ok()
    }

    /// The tree that the index was last known to hold.
    pub fn cached_tree(&self) -> Option<&Tree> {
        self.state.tree()
    }

    pub fn bytes(&self) -> usize {
        std::mem::size_of_val(self.state.entries()) + self.state.path_backing().len()
    }
}

/// Decodes bytes that a repository holds as its index.
pub fn decode(mut bytes: Vec<u8>, hash: HashKind, secs: i64, nanos: u32) -> Known<State> {
    let parts = survey(&bytes, hash)?;
    let trailer = bytes.len() - hash.len_in_bytes();
    let checksum = ObjectId::from_bytes_or_panic(&bytes[trailer..]);
    // All zeros where the user chose to save the time.
    if !checksum.is_null() {
        let mut hasher = gix_hash::hasher(hash);
        hasher.update(&bytes[..trailer]);
        if hasher.try_finalize().map_err(|_| Doubt::Malformed)? != checksum {
            return Err(Doubt::Malformed);
        }
    }
    let tree = parts.tree.map(|range| bytes[range].to_vec());
    bytes.truncate(parts.entries_end);
    bytes.extend(tree.into_iter().flatten());
    bytes.extend_from_slice(ObjectId::null(hash).as_slice());
    let options = Options {
        thread_limit: Some(1),
        alloc_limit_bytes: Some(MAX_PATHS),
        ..Options::default()
    };
    let (state, _) =
        State::from_bytes(&bytes, FileTime::from_unix_time(secs, nanos), hash, options)
            .map_err(|_| Doubt::Malformed)?;
    Ok(state)
}

struct Parts {
    entries_end: usize,
    /// The extension that holds trees, with its header.
    tree: Option<std::ops::Range<usize>>,
}

/// Walks the raw bytes without allocating, and refuses what could grow beyond measure.
fn survey(bytes: &[u8], hash: HashKind) -> Known<Parts> {
    let end = bytes
        .len()
        .checked_sub(hash.len_in_bytes())
        .ok_or(Doubt::Malformed)?;
    let body = &bytes[..end];
    if body.get(..4) != Some(b"DIRC") {
        return Err(Doubt::Malformed);
    }
    let version = number(body, 4)?;
    if !(2..=4).contains(&version) {
        return Err(Doubt::Format);
    }
    let count = number(body, 8)?;
    let mut at = HEADER;
    let mut previous = 0_usize;
    let mut all_paths = 0_usize;
    for _ in 0..count {
        let start = at;
        if !matches!(
            number(body, at + MODE_AT)?,
            0o100_644 | 0o100_755 | 0o120_000 | 0o160_000 | 0o040_000
        ) {
            return Err(Doubt::Entry);
        }
        at += STAT + hash.len_in_bytes();
        let flags = body.get(at..at + 2).ok_or(Doubt::Malformed)?;
        let flags = u16::from_be_bytes([flags[0], flags[1]]);
        at += 2;
        if flags & 0x4000 != 0 {
            if version < 3 {
                return Err(Doubt::Malformed);
            }
            at += 2;
        }
        let rest = body.get(at..).ok_or(Doubt::Malformed)?;
        let length = if version == 4 {
            let (strip, used) = strip_length(rest)?;
            let suffix = until_nul(&rest[used..])?;
            at += used + suffix + 1;
            previous.checked_sub(strip).ok_or(Doubt::Malformed)? + suffix
        } else {
            let length = until_nul(rest)?;
            if usize::from(flags & 0x0fff) != length.min(0x0fff) {
                return Err(Doubt::Malformed);
            }
            // Padded with one to eight NULs to a multiple of eight.
            at = start + (at - start + length + 8) / 8 * 8;
            length
        };
        all_paths += length;
        if length > MAX_PATH || all_paths > MAX_PATHS || at > end {
            return Err(Doubt::TooLarge);
        }
        previous = length;
    }
    let entries_end = at;
    let mut tree = None;
    while at < end {
        let name = body.get(at..at + 4).ok_or(Doubt::Malformed)?;
        let size = number(body, at + 4)? as usize;
        let data = body
            .get(at + 8..)
            .and_then(|rest| rest.get(..size))
            .ok_or(Doubt::Malformed)?;
        match name {
            b"link" => return Err(Doubt::SplitIndex),
            b"TREE" if tree.is_some() => return Err(Doubt::Malformed),
            b"TREE" if trees_are_bounded(data, hash) => tree = Some(at..at + 8 + size),
            // Read by the mode of the entries themselves.
            b"sdir" => {}
            _ if name[0].is_ascii_uppercase() => {}
            _ => return Err(Doubt::Format),
        }
        at += 8 + size;
    }
    Ok(Parts { entries_end, tree })
}

fn number(bytes: &[u8], at: usize) -> Known<u32> {
    let bytes = bytes.get(at..at + 4).ok_or(Doubt::Malformed)?;
    Ok(u32::from_be_bytes(
        bytes.try_into().map_err(|_| Doubt::Malformed)?,
    ))
}

fn until_nul(bytes: &[u8]) -> Known<usize> {
    // No path is longer, so no search need be.
    let bytes = &bytes[..bytes.len().min(MAX_PATH + 1)];
    bytes
        .iter()
        .position(|byte| *byte == 0)
        .ok_or(Doubt::Malformed)
}

/// How many bytes of the path before are dropped, and the bytes that this number takes.
fn strip_length(bytes: &[u8]) -> Known<(usize, usize)> {
    let mut value = 0_usize;
    for (at, byte) in bytes.iter().enumerate().take(4) {
        value |= usize::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Ok((value, at + 1));
        }
        value = (value + 1) << 7;
    }
    Err(Doubt::Malformed)
}

/// Whether the nested trees are complete and not nested deeper than a recursive decoder can take.
fn trees_are_bounded(mut bytes: &[u8], hash: HashKind) -> bool {
    fn decimal(bytes: &[u8]) -> Option<i64> {
        std::str::from_utf8(bytes).ok()?.parse().ok()
    }
    fn take<'a>(bytes: &mut &'a [u8], end: u8) -> Option<&'a [u8]> {
        let at = bytes.iter().position(|byte| *byte == end)?;
        let piece = &bytes[..at];
        *bytes = &bytes[at + 1..];
        Some(piece)
    }
    let mut open: Vec<usize> = vec![1];
    while let Some(left) = open.last_mut() {
        if *left == 0 {
            open.pop();
            continue;
        }
        *left -= 1;
        let mut one = || {
            take(&mut bytes, 0)?;
            let count = decimal(take(&mut bytes, b' ')?)?;
            let children = usize::try_from(decimal(take(&mut bytes, b'\n')?)?).ok()?;
            if count >= 0 {
                bytes = bytes.get(hash.len_in_bytes()..)?;
            }
            // Each takes six bytes at the least.
            (children <= bytes.len() / 6).then_some(children)
        };
        let Some(children) = one() else {
            return false;
        };
        open.push(children);
        if open.len() > MAX_TREE_DEPTH {
            return false;
        }
    }
    bytes.is_empty()
}

/// Checks all paths and their order, and tells whether some entry makes the verdict dirty by itself.
pub fn check(index: &State) -> Known<bool> {
    let mut unfinished = false;
    let mut previous: Option<(&[u8], Stage)> = None;
    for entry in index.entries() {
        let path: &[u8] = entry.path(index);
        let stage = entry.stage();
        let sparse_dir = entry.mode == Mode::DIR;
        let body = if sparse_dir {
            path.strip_suffix(b"/").ok_or(Doubt::Entry)?
        } else {
            path
        };
        if !path_is_safe(body) {
            return Err(Doubt::Entry);
        }
        if let Some((before, before_stage)) = previous {
            let ordered = match before.cmp(path) {
                std::cmp::Ordering::Less => true,
                std::cmp::Ordering::Equal => {
                    before_stage != Stage::Unconflicted && before_stage < stage
                }
                std::cmp::Ordering::Greater => false,
            };
            if !ordered {
                return Err(Doubt::Malformed);
            }
        }
        previous = Some((path, stage));
        let announced = entry.flags.contains(Flags::INTENT_TO_ADD);
        let hidden = entry
            .flags
            .intersects(Flags::ASSUME_VALID | Flags::SKIP_WORKTREE);
        if stage != Stage::Unconflicted || announced {
            if hidden || sparse_dir {
                return Err(Doubt::Entry);
            }
            unfinished = true;
        }
        if sparse_dir && !entry.flags.contains(Flags::SKIP_WORKTREE) {
            return Err(Doubt::Entry);
        }
    }
    Ok(unfinished)
}

/// Whether each step of a path is a plain name.
pub fn path_is_safe(path: &[u8]) -> bool {
    path.split(|byte| *byte == b'/').all(name_is_safe)
}

pub fn name_is_safe(name: &[u8]) -> bool {
    !name.is_empty()
        && name != b"."
        && name != b".."
        && !name.eq_ignore_ascii_case(b".git")
        && !name.contains(&0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(path: &[u8], mode: u32) -> Vec<u8> {
        let mut bytes = vec![0; 62];
        bytes[MODE_AT..MODE_AT + 4].copy_from_slice(&mode.to_be_bytes());
        bytes[60..62].copy_from_slice(&u16::try_from(path.len()).unwrap().to_be_bytes());
        bytes.extend_from_slice(path);
        bytes.resize(bytes.len() / 8 * 8 + 8, 0);
        bytes
    }

    fn index(entries: &[Vec<u8>], extensions: &[u8]) -> Vec<u8> {
        let mut bytes = b"DIRC\0\0\0\x02".to_vec();
        bytes.extend_from_slice(&u32::try_from(entries.len()).unwrap().to_be_bytes());
        bytes.extend(entries.iter().flatten());
        bytes.extend_from_slice(extensions);
        bytes.extend_from_slice(&[0; 20]);
        bytes
    }

    fn verdict(bytes: Vec<u8>) -> Known<bool> {
        check(&decode(bytes, HashKind::Sha1, 1, 0)?)
    }

    #[test]
    fn paths_that_lead_out_are_refused() {
        for path in [
            &b"../x"[..],
            b"a/../b",
            b"/x",
            b"a//b",
            b".git/hooks/x",
            b"a/.GIT/x",
            b".",
        ] {
            assert_eq!(
                verdict(index(&[entry(path, 0o100_644)], b"")),
                Err(Doubt::Entry),
                "{path:?}"
            );
        }
        assert_eq!(verdict(index(&[entry(b"a/b", 0o100_644)], b"")), Ok(false));
    }

    #[test]
    fn order_modes_and_counts_are_checked() {
        let (a, b) = (entry(b"a", 0o100_644), entry(b"b", 0o100_644));
        assert_eq!(
            verdict(index(&[b.clone(), a.clone()], b"")),
            Err(Doubt::Malformed)
        );
        assert_eq!(
            verdict(index(&[a.clone(), a.clone()], b"")),
            Err(Doubt::Malformed)
        );
        assert_eq!(
            verdict(index(&[entry(b"a", 0o100_664)], b"")),
            Err(Doubt::Entry)
        );
        let mut more = index(&[a, b], b"");
        more[11] = 200;
        assert!(verdict(more).is_err());
    }

    #[test]
    fn extensions_that_change_the_meaning_are_refused() {
        assert_eq!(verdict(index(&[], b"link\0\0\0\0")), Err(Doubt::SplitIndex));
        assert_eq!(verdict(index(&[], b"newx\0\0\0\0")), Err(Doubt::Format));
        assert_eq!(verdict(index(&[], b"NEWX\0\0\0\0")), Ok(false));
        assert_eq!(
            verdict(index(&[], b"NEWX\0\0\0\x09")),
            Err(Doubt::Malformed)
        );
    }

    #[test]
    fn deeply_nested_trees_are_not_decoded() {
        let mut nested = b"\0-1 1\n".repeat(100_000);
        nested.extend_from_slice(b"\0-1 0\n");
        let mut extension = b"TREE".to_vec();
        extension.extend_from_slice(&u32::try_from(nested.len()).unwrap().to_be_bytes());
        extension.extend_from_slice(&nested);
        let state = decode(index(&[], &extension), HashKind::Sha1, 1, 0).unwrap();
        assert!(state.tree().is_none());
    }

    #[test]
    fn a_wrong_checksum_is_refused() {
        let mut bytes = index(&[entry(b"a", 0o100_644)], b"");
        let last = bytes.len() - 1;
        bytes[last] = 1;
        assert_eq!(verdict(bytes), Err(Doubt::Malformed));
    }

    #[test]
    fn paths_cannot_be_unfolded_without_bound() {
        let mut bytes = b"DIRC\0\0\0\x04\0\x0f\0\0".to_vec();
        let mut one = vec![0; 62];
        one[MODE_AT..MODE_AT + 4].copy_from_slice(&0o100_644_u32.to_be_bytes());
        let mut first = one.clone();
        first.push(0);
        first.extend(b"a/".repeat(2000));
        first.push(0);
        bytes.extend(first);
        one.extend_from_slice(b"\0b\0");
        for _ in 0..200_000 {
            bytes.extend_from_slice(&one);
        }
        bytes.extend_from_slice(&[0; 20]);
        assert_eq!(verdict(bytes), Err(Doubt::TooLarge));
    }
}
