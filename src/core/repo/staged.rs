//! Compares the commit's tree with the index.
//!
//! Trusts the index, whose order was checked, and the objects, which hash to their names; a tree that is not
//! sorted as git sorts it is a doubt. Stops at the first difference.

use gix_hash::oid;
use gix_index::entry::Mode;
use gix_index::extension::Tree;
use gix_object::TreeRefIter;
use gix_object::tree::EntryMode;

use super::doubt::{Doubt, Known};
use super::index::{Index, name_is_safe};
use super::limits::Limits;
use super::objects::Store;

const MAX_DEPTH: usize = 256;

/// Whether something is staged: the index differs from `tree`.
pub fn differs(index: &Index, tree: &oid, store: &mut Store, limits: &Limits) -> Known<bool> {
    let cached = index.cached_tree();
    if let Some(cached) = cached
        && *cached.id == *tree
        && cached
            .num_entries
            .is_some_and(|count| count as usize == index.entries().len())
    {
        return Ok(false);
    }
    let mut walk = Walk {
        index,
        limits,
        store,
        at: 0,
        path: Vec::new(),
    };
    Ok(walk.tree(tree, cached, 0)? || walk.at != index.entries().len())
}

struct Walk<'a, 'b, 'c> {
    index: &'a Index,
    limits: &'a Limits,
    store: &'b mut Store<'c>,
    /// The index entry that comes next.
    at: usize,
    /// The path of the tree, with a slash behind each step.
    path: Vec<u8>,
}

impl Walk<'_, '_, '_> {
    fn tree(&mut self, id: &oid, cached: Option<&Tree>, depth: usize) -> Known<bool> {
        if depth > MAX_DEPTH {
            return Err(Doubt::TooLarge);
        }
        if self.skip_unchanged(id, cached) {
            return Ok(false);
        }
        let bytes = self.store.tree(id)?;
        let mut previous: Option<Vec<u8>> = None;
        for entry in TreeRefIter::from_bytes(&bytes, id.kind()) {
            self.limits.check()?;
            let entry = entry.map_err(|_| Doubt::Malformed)?;
            if !name_is_safe(entry.filename) || entry.filename.contains(&b'/') {
                return Err(Doubt::Malformed);
            }
            let length = self.path.len();
            self.path.extend_from_slice(entry.filename);
            let is_tree = entry.mode.is_tree();
            if is_tree {
                self.path.push(b'/');
            }
            let name = self.path[length..].to_vec();
            if previous.as_ref().is_some_and(|before| *before >= name) {
                return Err(Doubt::Malformed);
            }
            let differs = if is_tree && !self.next_is_sparse_dir() {
                let child = cached.and_then(|tree| child(tree, entry.filename));
                self.tree(entry.oid, child, depth + 1)?
            } else {
                self.entry_differs(mode(entry.mode)?, entry.oid)
            };
            if differs {
                return Ok(true);
            }
            previous = Some(name);
            self.path.truncate(length);
        }
        Ok(false)
    }

    /// Steps over the entries below the current path where the index knows that they make up this very tree.
    fn skip_unchanged(&mut self, id: &oid, cached: Option<&Tree>) -> bool {
        let Some(cached) = cached else {
            return false;
        };
        let Some(count) = cached.num_entries.filter(|_| *cached.id == *id) else {
            return false;
        };
        let entries = self.index.entries();
        let end = self.at.saturating_add(count as usize);
        let below = |at: usize| {
            entries
                .get(at)
                .is_some_and(|entry| self.index.path(entry).starts_with(&self.path))
        };
        // Sorted, so that the first and the last tell for all between.
        if count == 0 || !below(self.at) || !below(end - 1) || below(end) {
            return false;
        }
        self.at = end;
        true
    }

    fn next_is_sparse_dir(&self) -> bool {
        self.index
            .entries()
            .get(self.at)
            .is_some_and(|entry| entry.mode == Mode::DIR && self.index.path(entry) == self.path)
    }

    fn entry_differs(&mut self, mode: Mode, id: &oid) -> bool {
        let Some(entry) = self.index.entries().get(self.at) else {
            return true;
        };
        self.at += 1;
        entry.mode != mode || *entry.id != *id || self.index.path(entry) != self.path
    }
}

fn child<'a>(tree: &'a Tree, name: &[u8]) -> Option<&'a Tree> {
    let at = tree
        .children
        .binary_search_by(|child| child.name.as_slice().cmp(name))
        .ok()?;
    tree.children.get(at)
}

/// The mode as an index entry has it. Trees hold others too, from git's first years.
fn mode(mode: EntryMode) -> Known<Mode> {
    if mode.is_tree() {
        return Ok(Mode::DIR);
    }
    match mode.value() {
        0o100_644 => Ok(Mode::FILE),
        0o100_755 => Ok(Mode::FILE_EXECUTABLE),
        0o120_000 => Ok(Mode::SYMLINK),
        0o160_000 => Ok(Mode::COMMIT),
        _ => Err(Doubt::Entry),
    }
}
