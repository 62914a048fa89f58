//! Follows a path one name at a time.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use crate::probes;

/// The most symbolic links that are followed.
const LINKS: usize = 40;

/// Why a path was not followed to its end.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// `step` returned false, or there are too many links.
    Refused,
    /// Other probes hang there.
    Hangs,
}

/// The real path of an absolute `path`. Before each name is read, `step` gets the path up to that name and
/// how many names follow, and returns whether to continue.
pub(crate) fn walk(path: &Path, step: impl FnMut(&Path, usize) -> bool) -> Result<PathBuf, Stop> {
    let real = follow(path, step);
    probes::leave();
    real
}

fn follow(path: &Path, mut step: impl FnMut(&Path, usize) -> bool) -> Result<PathBuf, Stop> {
    let names = |path: &Path| -> Vec<OsString> {
        path.components().rev().map(|name| name.as_os_str().to_owned()).collect()
    };
    let (mut at, mut rest, mut links) = (PathBuf::new(), names(path), 0);
    while let Some(name) = rest.pop() {
        if name == ".." {
            at.pop();
            continue;
        }
        at.push(&name);
        if !probes::enter(&at) {
            return Err(Stop::Hangs);
        }
        if links > LINKS || !step(&at, rest.len()) {
            return Err(Stop::Refused);
        }
        if let Ok(target) = fs::read_link(&at) {
            links += 1;
            at.pop();
            // An absolute target begins with the root directory, which replaces all before it.
            rest.extend(names(&target));
        }
    }
    Ok(at)
}

#[cfg(test)]
mod tests {
    #[cfg(unix)]
    #[test]
    fn a_walk_reports_each_name_before_it_reads_it_and_ends_where_a_step_refuses() {
        use super::*;

        let dir = tempfile::tempdir().unwrap();
        let base = dir.path().canonicalize().unwrap();
        fs::create_dir_all(base.join("far/real")).unwrap();
        std::os::unix::fs::symlink("../far/./real/..", base.join("far/link")).unwrap();
        std::os::unix::fs::symlink("link", base.join("far/loop")).unwrap();
        let path = base.join("far/loop/real");
        let mut seen = Vec::new();
        let real = walk(&path, |at, _| {
            seen.push(at.to_owned());
            true
        });
        assert_eq!(real, Ok(base.join("far/real")));
        assert!(seen.contains(&base.join("far/loop")), "{seen:?}");
        assert!(seen.contains(&base.join("far/link")), "{seen:?}");
        assert_eq!(walk(&path, |at, _| !at.ends_with("link")), Err(Stop::Refused));
        std::os::unix::fs::symlink("round", base.join("round")).unwrap();
        assert_eq!(walk(&base.join("round"), |_, _| true), Err(Stop::Refused));
    }
}
