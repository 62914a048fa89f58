//! Repository hints: the name, the branch and the state of a workspace's repository, without starting git.
//!
//! Agents write in workspaces, so a workspace and its `.git` are hostile input that is read from inside the
//! gateway's process. The module trusts the operator's choice of the workspace, the user's own git
//! configuration, and the kernel; it trusts nothing in a repository. Nothing that a repository configures is
//! executed, no process is started, nothing is written, and no file is memory-mapped. What cannot be told
//! exactly as `git status` would is left out.
//!
//! [`request`] may be called on an event loop: it neither waits nor touches the file system.

// What only `inspect` shows to the outside, which is to the tests, is documented like the private
// code that it is.
#![allow(
    missing_docs,
    clippy::missing_errors_doc,
    clippy::missing_panics_doc,
    clippy::must_use_candidate
)]

#[cfg(unix)]
mod attributes;
#[cfg(unix)]
mod config;
mod doubt;
#[cfg(unix)]
mod eol;
#[cfg(unix)]
mod file;
#[cfg(unix)]
mod index;
mod limits;
#[cfg(unix)]
mod locate;
#[cfg(unix)]
mod objects;
#[cfg(unix)]
mod pack;
#[cfg(unix)]
mod probe;
#[cfg(unix)]
mod refs;
#[cfg(unix)]
mod staged;
mod worker;
#[cfg(unix)]
mod worktree;

#[cfg(not(unix))]
#[path = "branch_only.rs"]
mod probe;

use std::path::Path;
use std::sync::OnceLock;
use std::time::Instant;

pub use doubt::Doubt;
use worker::Worker;

use crate::text::{NAME_LIMIT, bounded};

/// What is known of a workspace's repository. What is not known is absent.
#[derive(Debug, Clone)]
pub struct Hints {
    /// The last segment of the root's path, cut and cleaned.
    pub repo_name: Option<String>,
    /// The short name of the branch, cut and cleaned; absent where HEAD is on none.
    pub branch: Option<String>,
    /// Whether `git status --porcelain --untracked-files=no` would print something.
    pub dirty: Option<bool>,
    /// Why `dirty`, and perhaps more, is absent although there is a repository.
    pub doubt: Option<Doubt>,
    /// When the probe began.
    pub started: Instant,
    /// When the probe ended.
    pub finished: Instant,
}

impl Default for Hints {
    fn default() -> Self {
        let now = Instant::now();
        Hints {
            repo_name: None,
            branch: None,
            dirty: None,
            doubt: None,
            started: now,
            finished: now,
        }
    }
}

impl Hints {
    fn in_doubt(doubt: Doubt) -> Self {
        Hints {
            doubt: Some(doubt),
            ..Hints::default()
        }
    }
}

/// A name as it may go out: without control characters, and at most 120 characters long.
fn clean(name: &[u8]) -> Option<String> {
    bounded(std::str::from_utf8(name).ok()?, NAME_LIMIT)
}

/// Asks for the hints of a workspace, which has to be an absolute path. Never waits, and never touches the file
/// system on the calling thread.
///
/// `done` is called exactly once, on another thread or, where the answer is known to be none, before this
/// returns; with `None` where no probe could be made: too many are waiting, this workspace's file system has
/// stopped to answer before, or the probe failed.
pub fn request(workspace: &Path, done: impl FnOnce(Option<Hints>) + Send + 'static) {
    let worker = WORKER.get_or_init(|| {
        // Here and not on the thread that probes: the environment belongs to the caller's thread.
        let environment = probe::Environment::of_process();
        Worker::new(move || probe::Prober::new(environment.clone()))
    });
    worker.request(workspace, Box::new(done));
}

/// What the probe that is running for this workspace has found so far: its names, and no verdict. Never waits.
#[must_use]
pub fn names(workspace: &Path) -> Option<Hints> {
    WORKER.get()?.names(workspace)
}

static WORKER: OnceLock<Worker<probe::Prober>> = OnceLock::new();

/// What tests, fuzz targets and measurements reach beside [`request`]: a probe on the calling thread, and the
/// parsers.
#[cfg(unix)]
#[doc(hidden)]
pub mod inspect {
    pub use super::limits::Limits;
    pub use super::probe::{Environment, Prober};

    /// Every parser that reads bytes from a repository, by name, each to be called with any bytes at all.
    pub mod parse {
        use super::super::{
            attributes, config, doubt::Doubt, eol, index, limits::Limits, locate, objects, pack,
            refs,
        };
        use gix_hash::Kind;

        fn hash(bytes: &[u8]) -> (Kind, &[u8]) {
            match bytes.split_first() {
                Some((first, rest)) if first & 1 == 1 => (Kind::Sha256, rest),
                Some((_, rest)) => (Kind::Sha1, rest),
                None => (Kind::Sha1, bytes),
            }
        }

        pub fn index(bytes: &[u8]) {
            let (hash, bytes) = hash(bytes);
            // Without a checksum, which no fuzzer finds.
            let mut bytes = bytes.to_vec();
            bytes.resize(bytes.len() + hash.len_in_bytes(), 0);
            let _ = index::decode(bytes, hash, 1, 0).and_then(|state| index::check(&state));
        }

        pub fn reference(bytes: &[u8]) {
            let (hash, bytes) = hash(bytes);
            if let Ok(refs::Value::Symbolic(name)) = refs::parse(bytes, hash) {
                assert!(
                    name.starts_with(b"refs/") && index::path_is_safe(&name),
                    "{name:?}"
                );
            }
        }

        pub fn packed_refs(bytes: &[u8]) {
            let (hash, bytes) = hash(bytes);
            let _ = refs::search_packed(bytes, b"refs/heads/main", hash);
        }

        pub fn config(bytes: &[u8]) {
            if let Ok(layer) = config::Layer::parse(bytes) {
                let _ = config::Format::of(&layer);
                let _ = config::Settings::of_one(layer);
            }
        }

        pub fn gitdir(bytes: &[u8]) {
            let _ = locate::gitdir(bytes);
        }

        pub fn attributes(bytes: &[u8]) {
            attributes::parse_and_match(bytes);
        }

        pub fn line_endings(bytes: &[u8]) {
            let (file, committed) = bytes.split_at(bytes.len() / 2);
            for eol in [eol::Eol::Text, eol::Eol::Auto] {
                if let Ok(Some(normal)) = eol::normalise(file, eol, || Ok(committed.to_vec())) {
                    assert!(normal.len() < file.len());
                }
            }
        }

        pub fn pack_entry(bytes: &[u8]) {
            let (hash, bytes) = hash(bytes);
            if let Ok(header) = pack::entry_header(bytes, 1 << 20, hash) {
                assert!(header.length <= bytes.len());
            }
        }

        pub fn delta(bytes: &[u8]) {
            let (base, delta) = bytes.split_at(bytes.len() / 2);
            if let Ok(out) = pack::apply_delta(base, delta, 1 << 16) {
                assert!(out.len() <= 1 << 16);
            }
        }

        pub fn loose_object(bytes: &[u8]) {
            let limits = Limits::default();
            let read = |buffer: &mut [u8], offset: u64| {
                let rest = usize::try_from(offset)
                    .ok()
                    .and_then(|at| bytes.get(at..))
                    .unwrap_or_default();
                let count = rest.len().min(buffer.len());
                buffer[..count].copy_from_slice(&rest[..count]);
                Ok::<_, Doubt>(count)
            };
            if let Ok(head) = pack::inflate(read, 0, 32, false, &limits) {
                let _ = objects::loose_header(&head);
            }
            let _ = pack::inflate(read, 0, 1 << 16, true, &limits);
        }

        pub fn commit_and_tree(bytes: &[u8]) {
            let (hash, bytes) = hash(bytes);
            let _ = objects::tree_of_commit(bytes, hash);
            for entry in gix_object::TreeRefIter::from_bytes(bytes, hash) {
                if entry.is_err() {
                    break;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_and_cleaned() {
        assert_eq!(clean(b"main").as_deref(), Some("main"));
        assert_eq!(
            clean("a\u{1b}[31m\u{85}b\n".as_bytes()).as_deref(),
            Some("a[31mb")
        );
        let long = "ü".repeat(200);
        assert_eq!(clean(long.as_bytes()).unwrap().chars().count(), 120);
        assert_eq!(clean(b"\n\t"), None);
        assert_eq!(clean(b"\xff\xfe"), None);
    }
}
