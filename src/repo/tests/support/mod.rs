//! What the tests share: a place of their own, real git in it, and a process that probes.
#![allow(dead_code, reason = "no test uses all of it")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::LazyLock,
};

use tempfile::TempDir;

/// A directory with a home directory and an empty `repo` in it.
pub struct Place(TempDir);

#[derive(Debug, Default, PartialEq, Eq)]
pub struct Said {
    pub name: Option<String>,
    pub branch: Option<String>,
    pub dirty: Option<bool>,
    pub complaint: Option<String>,
}

impl Place {
    pub fn new() -> Self {
        let place = Self(tempfile::Builder::new().prefix("hints-test-").tempdir().unwrap());
        for dir in ["home", "repo", "temporary"] {
            fs::create_dir(place.path().join(dir)).unwrap();
        }
        place
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// A command that sees nothing of this machine's configuration.
    pub fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", self.path().join("home"))
            .env("TMPDIR", self.path().join("temporary"))
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("LC_ALL", "C.UTF-8");
        command
    }

    /// A command that may look at a workspace, by the git in the directory `GIT_UNDER_TEST` where that is
    /// set: another one than that which builds the workspace and says what is true.
    pub fn looking(&self, program: impl AsRef<Path>) -> Command {
        let mut command = self.command(program);
        let path = ["GIT_UNDER_TEST", "PATH"].into_iter().filter_map(std::env::var_os);
        let path = path.flat_map(|dirs| std::env::split_paths(&dirs).collect::<Vec<_>>());
        command.env("PATH", std::env::join_paths(path).unwrap());
        command
    }

    /// Runs a shell text in `repo`.
    pub fn build(&self, text: &str) -> Result<(), String> {
        let mut command = self.command("/bin/sh");
        let settings = [
            ("protocol.file.allow", "always"),
            ("gc.auto", "0"),
            ("core.fsync", "none"),
            ("advice.addEmbeddedRepo", "false"),
        ];
        for (at, (name, value)) in settings.iter().enumerate() {
            command.env(format!("GIT_CONFIG_KEY_{at}"), name);
            command.env(format!("GIT_CONFIG_VALUE_{at}"), value);
        }
        for who in ["AUTHOR", "COMMITTER"] {
            command
                .env(format!("GIT_{who}_NAME"), "a")
                .env(format!("GIT_{who}_EMAIL"), "a@b.example");
        }
        let output = command
            .env("GIT_CONFIG_COUNT", settings.len().to_string())
            .arg("-c")
            .arg(format!("{}\n{text}", include_str!("../corpus.lib.sh")))
            .current_dir(self.path().join("repo"))
            .output()
            .unwrap();
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        output.status.success().then_some(()).ok_or(error)
    }

    pub fn probe(&self, workspace: &Path) -> Said {
        let output = self.looking(&*PROBE).arg(workspace).output().unwrap();
        Said::read(&output)
    }

    fn git(&self, dir: &Path, words: &str) -> Option<String> {
        let mut git = self.command("git");
        git.arg("-C").arg(dir).args(words.split(' ')).env("GIT_OPTIONAL_LOCKS", "0");
        let output = git.output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).trim_end().to_owned();
        output.status.success().then_some(text)
    }

    /// What git itself says of a workspace. Only for repositories of our own.
    pub fn truth(&self, workspace: &Path) -> Said {
        let mut top = self.git(workspace, "rev-parse --show-toplevel");
        let common = self.git(workspace, "rev-parse --path-format=absolute --git-common-dir");
        let own = self.git(workspace, "rev-parse --path-format=absolute --git-dir");
        if common != own {
            top = common.map(|dir| match dir.rsplit_once("/.") {
                Some((main, _)) => main.to_owned(),
                None => dir.trim_end_matches(".git").to_owned(),
            });
        }
        let branch = self.git(workspace, "symbolic-ref -q HEAD");
        let status = self.git(workspace, "status --porcelain --untracked-files=no");
        Said {
            name: top.and_then(|top| Some(top.rsplit_once('/')?.1.to_owned())),
            branch: branch.and_then(|name| Some(name.strip_prefix("refs/heads/")?.to_owned())),
            dirty: status.map(|text| !text.is_empty()),
            complaint: None,
        }
    }
}

impl Said {
    pub fn read(output: &Output) -> Self {
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let value = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name))?;
            Some(line.strip_prefix("Some(")?.strip_suffix(')')?.trim_matches('"').to_owned())
        };
        let complaint = text.lines().find_map(|line| line.strip_prefix("complaint="));
        Self {
            name: value("name="),
            branch: value("branch="),
            dirty: value("dirty=").map(|text| text == "true"),
            complaint: complaint.map(str::to_owned),
        }
    }
}

/// The ids of processes whose command line holds `text`.
pub fn alive(text: &str) -> Vec<u32> {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let has_text = |path: PathBuf| {
        let line = fs::read(path.join("cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains(text)
    };
    let ours = processes.filter(|process| has_text(process.path()));
    ours.filter_map(|process| process.file_name().to_str()?.parse().ok()).collect()
}

/// The example that probes, built.
pub static PROBE: LazyLock<PathBuf> = LazyLock::new(|| {
    let mut cargo = Command::new(std::env::var_os("CARGO").expect("run by cargo"));
    cargo.args(["build", "--quiet", "--example", "probe", "--message-format=json"]);
    let output = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let (_, rest) = text.rsplit_once("\"executable\":\"").expect("an executable");
    PathBuf::from(rest.split_once('"').unwrap().0)
});
