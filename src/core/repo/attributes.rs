//! The attributes that decide how a file's bytes are converted before git compares them.
//!
//! Trusts the user's own attribute files; trusts nothing in a repository: files are read by handle and bounded,
//! and patterns that could make matching slow are a doubt. A filter is never run and its command never read: a
//! file that would pass one is a doubt.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use gix_attributes::glob::pattern::Case;
use gix_attributes::search::{MetadataCollection, Outcome};
use gix_attributes::{Search, StateRef};
use gix_object::bstr::ByteSlice;

use super::config::Settings;
use super::doubt::{Doubt, Known};
use super::eol::Eol;
use super::file::Dir;

const MAX_FILE: usize = 256 << 10;
/// Git does not read a longer line.
const MAX_LINE: usize = 2048;
/// Each wildcard can multiply the time that matching takes.
const MAX_WILDCARDS: usize = 6;
const NAME: &str = ".gitattributes";
const SELECTED: [&str; 6] = [
    "text",
    "crlf",
    "eol",
    "ident",
    "filter",
    "working-tree-encoding",
];
/// Patterns are given to the matcher as if they lay below this directory.
const BASE: &str = "/";

/// What happens to a file's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conversion {
    pub eol: Eol,
    pub keyword: bool,
    /// A filter with a command, or an encoding: the bytes to compare are not known here.
    pub opaque: bool,
}

/// The attributes of one directory after another, as a walk through the work tree comes by.
pub struct Attributes<'a> {
    settings: &'a Settings,
    search: Search,
    collection: MetadataCollection,
    outcome: Outcome,
    info: Vec<u8>,
    /// The directories whose files are loaded, the root's first; a path ends in a slash.
    loaded: Vec<Vec<u8>>,
    /// How many files in `search` belong to no directory.
    globals: usize,
    /// Attributes of interest, or macros that may hold them, were seen.
    any: bool,
}

/// Bytes of one attribute file, of a form that matching can take.
#[derive(Debug)]
pub struct Source<'a> {
    bytes: &'a [u8],
    /// Whether it may say anything of interest here.
    pub relevant: bool,
}

impl<'a> Source<'a> {
    pub fn new(bytes: &'a [u8]) -> Known<Self> {
        if bytes.len() > MAX_FILE
            || bytes.contains(&0)
            || bytes.starts_with(b"\xff\xfe")
            || bytes.starts_with(b"\xfe\xff")
        {
            return Err(Doubt::Conversion);
        }
        for line in bytes.split(|byte| *byte == b'\n') {
            let wildcards = line
                .iter()
                .filter(|byte| matches!(byte, b'*' | b'?' | b'['))
                .count();
            if line.len() >= MAX_LINE
                || (wildcards > MAX_WILDCARDS && !line.trim_ascii_start().starts_with(b"#"))
            {
                return Err(Doubt::Conversion);
            }
        }
        let relevant = [
            "text", "crlf", "eol", "ident", "filter", "encoding", "binary", "[attr]",
        ]
        .iter()
        .any(|word| bytes.contains_str(word));
        Ok(Source { bytes, relevant })
    }
}

impl<'a> Attributes<'a> {
    pub fn new(settings: &'a Settings, common: &Dir) -> Known<Attributes<'a>> {
        let mut attributes = Attributes {
            settings,
            search: Search::default(),
            collection: MetadataCollection::default(),
            outcome: Outcome::default(),
            info: Vec::new(),
            loaded: Vec::new(),
            globals: 0,
            any: false,
        };
        attributes.push(b"[attr]binary -diff -merge -text\n", None, true)?;
        attributes.any = false;
        let files = &settings.attributes;
        for uncertain in &files.uncertain {
            if Dir::file_of_user(uncertain)?.is_some() {
                return Err(Doubt::Conversion);
            }
        }
        let user = files.user.as_ref().map_err(|_| Doubt::Conversion)?;
        for path in [files.system.as_deref(), user.as_deref()]
            .into_iter()
            .flatten()
        {
            if let Some(file) = Dir::file_of_user(path)? {
                attributes.push(&file.read(MAX_FILE)?.bytes, None, true)?;
            }
        }
        attributes.globals = attributes.search.num_pattern_lists();
        if let Some(info) = common.dir("info")?
            && let Some(content) = info.read("attributes", MAX_FILE)?
        {
            attributes.info = content.bytes;
        }
        Ok(attributes)
    }

    fn push(&mut self, bytes: &[u8], dir: Option<&[u8]>, macros: bool) -> Known<()> {
        let source = Source::new(bytes)?;
        self.any |= source.relevant;
        let path = match dir {
            Some(dir) => Path::new(BASE).join(OsStr::from_bytes(dir)).join(NAME),
            None => PathBuf::from(NAME),
        };
        self.search
            .add_patterns_buffer(
                source.bytes,
                path,
                dir.map(|_| Path::new(BASE)),
                &mut self.collection,
                macros,
            )
            .map_err(|_| Doubt::Conversion)
    }

    /// What applies to `path`, a file of the last of `dirs`: the work tree's root and each directory below it on
    /// the way, with their paths. `tracked` tells whether the index has a path.
    pub fn of(
        &mut self,
        path: &[u8],
        dirs: &[(&[u8], &Dir)],
        tracked: impl Fn(&[u8]) -> bool,
    ) -> Known<Conversion> {
        self.enter(dirs, tracked)?;
        let fallback = if self.settings.auto_crlf {
            Eol::Auto
        } else {
            Eol::Keep
        };
        if !self.any {
            return Ok(Conversion {
                eol: fallback,
                keyword: false,
                opaque: false,
            });
        }
        let case = if self.settings.ignore_case {
            Case::Fold
        } else {
            Case::Sensitive
        };
        self.outcome
            .initialize_with_selection(&self.collection, SELECTED);
        self.outcome.reset();
        self.search.pattern_matching_relative_path(
            path.into(),
            case,
            Some(false),
            &mut self.outcome,
        );
        let mut states = self
            .outcome
            .iter_selected()
            .map(|found| found.assignment.state);
        let mut next = || states.next().ok_or(Doubt::Conversion);
        let (text, crlf, eol, ident, filter, encoding) =
            (next()?, next()?, next()?, next()?, next()?, next()?);
        let ending = of_state(text)
            .or_else(|| of_state(crlf))
            .or_else(|| match eol {
                StateRef::Value(value) if matches!(value.as_bstr().as_bytes(), b"lf" | b"crlf") => {
                    Some(Eol::Text)
                }
                _ => None,
            });
        let filtered = match filter {
            StateRef::Value(name) => self.settings.filters.contains(name.as_bstr().as_bytes()),
            _ => false,
        };
        Ok(Conversion {
            eol: ending.unwrap_or(fallback),
            keyword: ident == StateRef::Set,
            opaque: filtered || encoding != StateRef::Unspecified,
        })
    }

    /// Loads the files of these directories, and lets go of those of others.
    fn enter(&mut self, dirs: &[(&[u8], &Dir)], tracked: impl Fn(&[u8]) -> bool) -> Known<()> {
        let same = self
            .loaded
            .iter()
            .zip(dirs)
            .take_while(|(loaded, (path, _))| loaded == path)
            .count();
        if same == dirs.len() && same == self.loaded.len() {
            return Ok(());
        }
        while self.search.num_pattern_lists() > self.globals + same {
            self.search.pop_pattern_list();
        }
        self.loaded.truncate(same);
        for (path, dir) in &dirs[same..] {
            let content = match dir.read(NAME, MAX_FILE) {
                Ok(Some(content)) => content.bytes,
                Ok(None) => {
                    // Git takes the index's one instead, as in a sparse checkout.
                    if tracked(&[path, NAME.as_bytes()].concat()) {
                        return self.give_up();
                    }
                    Vec::new()
                }
                Err(_) => return self.give_up(),
            };
            if self.push(&content, Some(path), path.is_empty()).is_err() {
                return self.give_up();
            }
            self.loaded.push(path.to_vec());
        }
        let info = std::mem::take(&mut self.info);
        let pushed = self.push(&info, None, true);
        self.info = info;
        if pushed.is_err() {
            return self.give_up();
        }
        Ok(())
    }

    /// Leaves nothing half loaded behind.
    fn give_up(&mut self) -> Known<()> {
        while self.search.num_pattern_lists() > self.globals {
            self.search.pop_pattern_list();
        }
        self.loaded.clear();
        Err(Doubt::Conversion)
    }
}

/// Reads bytes as one attribute file and asks it for some paths, as a probe would.
#[allow(dead_code)]
pub fn parse_and_match(bytes: &[u8]) {
    let mut search = Search::default();
    let mut collection = MetadataCollection::default();
    let mut outcome = Outcome::default();
    let Ok(source) = Source::new(bytes) else {
        return;
    };
    let base = Some(Path::new(BASE));
    let path = Path::new(BASE).join(NAME);
    if search
        .add_patterns_buffer(source.bytes, path, base, &mut collection, true)
        .is_err()
    {
        return;
    }
    outcome.initialize_with_selection(&collection, SELECTED);
    for path in [
        "a",
        "a/b/c.txt",
        "aaaaaaaaaaaaaaaa/aaaaaaaaaaaaaaaa/aaaaaaaaaaaaaaaa",
    ] {
        outcome.reset();
        search.pattern_matching_relative_path(path.into(), Case::Fold, Some(false), &mut outcome);
        assert_eq!(outcome.iter_selected().count(), SELECTED.len());
    }
}

fn of_state(state: StateRef<'_>) -> Option<Eol> {
    match state {
        StateRef::Set => Some(Eol::Text),
        StateRef::Unset => Some(Eol::Keep),
        StateRef::Value(value) => match value.as_bstr().as_bytes() {
            b"input" => Some(Eol::Text),
            b"auto" => Some(Eol::Auto),
            _ => None,
        },
        StateRef::Unspecified => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slow_patterns_are_refused() {
        assert!(Source::new(b"*.txt text\n# *******\n").is_ok());
        assert!(Source::new(b"*a*a*a*a*a*a*b text\n").is_err());
        assert!(Source::new(&vec![b'a'; MAX_LINE]).is_err());
        assert!(Source::new(b"a\0b").is_err());
        assert!(Source::new(&vec![b'\n'; MAX_FILE + 1]).is_err());
    }

    #[test]
    fn files_about_other_things_cost_no_matching() {
        assert!(!Source::new(b"*.png diff=exif\n").unwrap().relevant);
        assert!(Source::new(b"[attr]x -diff\n").unwrap().relevant);
        assert!(Source::new(b"*.bin binary\n").unwrap().relevant);
    }
}
