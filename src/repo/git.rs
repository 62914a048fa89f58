//! The user's git: where it is, and an environment made from nothing.

use std::{
    env,
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
    time::Instant,
};

use crate::{
    child::{self, End},
    complain,
};

/// What git may know of the user's environment: where the user's own configuration is, and what
/// git needs on Windows.
const KEPT: &[&str] = &[
    "HOME",
    "XDG_CONFIG_HOME",
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_SYSTEM",
    "GIT_CONFIG_NOSYSTEM",
    "GIT_ATTR_NOSYSTEM",
    #[cfg(windows)]
    "SystemRoot",
    #[cfg(windows)]
    "SystemDrive",
    #[cfg(windows)]
    "ProgramData",
    #[cfg(windows)]
    "USERPROFILE",
    #[cfg(windows)]
    "HOMEDRIVE",
    #[cfg(windows)]
    "HOMEPATH",
    #[cfg(windows)]
    "TEMP",
    #[cfg(windows)]
    "TMP",
];

/// Git takes no lock, asks nobody, and gets nothing from elsewhere.
const SET: &[(&str, &str)] = &[
    ("LC_ALL", "C"),
    ("GIT_OPTIONAL_LOCKS", "0"),
    ("GIT_NO_LAZY_FETCH", "1"),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("GIT_ALLOW_PROTOCOL", "none"),
];

/// The process's environment as it was when the first workspace was named. It is read once, on the
/// thread of whoever may also change it, as reading it while it is changed is undefined in C.
pub(crate) struct Environment {
    kept: Vec<(&'static str, OsString)>,
    /// The directories of `PATH` that are absolute.
    path: Vec<PathBuf>,
    pub(crate) home: Option<PathBuf>,
    pub(crate) temporary: PathBuf,
}

impl Environment {
    pub(crate) fn get() -> &'static Self {
        static ENVIRONMENT: OnceLock<Environment> = OnceLock::new();
        ENVIRONMENT.get_or_init(|| {
            let path = env::var_os("PATH").unwrap_or_default();
            Self {
                kept: KEPT
                    .iter()
                    .filter_map(|name| Some((*name, env::var_os(name)?)))
                    .collect(),
                path: env::split_paths(&path)
                    .filter(|dir| dir.is_absolute())
                    .collect(),
                home: env::home_dir().filter(|home| home.is_absolute()),
                temporary: env::temp_dir(),
            }
        })
    }

    pub(crate) fn kept(&self, wanted: &str) -> Option<&OsStr> {
        let (_, value) = self.kept.iter().find(|(name, _)| *name == wanted)?;
        Some(value)
    }

    /// Every git on `PATH`, once there is one; whoever puts one there later is not heard.
    fn gits(&self) -> &'static [PathBuf] {
        static FOUND: OnceLock<Vec<PathBuf>> = OnceLock::new();
        if let Some(found) = FOUND.get() {
            return found;
        }
        let name = if cfg!(windows) { "git.exe" } else { "git" };
        let gits = self.path.iter().flat_map(|dir| {
            // Apple's own opens a window where the developer tools are missing.
            if cfg!(target_os = "macos") && dir == Path::new("/usr/bin") {
                vec![
                    PathBuf::from("/Library/Developer/CommandLineTools/usr/bin/git"),
                    PathBuf::from("/Applications/Xcode.app/Contents/Developer/usr/bin/git"),
                ]
            } else {
                vec![dir.join(name)]
            }
        });
        let gits: Vec<_> = gits.filter(|git| is_program(git)).collect();
        if gits.is_empty() {
            return &[];
        }
        FOUND.get_or_init(|| gits)
    }
}

fn is_program(path: &Path) -> bool {
    let Ok(metadata) = path.metadata() else {
        return false;
    };
    #[cfg(unix)]
    if std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o111 == 0 {
        return false;
    }
    metadata.is_file()
}

/// Whether `path` is `dir` or below it, by name or in truth.
pub(crate) fn is_within(path: &Path, dir: &Path) -> bool {
    let real = |path: &Path| path.canonicalize().ok();
    path.starts_with(dir)
        || matches!((real(path), real(dir)), (Some(path), Some(dir)) if path.starts_with(&dir))
}

/// The git that is asked of one repository, within one deadline.
pub(crate) struct Git {
    program: PathBuf,
    path: OsString,
    deadline: Instant,
}

impl Git {
    /// The first git that does not lie in the repository itself.
    pub(crate) fn new(root: &Path, deadline: Instant) -> Option<Self> {
        let environment = Environment::get();
        let gits = environment.gits();
        if gits.is_empty() {
            complain(|| "there is no git on PATH: requests carry no branch".to_owned());
        }
        let program = gits.iter().find(|git| !is_within(git, root))?.clone();
        let path = environment.path.iter().filter(|dir| !is_within(dir, root));
        Some(Self {
            program,
            path: env::join_paths(path).unwrap_or_default(),
            deadline,
        })
    }

    /// A command that runs in `dir`.
    pub(crate) fn command(&self, dir: &Path, arguments: &[&str]) -> Command {
        let environment = Environment::get();
        let mut command = Command::new(&self.program);
        command
            .env_clear()
            .envs(environment.kept.iter().map(|(name, value)| (name, value)))
            .envs(SET.iter().copied())
            .env("PATH", &self.path)
            .arg("--no-pager")
            .arg("-C")
            .arg(dir)
            .args(arguments);
        command
    }

    /// Runs a command of [`Self::command`], as [`child::run`] has it.
    pub(crate) fn run(
        &self,
        command: &mut Command,
        separator: u8,
        each: impl FnMut(&[u8]) -> bool,
    ) -> End {
        child::run(command, self.deadline, separator, each).unwrap_or_else(|error| {
            complain(|| format!("git cannot be started: {error}"));
            End::Killed
        })
    }
}
