//! The way to a path, one name at a time, and the file systems on it.

use std::{
    ffi::{OsStr, OsString},
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

/// How many symbolic links are followed.
const LINKS: usize = 40;

/// The real path of an absolute `path`. Before each name on the way is looked at, `step` is told what
/// will be looked at and the names that follow; `None` where it says no.
pub(crate) fn walk(
    path: &Path,
    mut step: impl FnMut(&Path, &[OsString]) -> bool,
) -> Option<PathBuf> {
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
        if !step(&at, &rest) {
            return None;
        }
        if let Ok(target) = fs::read_link(&at) {
            links += 1;
            if links > LINKS {
                return None;
            }
            at.pop();
            // An absolute target begins anew, with the root as its first name.
            rest.extend(names(&target));
        }
    }
    Some(at)
}

/// `at` with the names that follow.
pub(crate) fn whole(at: &Path, rest: &[OsString]) -> PathBuf {
    at.iter().chain(rest.iter().rev().map(OsString::as_os_str)).collect()
}

/// What a file system is called, so that two paths on one can be told: its device.
pub(crate) type Mount = Arc<OsStr>;

/// The file systems that are mounted, known without touching any.
pub(crate) struct Mounts(Vec<(PathBuf, Mount)>);

impl Mounts {
    pub(crate) fn read() -> Self {
        Self::parse(&fs::read_to_string("/proc/self/mountinfo").unwrap_or_default())
    }

    fn parse(text: &str) -> Self {
        // "36 35 98:0 /root /mnt/point ...", where blanks in names are written in octal.
        let mount = |line: &str| {
            let mut fields = line.split(' ').skip(2);
            let device = fields.next()?;
            let point = fields.nth(1)?.replace("\\040", " ").replace("\\011", "\t");
            let point = point.replace("\\012", "\n").replace("\\134", "\\");
            Some((PathBuf::from(point), OsStr::new(device).into()))
        };
        Self(text.lines().filter_map(mount).collect())
    }

    /// The file system of a path, by its name alone. Where no system tells, it is guessed by the first
    /// two names, which tell `/Volumes/one` from `/Volumes/other` and drives from each other.
    pub(crate) fn of(&self, path: &Path) -> Mount {
        // The last of two at one place hides the other.
        let found = self.0.iter().filter(|(point, _)| path.starts_with(point));
        let found = found.max_by_key(|(point, _)| point.as_os_str().len());
        found.map_or_else(
            || path.components().take(3).collect::<PathBuf>().into_os_string().into(),
            |(_, mount)| Arc::clone(mount),
        )
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn the_mount_of_a_path_is_that_of_its_longest_mount_point() {
        let mounts = Mounts::parse(
            "27 1 254:0 / / rw - ext4 /dev/vda rw\n36 27 0:40 / /mnt/nas\\040one rw - nfs nas rw\n\
             37 27 0:41 / /mnt/other rw - nfs other rw\n38 27 0:40 /b /srv/b rw - nfs nas rw\n\
             39 27 0:42 / /mnt/other rw - tmpfs t rw\n",
        );
        let of = |path| mounts.of(Path::new(path)).to_string_lossy().into_owned();
        assert_eq!(of("/home/u/workspace"), "254:0");
        assert_eq!(of("/mnt/nas one/w"), "0:40");
        assert_eq!(of("/mnt/nas oneself"), "254:0");
        assert_eq!(of("/srv/b"), "0:40", "one server, two places");
        assert_eq!(of("/mnt/other/w"), "0:42", "the later hides the earlier");
    }

    #[test]
    fn without_a_list_of_mounts_the_first_two_names_tell_them_apart() {
        let mounts = Mounts::parse("");
        let of = |path| mounts.of(Path::new(path));
        assert_eq!(of("/Volumes/one/a"), of("/Volumes/one/b/c"));
        assert_ne!(of("/Volumes/one/a"), of("/Volumes/other/a"));
    }

    #[test]
    fn a_walk_tells_each_name_before_it_is_looked_at_and_ends_where_it_may_not_go_on() {
        let dir = tempfile::tempdir().unwrap();
        let base = dir.path().canonicalize().unwrap();
        fs::create_dir_all(base.join("far/real")).unwrap();
        std::os::unix::fs::symlink("../far/./real/..", base.join("far/link")).unwrap();
        std::os::unix::fs::symlink("link", base.join("far/loop")).unwrap();
        let path = base.join("far/loop/real");
        let mut seen = Vec::new();
        let real = walk(&path, |at, rest| {
            seen.push(whole(at, rest));
            true
        });
        assert_eq!(real, Some(base.join("far/real")));
        assert!(seen.contains(&path) && seen.contains(&base.join("far/link/real")), "{seen:?}");
        assert_eq!(walk(&path, |at, _| !at.ends_with("link")), None);
        std::os::unix::fs::symlink("round", base.join("round")).unwrap();
        assert_eq!(walk(&base.join("round"), |_, _| true), None);
    }
}
