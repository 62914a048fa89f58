//! The user's git: where it is, and an environment made from nothing.

use std::{
    cell::OnceCell,
    env,
    ffi::OsString,
    io::Read,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
    time::Instant,
};

use crate::{
    child::{self, Output},
    complaints::{Fault, complain},
    trust,
};

/// What git may know of the user's environment: where the user's own configuration is, and what
/// git needs on Windows. As root, git trusts repositories of the user that `SUDO_UID` names.
const KEPT: &str = "HOME XDG_CONFIG_HOME GIT_CONFIG_GLOBAL GIT_CONFIG_SYSTEM GIT_CONFIG_NOSYSTEM \
    GIT_ATTR_NOSYSTEM SUDO_UID SystemRoot SystemDrive ProgramData USERPROFILE HOMEDRIVE HOMEPATH TEMP TMP";

/// Git takes no lock, asks nobody, and fetches nothing.
const SET: [(&str, &str); 5] = [
    ("LC_ALL", "C"),
    ("GIT_OPTIONAL_LOCKS", "0"),
    ("GIT_NO_LAZY_FETCH", "1"),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("GIT_ALLOW_PROTOCOL", "none"),
];

/// The most settings of the environment that are looked at.
const CONFIGURED: usize = 1000;

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
    /// The directories, other than workspaces, in which agents write.
    writable: Vec<PathBuf>,
    /// What `GIT_CONFIG_COUNT` says of repositories that git is to trust.
    trusted: Vec<OsString>,
}

impl Environment {
    pub(crate) fn get() -> &'static Self {
        static ENVIRONMENT: OnceLock<Environment> = OnceLock::new();
        ENVIRONMENT.get_or_init(|| {
            let value = |name| Some((name, env::var_os(name)?));
            let path = env::var_os("PATH").unwrap_or_default();
            let home = env::home_dir().unwrap_or_default();
            let configuration = env::var_os("XDG_CONFIG_HOME").filter(|dir| !dir.is_empty());
            // The host understands `~` in its variables.
            let openclaw = |name| {
                let path = PathBuf::from(env::var_os(name)?);
                Some(path.strip_prefix("~").map_or_else(|_| path.clone(), |rest| home.join(rest)))
            };
            let homes = [Some(home.clone()), openclaw("OPENCLAW_HOME")].into_iter().flatten();
            let states = homes.map(|home| home.join(".openclaw"));
            let states = states.chain(openclaw("OPENCLAW_STATE_DIR"));
            let writable =
                states.chain([env::temp_dir()]).filter(|dir| dir.is_absolute()).collect();
            let environment = Self {
                kept: KEPT.split(' ').filter_map(value).collect(),
                path: env::split_paths(&path).filter(|dir| dir.is_absolute()).collect(),
                configuration: configuration.map_or_else(|| home.join(".config"), PathBuf::from),
                home,
                temporary: env::temp_dir(),
                writable,
                trusted: trusted_by_environment(),
            };
            environment.writable.iter().for_each(|dir| _ = trust::note(dir));
            environment
        })
    }

    /// Notes what the directories in which agents write are in truth. They are looked at.
    pub(crate) fn note_writable(&self) {
        self.writable.iter().for_each(|dir| trust::note_real(dir));
    }

    /// Every git on `PATH`, in order.
    fn gits(&self) -> impl Iterator<Item = PathBuf> {
        self.path.iter().flat_map(|dir| match dir.to_str() {
            // Apple's own opens a window where the developer tools are missing.
            Some("/usr/bin") if cfg!(target_os = "macos") => vec![
                PathBuf::from("/Library/Developer/CommandLineTools/usr/bin/git"),
                PathBuf::from("/Applications/Xcode.app/Contents/Developer/usr/bin/git"),
            ],
            _ => vec![dir.join(format!("git{}", env::consts::EXE_SUFFIX))],
        })
    }
}

/// The values of `safe.directory` that `GIT_CONFIG_COUNT` passes on, as containers do.
fn trusted_by_environment() -> Vec<OsString> {
    let count = env::var("GIT_CONFIG_COUNT").ok().and_then(|count| count.parse().ok());
    let value = |at: usize| {
        let key = env::var(format!("GIT_CONFIG_KEY_{at}")).ok()?;
        let value = env::var_os(format!("GIT_CONFIG_VALUE_{at}"))?;
        key.eq_ignore_ascii_case("safe.directory").then_some(value)
    };
    (0..count.unwrap_or(0).min(CONFIGURED)).filter_map(value).collect()
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
    /// Why the program cannot be started.
    failure: OnceCell<String>,
}

impl Git {
    /// The gits on `PATH` that can be trusted, in order. Trust is judged anew each time, as more
    /// workspaces become known.
    pub(crate) fn all(deadline: Instant) -> Vec<Self> {
        let environment = Environment::get();
        environment.note_writable();
        let dirs = environment.path.iter().filter(|dir| trust::objection(dir).is_none());
        let path = env::join_paths(dirs).unwrap_or_default();
        let mut refused = None;
        let mut gits = Vec::new();
        for program in environment.gits() {
            match trust::objection(&program) {
                None => gits.push(Self {
                    program,
                    path: path.clone(),
                    deadline,
                    failure: OnceCell::new(),
                }),
                Some(trust::MISSING) => {}
                Some(objection) => _ = refused.get_or_insert((program, objection)),
            }
        }
        if gits.is_empty() {
            let reason = refused.map_or_else(
                || "there is no git on PATH; install git 2.26 or later".to_owned(),
                |(git, objection)| {
                    format!(
                        "there is no git on PATH that can be trusted; {} is not used: {objection}",
                        git.display()
                    )
                },
            );
            complain(Fault::Missing, None, reason);
        }
        gits
    }

    /// Whether its time is up.
    pub(crate) fn is_late(&self) -> bool {
        Instant::now() >= self.deadline
    }

    /// Why the program cannot be started. A shell would try the next on `PATH`.
    pub(crate) fn failure(&self) -> Option<&str> {
        self.failure.get().map(String::as_str)
    }

    /// Complains that git lacks what it is asked for.
    pub(crate) fn complain_of_age(&self) {
        let program = self.program.display();
        complain(Fault::TooOld, None, format!("{program} is too old; install git 2.26 or later"));
    }

    /// A command, in words without blanks, that runs in `dir`.
    pub(crate) fn command(&self, dir: &Path, words: &str) -> Command {
        let environment = Environment::get();
        let mut command = Command::new(&self.program);
        command.env_clear().envs(SET).env("PATH", &self.path);
        command.envs(environment.kept.clone());
        command.env("GIT_CONFIG_COUNT", environment.trusted.len().to_string());
        for (at, value) in environment.trusted.iter().enumerate() {
            command.env(format!("GIT_CONFIG_KEY_{at}"), "safe.directory");
            command.env(format!("GIT_CONFIG_VALUE_{at}"), value);
        }
        command.arg("--no-pager").arg("-C").arg(dir);
        command.args(words.split_whitespace());
        command
    }

    /// Runs a command: its exit code, and its output. One that has more to say fails.
    pub(crate) fn text(&self, command: &mut Command) -> Option<(Option<i32>, String)> {
        let (code, text) = self.run(command, false, read_text)?;
        Some((code, text?))
    }

    /// What a command has to say on its standard error.
    pub(crate) fn errors(&self, command: &mut Command) -> Option<String> {
        self.run(command, true, read_text)?.1
    }

    /// Runs a command, as [`child::run`] does.
    pub(crate) fn run<T>(
        &self,
        command: &mut Command,
        is_errors: bool,
        read: impl FnOnce(&mut Output<'_>) -> T,
    ) -> Option<(Option<i32>, T)> {
        let (status, read) = child::run(command, is_errors, self.deadline, read)
            .inspect_err(|error| {
                let program = self.program.display();
                let _ = self.failure.set(format!("{program} cannot be started: {error}"));
            })
            .ok()??;
        Some((status.code(), read))
    }
}

fn read_text(output: &mut Output<'_>) -> Option<String> {
    let mut text = String::new();
    output.take(OUTPUT).read_to_string(&mut text).ok()?;
    Some(text)
}
