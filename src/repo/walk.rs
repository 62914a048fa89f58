//! Follows a path one name at a time, and tells file systems apart.

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

/// The mounted file systems, each with its mount point and its device.
pub(crate) struct Mounts(Vec<(PathBuf, String)>);

impl Mounts {
    /// Reads the list from the kernel, without touching a file system.
    pub(crate) fn read() -> Self {
        Self::parse(&fs::read_to_string("/proc/self/mountinfo").unwrap_or_default())
    }

    fn parse(text: &str) -> Self {
        // "36 35 98:0 /root /mnt/point ...", where blanks in names are written in octal.
        let mount = |line: &str| {
            let mut fields = line.split(' ').skip(2);
            let device = fields.next()?;
            let point = fields.nth(1)?.replace("\\040", " ").replace("\\134", "\\");
            Some((PathBuf::from(point), device.to_owned()))
        };
        Self(text.lines().filter_map(mount).collect())
    }

    /// The device of a path. Other systems have no such list: the first two names stand for it, which
    /// tell `/Volumes/one` from `/Volumes/other`.
    pub(crate) fn device(&self, path: &Path) -> String {
        // The last of two at one mount point hides the other.
        let found = self.0.iter().filter(|(point, _)| path.starts_with(point));
        found.max_by_key(|(point, _)| point.as_os_str().len()).map_or_else(
            || path.iter().take(3).collect::<PathBuf>().to_string_lossy().into_owned(),
            |(_, device)| device.clone(),
        )
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn the_device_of_a_path_is_that_of_its_longest_mount_point() {
        let mounts = Mounts::parse(
            "27 1 254:0 / / rw - ext4 /dev/vda rw\n36 27 0:40 / /mnt/nas\\040one rw - nfs nas rw\n\
             37 27 0:41 / /mnt/other rw - nfs other rw\n38 27 0:40 /b /srv/b rw - nfs nas rw\n\
             39 27 0:42 / /mnt/other rw - tmpfs t rw\n",
        );
        let of = |path| mounts.device(Path::new(path));
        assert_eq!(of("/home/u/workspace"), "254:0");
        assert_eq!(of("/mnt/nas one/w"), "0:40");
        assert_eq!(of("/mnt/nas oneself"), "254:0");
        assert_eq!(of("/srv/b"), "0:40", "one server, two places");
        assert_eq!(of("/mnt/other/w"), "0:42", "the later hides the earlier");
    }

    #[test]
    fn without_a_list_of_mounts_the_first_two_names_tell_them_apart() {
        let mounts = Mounts::parse("");
        let of = |path| mounts.device(Path::new(path));
        assert_eq!(of("/Volumes/one/a"), of("/Volumes/one/b/c"));
        assert_ne!(of("/Volumes/one/a"), of("/Volumes/other/a"));
    }

    #[test]
    fn a_walk_reports_each_name_before_it_reads_it_and_ends_where_a_step_refuses() {
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
