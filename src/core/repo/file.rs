//! File access by directory handles.
//!
//! Trusts the kernel, and nothing that lies on the disk. Every name below a handle is opened without
//! following a symbolic link, without blocking, and is used only if it is a regular file of bounded size,
//! so that a FIFO, a device, an endless file or a link out of the repository is an error, not a hang.
//! Nothing is ever opened for writing and nothing is memory-mapped: a file that is truncated while it is
//! read gives fewer bytes, not a signal.

use std::os::fd::OwnedFd;
use std::time::{SystemTime, UNIX_EPOCH};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;
use rustix::path::Arg;

use super::doubt::{Doubt, Known};

/// How much older than a read a file's last change must be before the read may be remembered by the file's stat.
///
/// Two changes within one tick of the file system's clock can leave the very same stat behind.
const SETTLED_NS: i128 = 100_000_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    File,
    Dir,
    Link,
    Other,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Time {
    pub secs: i64,
    pub nanos: u32,
}

/// What `stat` says of a file, in one shape for all platforms. Equal values are taken for an unchanged file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Meta {
    pub kind: Kind,
    pub executable: bool,
    pub dev: u64,
    pub ino: u64,
    pub uid: u32,
    pub gid: u32,
    pub size: u64,
    pub mtime: Time,
    pub ctime: Time,
}

impl Meta {
    // The fields of `stat` have other widths and signs on each platform.
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        clippy::cast_sign_loss,
        clippy::cast_lossless,
        clippy::unnecessary_cast,
        clippy::useless_conversion
    )]
    fn new(stat: &Stat) -> Self {
        let kind = match FileType::from_raw_mode(stat.st_mode as _) {
            FileType::RegularFile => Kind::File,
            FileType::Directory => Kind::Dir,
            FileType::Symlink => Kind::Link,
            _ => Kind::Other,
        };
        Meta {
            kind,
            executable: stat.st_mode & 0o100 != 0,
            dev: stat.st_dev as u64,
            ino: stat.st_ino as u64,
            uid: stat.st_uid as u32,
            gid: stat.st_gid as u32,
            size: stat.st_size as u64,
            mtime: Time {
                secs: stat.st_mtime as i64,
                nanos: stat.st_mtime_nsec as u32,
            },
            ctime: Time {
                secs: stat.st_ctime as i64,
                nanos: stat.st_ctime_nsec as u32,
            },
        }
    }

    pub fn same_file(&self, other: &Meta) -> bool {
        self.dev == other.dev && self.ino == other.ino
    }

    /// Whether a read made at `read_at` may be remembered by this stat.
    pub fn settled(&self, read_at: SystemTime) -> bool {
        let Ok(read_at) = read_at.duration_since(UNIX_EPOCH) else {
            return false;
        };
        let read_ns =
            i128::from(read_at.as_secs()) * 1_000_000_000 + i128::from(read_at.subsec_nanos());
        let changed_ns = i128::from(self.ctime.secs) * 1_000_000_000 + i128::from(self.ctime.nanos);
        read_ns - changed_ns >= SETTLED_NS
    }
}

/// Tells "is not there" from every other failure, which is a doubt.
fn absent<T>(result: Result<T, Errno>) -> Known<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(Errno::NOENT | Errno::NOTDIR) => Ok(None),
        Err(_) => Err(Doubt::Unreadable),
    }
}

/// What a step into a directory found.
pub enum Step {
    Into(Dir),
    /// There is nothing of that name.
    Missing,
    /// There is something else of that name: a file, a symbolic link, a device.
    NotADirectory,
}

#[derive(Debug)]
pub struct Dir(OwnedFd);

// A directory is only ever a starting point for further names, except in `names`, which opens it again. Linux
// has a flag for that which needs no permission to read the directory.
#[cfg(target_os = "linux")]
const DIR: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
#[cfg(not(target_os = "linux"))]
const DIR: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::CLOEXEC)
    .union(OFlags::NONBLOCK);

impl Dir {
    /// Opens a directory by a path that may hold symbolic links: the caller has to judge where it led.
    pub fn open(path: impl Arg) -> Known<Option<Dir>> {
        absent(rustix::fs::open(path, DIR, Mode::empty())).map(|fd| fd.map(Dir))
    }

    /// Like [`Dir::open`], where a relative path starts here.
    pub fn open_from(&self, path: impl Arg) -> Known<Option<Dir>> {
        absent(rustix::fs::openat(&self.0, path, DIR, Mode::empty())).map(|fd| fd.map(Dir))
    }

    /// The directory above, as the file system has it.
    pub fn parent(&self) -> Known<Option<Dir>> {
        self.open_from("..")
    }

    /// One step down, never through a symbolic link.
    pub fn step(&self, name: impl Arg) -> Known<Step> {
        match rustix::fs::openat(&self.0, name, DIR | OFlags::NOFOLLOW, Mode::empty()) {
            Ok(fd) => Ok(Step::Into(Dir(fd))),
            Err(Errno::NOENT) => Ok(Step::Missing),
            // What the systems say of a symbolic link here differs; none of them opens it.
            Err(Errno::NOTDIR | Errno::LOOP | Errno::MLINK) => Ok(Step::NotADirectory),
            Err(_) => Err(Doubt::Unreadable),
        }
    }

    /// One step down into a directory that may be missing, but may not be anything else.
    pub fn dir(&self, name: impl Arg) -> Known<Option<Dir>> {
        match self.step(name)? {
            Step::Into(dir) => Ok(Some(dir)),
            Step::Missing => Ok(None),
            Step::NotADirectory => Err(Doubt::OddFile),
        }
    }

    pub fn meta(&self) -> Known<Meta> {
        rustix::fs::fstat(&self.0)
            .map(|stat| Meta::new(&stat))
            .map_err(|_| Doubt::Unreadable)
    }

    /// The stat of a name in this directory, of the link itself where it is a symbolic link.
    pub fn stat(&self, name: impl Arg) -> Known<Option<Meta>> {
        absent(rustix::fs::statat(&self.0, name, AtFlags::SYMLINK_NOFOLLOW))
            .map(|stat| stat.map(|s| Meta::new(&s)))
    }

    /// Opens a regular file, `None` where there is nothing of that name.
    pub fn file(&self, name: impl Arg + Copy) -> Known<Option<File>> {
        // Asked first, since the mere opening of some devices has an effect.
        match self.stat(name)? {
            None => return Ok(None),
            Some(meta) if meta.kind != Kind::File => return Err(Doubt::OddFile),
            Some(_) => {}
        }
        self.open_file(name, OFlags::NOFOLLOW)
    }

    /// Like [`Dir::file`], but through symbolic links: for the user's own configuration only.
    pub fn file_of_user(path: impl Arg + Copy) -> Known<Option<File>> {
        match absent(rustix::fs::stat(path))? {
            None => return Ok(None),
            Some(stat) if Meta::new(&stat).kind != Kind::File => return Err(Doubt::OddFile),
            Some(_) => {}
        }
        Dir::opened(rustix::fs::open(path, FILE, Mode::empty()))
    }

    fn open_file(&self, name: impl Arg, more: OFlags) -> Known<Option<File>> {
        Dir::opened(rustix::fs::openat(
            &self.0,
            name,
            FILE | more,
            Mode::empty(),
        ))
    }

    fn opened(result: Result<OwnedFd, Errno>) -> Known<Option<File>> {
        let Some(fd) = absent(result)? else {
            return Ok(None);
        };
        let meta = rustix::fs::fstat(&fd).map_err(|_| Doubt::Unreadable)?;
        let meta = Meta::new(&meta);
        if meta.kind != Kind::File {
            return Err(Doubt::OddFile);
        }
        Ok(Some(File { fd, meta }))
    }

    /// The whole of a regular file of at most `limit` bytes.
    pub fn read(&self, name: impl Arg + Copy, limit: usize) -> Known<Option<Content>> {
        self.file(name)?.map(|file| file.read(limit)).transpose()
    }

    /// The target of a symbolic link.
    pub fn link(&self, name: impl Arg) -> Known<Vec<u8>> {
        rustix::fs::readlinkat(&self.0, name, Vec::new())
            .map(std::ffi::CString::into_bytes)
            .map_err(|_| Doubt::Unreadable)
    }

    /// The names in this directory, at most `limit`.
    pub fn names(&self, limit: usize) -> Known<Vec<Vec<u8>>> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let fd = rustix::fs::openat(&self.0, ".", flags, Mode::empty())
            .map_err(|_| Doubt::Unreadable)?;
        let dir = rustix::fs::Dir::read_from(fd).map_err(|_| Doubt::Unreadable)?;
        let mut names = Vec::new();
        for entry in dir {
            let entry = entry.map_err(|_| Doubt::Unreadable)?;
            let name = entry.file_name().to_bytes();
            if name == b"." || name == b".." {
                continue;
            }
            if names.len() == limit {
                return Err(Doubt::TooLarge);
            }
            names.push(name.to_vec());
        }
        Ok(names)
    }
}

const FILE: OFlags = OFlags::RDONLY
    .union(OFlags::CLOEXEC)
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY);

/// A regular file, open for reading.
#[derive(Debug)]
pub struct File {
    fd: OwnedFd,
    pub meta: Meta,
}

/// A file's bytes and the stat that it had before they were read.
#[derive(Debug)]
pub struct Content {
    pub bytes: Vec<u8>,
    pub meta: Meta,
    /// Whether the bytes may be remembered by the stat.
    pub settled: bool,
}

impl File {
    /// Reads up to `buffer.len()` bytes; fewer only at the end of the file.
    pub fn read_at(&self, buffer: &mut [u8], offset: u64) -> Known<usize> {
        let mut filled = 0;
        while filled < buffer.len() {
            let at = offset.checked_add(filled as u64).ok_or(Doubt::Malformed)?;
            match rustix::io::pread(&self.fd, &mut buffer[filled..], at) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(Errno::INTR) => {}
                Err(_) => return Err(Doubt::Unreadable),
            }
        }
        Ok(filled)
    }

    pub fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> Known<()> {
        if self.read_at(buffer, offset)? == buffer.len() {
            Ok(())
        } else {
            Err(Doubt::Malformed)
        }
    }

    pub fn read(self, limit: usize) -> Known<Content> {
        let size = usize::try_from(self.meta.size).map_err(|_| Doubt::TooLarge)?;
        if size > limit {
            return Err(Doubt::TooLarge);
        }
        let read_at = SystemTime::now();
        // One byte more than announced, so that growth shows.
        let mut bytes = vec![0; size + 1];
        let count = self.read_at(&mut bytes, 0)?;
        if count != size {
            return Err(Doubt::Changing);
        }
        bytes.truncate(count);
        let after = rustix::fs::fstat(&self.fd).map_err(|_| Doubt::Unreadable)?;
        if Meta::new(&after) != self.meta {
            return Err(Doubt::Changing);
        }
        Ok(Content {
            settled: self.meta.settled(read_at),
            bytes,
            meta: self.meta,
        })
    }

    /// The stat of the open file as it is now.
    pub fn meta_now(&self) -> Known<Meta> {
        rustix::fs::fstat(&self.fd)
            .map(|stat| Meta::new(&stat))
            .map_err(|_| Doubt::Unreadable)
    }
}
