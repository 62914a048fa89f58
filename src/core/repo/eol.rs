//! Line endings as git normalises them before it compares a file with the index.
//!
//! Works on bytes in memory and trusts nothing about them.

use gix_object::bstr::ByteSlice;

use super::doubt::Known;

/// What git does with the line endings of a path when it reads the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Eol {
    /// Nothing.
    Keep,
    /// CRLF becomes LF.
    Text,
    /// CRLF becomes LF, unless the file looks binary or the index has CRLF already.
    Auto,
}

/// What a file's bytes hold that a conversion would act on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Facts {
    pub carriage_return: bool,
    /// `$Id`, or what may be the beginning of it at the end of a block.
    pub keyword: bool,
}

impl Facts {
    pub fn add(&mut self, block: &[u8]) {
        self.carriage_return = self.carriage_return || block.contains_str("\r");
        self.keyword = self.keyword
            || block.contains_str("$Id")
            || block.ends_with(b"$")
            || block.ends_with(b"$I");
    }
}

#[derive(Debug, Default)]
struct Counts {
    nul: bool,
    lone_cr: bool,
    crlf: bool,
    printable: usize,
    other: usize,
}

impl Counts {
    fn of(bytes: &[u8]) -> Counts {
        let mut counts = Counts::default();
        let mut rest = bytes.iter().peekable();
        while let Some(byte) = rest.next() {
            match byte {
                b'\r' if rest.next_if(|next| **next == b'\n').is_some() => counts.crlf = true,
                b'\r' => counts.lone_cr = true,
                b'\n' => {}
                0 => {
                    counts.nul = true;
                    counts.other += 1;
                }
                // Backspace, tab, form feed and escape occur in text.
                0x08 | 0x09 | 0x0c | 0x1b => counts.printable += 1,
                0..=0x1f | 0x7f => counts.other += 1,
                _ => counts.printable += 1,
            }
        }
        // An end-of-file mark of old systems.
        if bytes.last() == Some(&0x1a) {
            counts.other -= 1;
        }
        counts
    }

    fn binary(&self) -> bool {
        self.lone_cr || self.nul || self.printable / 128 < self.other
    }
}

/// The bytes that git compares, `None` where they are the file's own.
pub fn normalise(
    bytes: &[u8],
    eol: Eol,
    in_index: impl FnOnce() -> Known<Vec<u8>>,
) -> Known<Option<Vec<u8>>> {
    let counts = Counts::of(bytes);
    if eol == Eol::Keep || !counts.crlf {
        return Ok(None);
    }
    if eol == Eol::Auto {
        if counts.binary() {
            return Ok(None);
        }
        let committed = in_index()?;
        let committed = Counts::of(&committed);
        if committed.crlf && !committed.binary() {
            return Ok(None);
        }
    }
    Ok(Some(bytes.replace("\r\n", "\n")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(bytes: &[u8], eol: Eol, index: &[u8]) -> Option<Vec<u8>> {
        normalise(bytes, eol, || Ok(index.to_vec())).unwrap()
    }

    #[test]
    fn text_loses_carriage_returns_before_line_feeds_only() {
        assert_eq!(
            run(b"a\r\nb\rc\r\r\n", Eol::Text, b"").unwrap(),
            b"a\nb\rc\r\n"
        );
        assert_eq!(run(b"a\r\n", Eol::Keep, b""), None);
        assert_eq!(run(b"a\n", Eol::Text, b""), None);
    }

    #[test]
    fn auto_leaves_binary_files_and_committed_crlf_alone() {
        assert_eq!(run(b"a\r\nb\n", Eol::Auto, b"a\nb\n").unwrap(), b"a\nb\n");
        assert_eq!(run(b"a\r\nb\r", Eol::Auto, b""), None);
        assert_eq!(run(b"a\r\n\0", Eol::Auto, b""), None);
        assert_eq!(run(b"a\r\n", Eol::Auto, b"x\r\n"), None);
        // A binary file in the index counts as one without CRLF.
        assert!(run(b"a\r\n", Eol::Auto, b"x\r\n\0").is_some());
        assert!(run(b"a\r\n\x1a", Eol::Auto, b"").is_some());
    }

    #[test]
    fn facts_see_across_blocks() {
        let mut facts = Facts::default();
        facts.add(b"price: 5$");
        assert!(facts.keyword);
        assert!(!facts.carriage_return);
    }
}
