//! The user's git: where it is, and an environment made from nothing.

use std::{
    env,
    ffi::OsString,
    io::Read,
    path::{Path, PathBuf},
    process::{ChildStdout, Command},
    sync::OnceLock,
    time::Instant,
};

use crate::{child, complain};

/// What git may know of the user's environment: where the user's own configuration is, and what
/// git needs on Windows.
const KEPT: &str = "HOME XDG_CONFIG_HOME GIT_CONFIG_GLOBAL GIT_CONFIG_SYSTEM GIT_CONFIG_NOSYSTEM \
    GIT_ATTR_NOSYSTEM SystemRoot SystemDrive ProgramData USERPROFILE HOMEDRIVE HOMEPATH TEMP TMP";

/// Git takes no lock, asks nobody, and fetches nothing.
const SET: [(&str, &str); 5] = [
    ("LC_ALL", "C"),
    ("GIT_OPTIONAL_LOCKS", "0"),
    ("GIT_NO_LAZY_FETCH", "1"),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("GIT_ALLOW_PROTOCOL", "none"),
];

/// The most output that is looked at.
const OUTPUT: u64 = 1 << 20;

/// The process's environment as it was when the first workspace was named. It is read once, on the
/// thread of whoever may also change it, as reading it while it is changed is undefined in C.
pub(crate) struct Environment {
    kept: Vec<(&'static str, OsString)>,
    /// The directories of `PATH` that are absolute.
    path: Vec<PathBuf>,
    /// The home directory, and that of the user's configuration.
    pub(crate) home: PathBuf,
    pub(crate) configuration: PathBuf,
    pub(crate) temporary: PathBuf,
}

impl Environment {
    pub(crate) fn get() -> &'static Self {
        static ENVIRONMENT: OnceLock<Environment> = OnceLock::new();
        ENVIRONMENT.get_or_init(|| {
            let value = |name| Some((name, env::var_os(name)?));
            let path = env::var_os("PATH").unwrap_or_default();
            let home = env::home_dir().unwrap_or_default();
            let configuration = env::var_os("XDG_CONFIG_HOME").filter(|dir| !dir.is_empty());
            Self {
                kept: KEPT.split(' ').filter_map(value).collect(),
                path: env::split_paths(&path).filter(|dir| dir.is_absolute()).collect(),
                configuration: configuration.map_or_else(|| home.join(".config"), PathBuf::from),
                home,
                temporary: env::temp_dir(),
            }
        })
    }

    /// Every git on `PATH`, once there is one: who puts one there later is not heard.
    fn gits(&self) -> &'static [PathBuf] {
        static FOUND: OnceLock<Vec<PathBuf>> = OnceLock::new();
        if let Some(found) = FOUND.get() {
            return found;
        }
        let gits = self.path.iter().flat_map(|dir| match dir.to_str() {
            // Apple's own opens a window where the developer tools are missing.
            Some("/usr/bin") if cfg!(target_os = "macos") => vec![
                PathBuf::from("/Library/Developer/CommandLineTools/usr/bin/git"),
                PathBuf::from("/Applications/Xcode.app/Contents/Developer/usr/bin/git"),
            ],
            _ => vec![dir.join(format!("git{}", env::consts::EXE_SUFFIX))],
        });
        let gits: Vec<_> = gits.filter(|git| git.is_file()).collect();
        if gits.is_empty() { &[] } else { FOUND.get_or_init(|| gits) }
    }
}

/// Whether `path` is `dir` or below it, by name or in truth.
pub(crate) fn is_within(path: &Path, dir: &Path) -> bool {
    let real = path.canonicalize().ok().zip(dir.canonicalize().ok());
    path.starts_with(dir) || real.is_some_and(|(path, dir)| path.starts_with(dir))
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
        let mut gits = environment.gits().iter();
        let Some(program) = gits.find(|git| !is_within(git, root)) else {
            complain("there is no git on PATH");
            return None;
        };
        let path = environment.path.iter().filter(|dir| !is_within(dir, root));
        Some(Self {
            program: program.clone(),
            path: env::join_paths(path).unwrap_or_default(),
            deadline,
        })
    }

    /// A command, in words without blanks, that runs in `dir`.
    pub(crate) fn command(&self, dir: &Path, words: &str) -> Command {
        let mut command = Command::new(&self.program);
        command.env_clear().envs(SET).env("PATH", &self.path);
        command.envs(Environment::get().kept.clone());
        command.arg("--no-pager").arg("-C").arg(dir);
        command.args(words.split_whitespace());
        command
    }

    /// Runs a command: whether it succeeded, and its output. One that has more to say fails.
    pub(crate) fn text(&self, command: &mut Command) -> Option<(bool, String)> {
        let (success, text) = self.run(command, |output| {
            let mut text = String::new();
            output.take(OUTPUT).read_to_string(&mut text).map(|_| text)
        })?;
        Some((success, text.ok()?))
    }

    /// Runs a command, as [`child::run`] does.
    pub(crate) fn run<T: Send + 'static>(
        &self,
        command: &mut Command,
        read: impl FnOnce(ChildStdout) -> T + Send + 'static,
    ) -> Option<(bool, T)> {
        child::run(command, self.deadline, read)
            .inspect_err(|error| complain(format!("git cannot be started: {error}")))
            .ok()?
    }
}
