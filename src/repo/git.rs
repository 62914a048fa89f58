//! The user's git: which program it is, and the environment in which it runs.

use std::{
    cell::Cell,
    env,
    ffi::OsString,
    fs::File,
    io,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
    time::Instant,
};

use crate::{
    DEADLINE, child,
    complaints::{Fault, complain},
    place::{No, Place},
    trust::{self, Use},
};

/// The variables that git inherits: the places of the user's configuration, and variables that git
/// needs on Windows. As root, git trusts repositories of the user that `SUDO_UID` names.
const KEPT: &str = "HOME XDG_CONFIG_HOME GIT_CONFIG_GLOBAL GIT_CONFIG_SYSTEM GIT_CONFIG_NOSYSTEM \
    GIT_ATTR_NOSYSTEM SUDO_UID SystemRoot SystemDrive ProgramData USERPROFILE HOMEDRIVE HOMEPATH TEMP TMP";

/// Git takes no lock, asks no question, and fetches nothing.
const SET: [(&str, &str); 5] = [
    ("LC_ALL", "C"),
    ("GIT_OPTIONAL_LOCKS", "0"),
    ("GIT_NO_LAZY_FETCH", "1"),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("GIT_ALLOW_PROTOCOL", "none"),
];

/// The most settings that are read from the environment.
const CONFIGURED: usize = 1000;

/// The most bytes of output that are read as text.
const TEXT: u64 = 1 << 20;

/// The process's environment at the time of the first [`crate::Workspace::new`]. It is read once, on the
/// caller's thread, because reading it while another thread changes it is undefined in C.
pub(crate) struct Environment {
    kept: Vec<(&'static str, OsString)>,
    /// The directories of `PATH` that are absolute.
    path: Vec<PathBuf>,
    /// The home directory, and that of the user's configuration.
    pub(crate) home: PathBuf,
    pub(crate) configuration: PathBuf,
    pub(crate) temporary: PathBuf,
    /// The state directories of `OpenClaw`, in which agents write.
    pub(crate) states: Vec<PathBuf>,
    /// The repositories that git trusts according to `GIT_CONFIG_COUNT`.
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
            // OpenClaw expands `~` in its variables.
            let openclaw = |name| {
                let path = PathBuf::from(env::var_os(name)?);
                Some(path.strip_prefix("~").map_or_else(|_| path.clone(), |rest| home.join(rest)))
            };
            let homes = [Some(home.clone()), openclaw("OPENCLAW_HOME")].into_iter().flatten();
            let states = homes.map(|home| home.join(".openclaw"));
            let states = states.chain(openclaw("OPENCLAW_STATE_DIR"));
            Self {
                kept: KEPT.split(' ').filter_map(value).collect(),
                path: env::split_paths(&path).filter(|dir| dir.is_absolute()).collect(),
                configuration: configuration.map_or_else(|| home.join(".config"), PathBuf::from),
                home,
                temporary: env::temp_dir(),
                states: states.filter(|dir| dir.is_absolute()).collect(),
                trusted: trusted_by_environment(),
            }
        })
    }

    /// Every git on `PATH`, in order.
    fn gits(&self) -> impl Iterator<Item = PathBuf> {
        self.path.iter().flat_map(|dir| match dir.to_str() {
            // Apple's own git opens a window if the developer tools are missing.
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

/// The git that answers for one repository.
pub(crate) struct Git {
    program: PathBuf,
    deadline: Cell<Instant>,
}

impl Git {
    /// The first git on `PATH` that can be trusted and works, with its answer. All candidates together have two
    /// seconds. Later directories of `PATH` are not read.
    pub(crate) fn first(root: &Path) -> Option<(Self, Result<Place, No>)> {
        let deadline = Cell::new(Instant::now() + DEADLINE);
        let mut why_not = None;
        for program in Environment::get().gits() {
            let git = Self { program, deadline: deadline.clone() };
            let program = git.program.display();
            let reason = match trust::objection(&git.program, Use::Program) {
                Some(trust::MISSING) => continue,
                Some(objection) => format!(
                    "there is no git on PATH that can be trusted; {program} is not used: {objection}"
                ),
                None => match Place::of(root, &git) {
                    // A shell would also try the next program.
                    Err(No::Broken(how)) => format!("{program} {how}"),
                    answer => return Some((git, answer)),
                },
            };
            why_not.get_or_insert(reason);
        }
        let none = "there is no git on PATH; install git 2.26 or later";
        complain(Fault::NoGit, None, why_not.as_deref().unwrap_or(none));
        None
    }

    /// Runs `wait`, and moves git's deadline by the time that this takes.
    pub(crate) fn pause<T>(&self, wait: impl FnOnce() -> T) -> T {
        let paused = Instant::now();
        let result = wait();
        self.deadline.set(self.deadline.get() + paused.elapsed());
        result
    }

    /// Complains that git lacks an option.
    pub(crate) fn complain_of_age(&self) {
        let program = self.program.display();
        complain(Fault::TooOld, None, &format!("{program} is too old; install git 2.26 or later"));
    }

    /// A command, in words without blanks, that runs in `dir`.
    pub(crate) fn command(&self, dir: &Path, words: &str) -> Command {
        let environment = Environment::get();
        let mut command = Command::new(&self.program);
        command.env_clear().envs(SET).env("PATH", self.path());
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

    /// Git's `PATH`: its own directory, and the system's directories in case git is a script.
    fn path(&self) -> OsString {
        let own = self.program.parent().map(Path::to_owned);
        let system = ["/usr/bin", "/bin"].map(PathBuf::from).into_iter().filter(|_| cfg!(unix));
        env::join_paths(own.into_iter().chain(system)).unwrap_or_default()
    }

    /// Runs a command. Returns its exit code, and its output or errors.
    pub(crate) fn text(&self, command: &mut Command, is_errors: bool) -> io::Result<(i32, String)> {
        let (code, output) = child::run(command, is_errors, self.deadline.get())?;
        if output.metadata()?.len() > TEXT {
            return Err(io::ErrorKind::InvalidData.into());
        }
        Ok((code, io::read_to_string(output)?))
    }

    /// The output of a command that succeeds.
    pub(crate) fn output(&self, root: &Path, command: &mut Command) -> Option<File> {
        let ended = child::run(command, false, self.deadline.get());
        if ended.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::InvalidData) {
            complain(Fault::LateVerdict, Some(root), "git lists more than 64 MB of files");
        }
        let (code, output) = ended.ok()?;
        (code == 0).then_some(output)
    }
}
