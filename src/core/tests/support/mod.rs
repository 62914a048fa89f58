//! What the repository tests share: a place of their own, real git in it, and the probe.
#![allow(dead_code)]

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use taas_affinity::repo::inspect::{Environment, Limits, Prober};
use taas_affinity::repo::{Doubt, Hints};

/// A directory that is removed at the end, with a home directory for git in it.
pub struct Place {
    pub dir: PathBuf,
    /// Files are written as if an hour ago, so that git trusts their stat.
    pub aged: bool,
}

impl Place {
    pub fn new(name: &str) -> Place {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let base = fs::canonicalize(std::env::temp_dir()).unwrap();
        let dir = base.join(format!("repo-hints-{}-{count}-{name}", std::process::id()));
        fs::create_dir_all(dir.join("home")).unwrap();
        Place { dir, aged: false }
    }

    pub fn home(&self) -> PathBuf {
        self.dir.join("home")
    }

    pub fn environment(&self) -> Environment {
        Environment {
            home: Some(self.home()),
            no_system: true,
            ..Environment::default()
        }
    }

    pub fn prober(&self) -> Prober {
        Prober::new(self.environment())
    }

    pub fn repo(&self, name: &str) -> Repo<'_> {
        let dir = self.dir.join(name);
        fs::create_dir_all(&dir).unwrap();
        Repo { place: self, dir }
    }

    /// A git that sees nothing of this machine's configuration.
    pub fn git(&self, dir: &Path) -> Command {
        let mut git = Command::new("git");
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("GIT_") {
                git.env_remove(name);
            }
        }
        git.current_dir(dir)
            .env("HOME", self.home())
            .env_remove("XDG_CONFIG_HOME")
            .env_remove("SUDO_UID")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("LC_ALL", "C")
            .args([
                "-c",
                "user.name=a",
                "-c",
                "user.email=a@example.com",
                "-c",
                "init.defaultBranch=main",
            ])
            .args([
                "-c",
                "protocol.file.allow=always",
                "-c",
                "gc.auto=0",
                "-c",
                "maintenance.auto=false",
                "-c",
                "core.fsync=none",
            ]);
        git
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // Some tests take permissions away.
        let _ = Command::new("chmod")
            .args(["-R", "u+rwX"])
            .arg(&self.dir)
            .output();
        let _ = fs::remove_dir_all(&self.dir);
    }
}

pub struct Repo<'a> {
    pub place: &'a Place,
    pub dir: PathBuf,
}

impl Repo<'_> {
    pub fn try_git<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(&self, args: I) -> Output {
        self.place
            .git(&self.dir)
            .args(args)
            .output()
            .expect("git is needed for this test")
    }

    /// Runs git with words that hold no blanks.
    pub fn git(&self, words: &str) -> String {
        self.git_args(words.split_whitespace())
    }

    pub fn git_args<'s>(&self, args: impl IntoIterator<Item = &'s str>) -> String {
        let args: Vec<&str> = args.into_iter().collect();
        let output = self.try_git(&args);
        assert!(
            output.status.success(),
            "git {args:?} in {}: {}",
            self.dir.display(),
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout)
            .unwrap()
            .trim_end()
            .to_owned()
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.dir.join(path)
    }

    pub fn write(&self, path: &str, bytes: impl AsRef<[u8]>) {
        let full = self.path(path);
        fs::create_dir_all(full.parent().unwrap()).unwrap();
        fs::write(&full, bytes).unwrap();
        if self.place.aged {
            // Never the same second twice: git does not look at fractions.
            static WRITES: AtomicU32 = AtomicU32::new(0);
            let write = WRITES.fetch_add(1, Ordering::Relaxed);
            self.set_age(path, 360_000 - 2 * u64::from(write % 100_000));
        }
    }

    pub fn set_age(&self, path: &str, secs: u64) {
        let time = SystemTime::now() - Duration::from_secs(secs);
        fs::File::options()
            .write(true)
            .open(self.path(path))
            .unwrap()
            .set_modified(time)
            .unwrap();
    }

    /// A new time on the same bytes.
    pub fn touch(&self, path: &str) {
        self.set_age(path, 1800);
    }

    pub fn chmod(&self, path: &str, mode: u32) {
        fs::set_permissions(self.path(path), fs::Permissions::from_mode(mode)).unwrap();
    }

    pub fn remove(&self, path: &str) {
        let full = self.path(path);
        if full.symlink_metadata().unwrap().is_dir() {
            fs::remove_dir_all(full).unwrap();
        } else {
            fs::remove_file(full).unwrap();
        }
    }

    pub fn link(&self, target: &str, path: &str) {
        std::os::unix::fs::symlink(target, self.path(path)).unwrap();
    }

    pub fn fifo(&self, path: &str) {
        rustix::fs::mknodat(
            rustix::fs::CWD,
            self.path(path),
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::from_raw_mode(0o644),
            0,
        )
        .unwrap();
    }

    pub fn commit(&self, message: &str) {
        self.git("add -A");
        self.git_args(["commit", "-q", "--allow-empty", "-m", message]);
    }

    /// A few files of each kind, committed.
    pub fn basic(&self) {
        self.init("");
        self.basic_files();
        self.commit("one");
    }

    pub fn init(&self, more: &str) {
        self.git(&format!("init -q {more} ."));
    }

    pub fn basic_files(&self) {
        self.write("a.txt", "first\n");
        self.write("b/c.txt", "second\n");
        self.write("b/d/e.txt", "third\n");
        self.write("empty", "");
        self.write("run.sh", "#!/bin/sh\n");
        self.chmod("run.sh", 0o755);
        if self.path("link").symlink_metadata().is_err() {
            self.link("a.txt", "link");
        }
    }
}

/// What git itself says of a workspace.
#[derive(Debug, PartialEq, Eq)]
pub struct Truth {
    pub name: Option<String>,
    pub branch: Option<String>,
    /// `None` where git refuses.
    pub dirty: Option<bool>,
}

pub fn truth(place: &Place, workspace: &Path) -> Truth {
    let run = |args: &[&str]| {
        let output = place
            .git(workspace)
            .env("GIT_OPTIONAL_LOCKS", "0")
            .args(args)
            .output()
            .expect("git is needed for this test");
        output.status.success().then(|| {
            String::from_utf8_lossy(&output.stdout)
                .trim_end()
                .to_owned()
        })
    };
    let top = run(&["rev-parse", "--show-toplevel"]);
    Truth {
        name: top.and_then(|top| Some(Path::new(&top).file_name()?.to_str()?.to_owned())),
        branch: run(&["symbolic-ref", "-q", "HEAD"])
            .and_then(|name| name.strip_prefix("refs/heads/").map(str::to_owned)),
        dirty: run(&["status", "--porcelain", "--untracked-files=no"]).map(|out| !out.is_empty()),
    }
}

pub fn dirty(place: &Place, workspace: &Path) -> Option<bool> {
    let output = place
        .git(workspace)
        .env("GIT_OPTIONAL_LOCKS", "0")
        .args(["status", "--porcelain", "--untracked-files=no"])
        .output()
        .expect("git is needed for this test");
    output.status.success().then_some(!output.stdout.is_empty())
}

pub fn probe(prober: &mut Prober, workspace: &Path) -> Hints {
    prober.probe(workspace, &Limits::default())
}

pub fn doubt_of(hints: &Hints) -> Option<Doubt> {
    hints.doubt
}

/// How often the long tests go round: `REPO_TEST_ROUNDS` replaces `usual`.
pub fn rounds(usual: u32) -> u32 {
    std::env::var("REPO_TEST_ROUNDS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(usual)
}

/// A generator for edits that can be repeated from its seed.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        // An LCG with Knuth's constants, whose high bits are good enough to choose an edit.
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    pub fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next()).unwrap() % bound
    }
}

/// Builds one of this package's examples and returns its path.
pub fn example(name: &str) -> PathBuf {
    let cargo = std::env::var_os("CARGO").expect("run by cargo");
    let output = Command::new(cargo)
        .args([
            "build",
            "--quiet",
            "--example",
            name,
            "--message-format=json",
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).unwrap();
    let (_, rest) = text
        .rsplit_once("\"executable\":\"")
        .expect("an executable");
    PathBuf::from(rest.split_once('"').unwrap().0)
}
