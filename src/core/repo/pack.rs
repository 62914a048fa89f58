//! Pack files and their indices, by positioned reads.
//!
//! Trusts no number in them: every offset, count and size is checked against what is there and against a bound
//! before it is used. A pack that is replaced while it is read gives bytes that do not hash to the object asked
//! for, and the store above checks that.

use flate2::{Decompress, FlushDecompress, Status};
use gix_hash::{Kind as HashKind, ObjectId, oid};

use super::doubt::{Doubt, Known};
use super::file::{Dir, File};
use super::limits::Limits;

const FANOUT: usize = 256 * 4;
const HEADER: u64 = 8;
/// The longest entry header: a size of 64 bits at 4 and 7 bits a byte, and a base.
const MAX_ENTRY_HEADER: usize = 64;
const BLOCK: usize = 16 << 10;

/// One pack index, and the pack of the same name once an object of it is wanted.
#[derive(Debug)]
pub struct Pack {
    index: File,
    fanout: Vec<u8>,
    name: Vec<u8>,
    data: Option<File>,
}

/// What lies at an offset of a pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    /// A whole object, of git's number for its type.
    Whole(u8),
    /// The difference to the entry at that offset of the same pack.
    OffsetDelta(u64),
    ObjectDelta(ObjectId),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntryHeader {
    pub entry: Entry,
    /// Of the inflated bytes.
    pub size: u64,
    /// Of this header.
    pub length: usize,
}

/// Reads the header of the entry at `offset`.
pub fn entry_header(bytes: &[u8], offset: u64, hash: HashKind) -> Known<EntryHeader> {
    let mut at = 0;
    let mut next = || {
        let byte = bytes.get(at).copied().ok_or(Doubt::Malformed)?;
        at += 1;
        Ok(byte)
    };
    let mut byte = next()?;
    let kind = (byte >> 4) & 7;
    let mut size = u64::from(byte & 15);
    let mut shift = 4;
    while byte & 0x80 != 0 {
        if shift > 53 {
            return Err(Doubt::Malformed);
        }
        byte = next()?;
        size |= u64::from(byte & 0x7f) << shift;
        shift += 7;
    }
    let entry = match kind {
        1..=4 => Entry::Whole(kind),
        6 => {
            byte = next()?;
            let mut back = u64::from(byte & 0x7f);
            while byte & 0x80 != 0 {
                byte = next()?;
                // A number of n bytes starts where those of n - 1 bytes end.
                back = back
                    .checked_add(1)
                    .and_then(|back| back.checked_mul(128))
                    .and_then(|back| back.checked_add(u64::from(byte & 0x7f)))
                    .ok_or(Doubt::Malformed)?;
            }
            match offset.checked_sub(back) {
                Some(base) if back > 0 => Entry::OffsetDelta(base),
                _ => return Err(Doubt::Malformed),
            }
        }
        7 => {
            let length = hash.len_in_bytes();
            let id = bytes.get(at..at + length).ok_or(Doubt::Malformed)?;
            at += length;
            Entry::ObjectDelta(ObjectId::from_bytes_or_panic(id))
        }
        _ => return Err(Doubt::Malformed),
    };
    Ok(EntryHeader {
        entry,
        size,
        length: at,
    })
}

/// Builds an object from its base and the instructions of a delta, bounded by `limit` bytes.
pub fn apply_delta(base: &[u8], delta: &[u8], limit: usize) -> Known<Vec<u8>> {
    let mut rest = delta;
    let from = delta_size(&mut rest)?;
    let to = delta_size(&mut rest)?;
    if from != base.len() {
        return Err(Doubt::Malformed);
    }
    if to > limit {
        return Err(Doubt::TooLarge);
    }
    let mut out = Vec::with_capacity(to);
    while let Some((&op, tail)) = rest.split_first() {
        rest = tail;
        let piece = if op & 0x80 != 0 {
            let mut number = |bits: u8, count: u8| -> Known<usize> {
                let mut value = 0;
                for byte in 0..count {
                    if bits & (1 << byte) != 0 {
                        let (&part, tail) = rest.split_first().ok_or(Doubt::Malformed)?;
                        rest = tail;
                        value |= usize::from(part) << (8 * byte);
                    }
                }
                Ok(value)
            };
            let start = number(op & 15, 4)?;
            let mut length = number((op >> 4) & 7, 3)?;
            if length == 0 {
                length = 0x10000;
            }
            let end = start.checked_add(length).ok_or(Doubt::Malformed)?;
            base.get(start..end).ok_or(Doubt::Malformed)?
        } else if op == 0 {
            return Err(Doubt::Malformed);
        } else {
            let (piece, tail) = rest
                .split_at_checked(usize::from(op))
                .ok_or(Doubt::Malformed)?;
            rest = tail;
            piece
        };
        if out.len() + piece.len() > to {
            return Err(Doubt::Malformed);
        }
        out.extend_from_slice(piece);
    }
    if out.len() == to {
        Ok(out)
    } else {
        Err(Doubt::Malformed)
    }
}

fn delta_size(rest: &mut &[u8]) -> Known<usize> {
    let mut size = 0_usize;
    for shift in (0..28).step_by(7) {
        let (&byte, tail) = rest.split_first().ok_or(Doubt::Malformed)?;
        *rest = tail;
        size |= usize::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(size);
        }
    }
    // Nothing of 256 MiB is wanted here.
    Err(Doubt::TooLarge)
}

/// Inflates from a source of blocks, until the stream ends or `limit` bytes came out.
///
/// With `exact` the stream has to end at `limit` bytes; else what came out by then is returned.
pub fn inflate(
    mut read: impl FnMut(&mut [u8], u64) -> Known<usize>,
    mut offset: u64,
    limit: usize,
    exact: bool,
    limits: &Limits,
) -> Known<Vec<u8>> {
    let mut inflater = Decompress::new(true);
    let mut out = Vec::new();
    let mut input = vec![0; BLOCK.min(limit.saturating_add(512))];
    let mut block = [0; 4096];
    loop {
        let filled = read(&mut input, offset)?;
        if filled == 0 {
            return Err(Doubt::Malformed);
        }
        offset += filled as u64;
        let mut rest = &input[..filled];
        loop {
            let (before_in, before_out) = (inflater.total_in(), inflater.total_out());
            let status = inflater
                .decompress(rest, &mut block, FlushDecompress::None)
                .map_err(|_| Doubt::Malformed)?;
            let taken =
                usize::try_from(inflater.total_in() - before_in).map_err(|_| Doubt::Malformed)?;
            let made =
                usize::try_from(inflater.total_out() - before_out).map_err(|_| Doubt::Malformed)?;
            rest = &rest[taken..];
            limits.spend(made)?;
            out.extend_from_slice(&block[..made]);
            if out.len() > limit {
                if exact {
                    return Err(Doubt::Malformed);
                }
                out.truncate(limit);
                return Ok(out);
            }
            match status {
                Status::StreamEnd if exact && out.len() != limit => return Err(Doubt::Malformed),
                Status::StreamEnd => return Ok(out),
                Status::Ok | Status::BufError if taken == 0 && made == 0 => break,
                _ if rest.is_empty() && made < block.len() => break,
                _ => {}
            }
        }
        if !rest.is_empty() {
            return Err(Doubt::Malformed);
        }
    }
}

impl Pack {
    /// Opens `<name>.idx`.
    pub fn open(dir: &Dir, name: &[u8]) -> Known<Option<Pack>> {
        let mut file_name = name.to_vec();
        file_name.extend_from_slice(b".idx");
        let Some(index) = dir.file(&file_name[..])? else {
            return Ok(None);
        };
        let mut head = vec![0; 8 + FANOUT];
        index.read_exact_at(&mut head, 0)?;
        // The first version has not been written since 2008.
        if head[..8] != *b"\xfftOc\0\0\0\x02" {
            return Err(Doubt::Format);
        }
        Ok(Some(Pack {
            index,
            fanout: head.split_off(8),
            name: name.to_vec(),
            data: None,
        }))
    }

    fn count(&self, byte: usize) -> u64 {
        let bytes = &self.fanout[byte * 4..byte * 4 + 4];
        u64::from(u32::from_be_bytes(bytes.try_into().expect("four bytes")))
    }

    /// Where the object is in the pack.
    pub fn offset(&self, id: &oid, limits: &Limits) -> Known<Option<u64>> {
        let length = id.kind().len_in_bytes();
        let total = self.count(255);
        let first = usize::from(id.first_byte());
        let mut low = if first == 0 { 0 } else { self.count(first - 1) };
        let mut high = self.count(first);
        if low > high || high > total {
            return Err(Doubt::Malformed);
        }
        let ids = HEADER + FANOUT as u64;
        let mut found = vec![0; length];
        let position = loop {
            if low >= high {
                return Ok(None);
            }
            limits.check()?;
            let middle = low + (high - low) / 2;
            self.index
                .read_exact_at(&mut found, ids + middle * length as u64)?;
            match found.as_slice().cmp(id.as_bytes()) {
                std::cmp::Ordering::Equal => break middle,
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
            }
        };
        // Behind the ids come the checksums and the offsets, of four bytes each, and the long offsets.
        let offsets = ids + total * (length as u64 + 4);
        let mut short = [0; 4];
        self.index
            .read_exact_at(&mut short, offsets + position * 4)?;
        let short = u32::from_be_bytes(short);
        if short & 0x8000_0000 == 0 {
            return Ok(Some(u64::from(short)));
        }
        let mut long = [0; 8];
        let at = offsets + total * 4 + u64::from(short & 0x7fff_ffff) * 8;
        self.index.read_exact_at(&mut long, at)?;
        Ok(Some(u64::from_be_bytes(long)))
    }

    fn data(&mut self, dir: &Dir) -> Known<&File> {
        if self.data.is_none() {
            let mut file_name = self.name.clone();
            file_name.extend_from_slice(b".pack");
            let file = dir.file(&file_name[..])?.ok_or(Doubt::MissingObject)?;
            let mut head = [0; 8];
            file.read_exact_at(&mut head, 0)?;
            if head != *b"PACK\0\0\0\x02" {
                return Err(Doubt::Format);
            }
            self.data = Some(file);
        }
        self.data.as_ref().ok_or(Doubt::MissingObject)
    }

    /// The header of the entry at `offset`, and its inflated bytes.
    pub fn entry(
        &mut self,
        dir: &Dir,
        offset: u64,
        hash: HashKind,
        limit: usize,
        limits: &Limits,
    ) -> Known<(Entry, Vec<u8>)> {
        let data = self.data(dir)?;
        let mut head = [0; MAX_ENTRY_HEADER];
        let filled = data.read_at(&mut head, offset)?;
        let header = entry_header(&head[..filled], offset, hash)?;
        let size = usize::try_from(header.size).map_err(|_| Doubt::TooLarge)?;
        if size > limit {
            return Err(Doubt::TooLarge);
        }
        let bytes = inflate(
            |buffer, at| data.read_at(buffer, at),
            offset + header.length as u64,
            size,
            true,
            limits,
        )?;
        Ok((header.entry, bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entry_headers() {
        let header = entry_header(&[0x95, 0x0a], 100, HashKind::Sha1).unwrap();
        assert_eq!(header.entry, Entry::Whole(1));
        assert_eq!(header.size, 5 + (10 << 4));
        assert_eq!(header.length, 2);
        // The two-byte number 0x80 0x00 is 128.
        let delta = entry_header(&[0x61, 0x80, 0x00], 200, HashKind::Sha1).unwrap();
        assert_eq!(delta.entry, Entry::OffsetDelta(72));
        assert_eq!(
            entry_header(&[0x61, 0x80, 0x00], 100, HashKind::Sha1),
            Err(Doubt::Malformed)
        );
        assert_eq!(
            entry_header(&[0x61, 0x00], 100, HashKind::Sha1),
            Err(Doubt::Malformed)
        );
        assert_eq!(
            entry_header(&[0xff; 64], 100, HashKind::Sha1),
            Err(Doubt::Malformed)
        );
        assert_eq!(
            entry_header(&[], 100, HashKind::Sha1),
            Err(Doubt::Malformed)
        );
    }

    #[test]
    fn deltas() {
        // 5 bytes from 6: copy 3 from 1, insert two.
        let delta = [6, 5, 0x91, 1, 3, 2, b'x', b'y'];
        assert_eq!(apply_delta(b"abcdef", &delta, 100).unwrap(), b"bcdxy");
        assert_eq!(apply_delta(b"abcde", &delta, 100), Err(Doubt::Malformed));
        assert_eq!(apply_delta(b"abcdef", &delta, 4), Err(Doubt::TooLarge));
        assert_eq!(
            apply_delta(b"abcdef", &[6, 5, 0x91, 4, 3, 2, 0, 0], 9),
            Err(Doubt::Malformed)
        );
        assert_eq!(apply_delta(b"abcdef", &[6, 5, 0], 9), Err(Doubt::Malformed));
    }
}
