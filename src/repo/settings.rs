//! Reads the settings of a repository that decide whether a file counts as changed. Only plain values are
//! copied, into a configuration that names no program.

use std::path::{Path, PathBuf};

use crate::git::{Environment, Git};

/// Asks git for the settings. Git prints names in lower case if their case does not matter.
const ASK: &str = "config -z --show-scope --get-regexp ^(core\\.(autocrlf|eol|filemode|symlinks|\
    ignorecase|trustctime|checkstat|precomposeunicode|longpaths|attributesfile|fsmonitor|\
    sparsecheckout|worktree)|attr\\.tree|filter\\..*)$";

/// The start of the isolated git directory's configuration. Limits git's memory. `preloadIndex` reads files in
/// parallel, for slow file systems.
const START: &str = "[core]\nbare = false\npreloadIndex = true\npackedGitLimit = 64m\n\
    packedGitWindowSize = 1m\ndeltaBaseCacheLimit = 16m\n[index]\nthreads = 1\n[core]\n";

/// A repository's settings.
#[derive(Default)]
pub(crate) struct Settings {
    /// Whether the repository names its own work tree.
    pub(crate) names_work_tree: bool,
    /// The configuration of the isolated git directory; `None` if a setting makes each verdict doubtful.
    pub(crate) isolated: Option<String>,
}

impl Settings {
    /// Asks git for the settings; `None` if git gives no answer.
    pub(crate) fn of(root: &Path, git: &Git) -> Option<Self> {
        let (code, text) = git.text(&mut git.command(root, ASK), false).ok()?;
        // Git does not know an option.
        if code == 129 {
            git.complain_of_age();
        }
        // Git fails with 1 if it finds no setting.
        if !matches!(code, 0 | 1) {
            return None;
        }
        let usual = Environment::get().configuration.join("git").join("attributes");
        let mut settings = Self {
            names_work_tree: false,
            isolated: attributes_file(&usual).map(|line| START.to_owned() + &line),
        };
        let mut parts = text.split_terminator('\0');
        while let (Some(scope), Some(setting)) = (parts.next(), parts.next()) {
            // A name without a value means true.
            let (name, value) = setting.split_once('\n').unwrap_or((setting, "true"));
            let is_users = matches!(scope, "system" | "global");
            settings.names_work_tree |= name == "core.worktree" && !is_users;
            let both = settings.isolated.zip(isolated_line(name, value, is_users));
            settings.isolated = both.map(|(all, line)| all + &line);
        }
        Some(settings)
    }
}

/// The line of a setting in the isolated git directory's configuration. Later lines win.
fn isolated_line(name: &str, value: &str, is_users: bool) -> Option<String> {
    match name {
        "core.worktree" => Some(String::new()),
        "core.attributesfile" if is_users => attributes_file(&expand(value)),
        // The repository could name any file for its attributes.
        "core.attributesfile" | "attr.tree" => None,
        // A value that is not a boolean names a program that git waits for.
        "core.fsmonitor" => switch(value).map(|_| String::new()),
        // With a sparse checkout, some entries are not in the work tree.
        "core.sparsecheckout" => (switch(value) == Some(false)).then(String::new),
        _ => match name.strip_prefix("core.") {
            Some(plain) => Some(format!("{plain} = {}\n", quoted(value)?)),
            None => filter(name),
        },
    }
}

/// A filter is required and has no command in the isolated git directory, so git fails if the verdict depends on
/// a filter.
fn filter(name: &str) -> Option<String> {
    match name.strip_prefix("filter.")?.rsplit_once('.') {
        Some((driver, _)) => {
            Some(format!("[filter {}]\nrequired = true\n[core]\n", quoted(driver)?))
        }
        None => Some(String::new()),
    }
}

fn attributes_file(path: &Path) -> Option<String> {
    Some(format!("attributesFile = {}\n", quoted(path.to_str()?)?))
}

/// A path of the user's configuration, whose home directory is not that of the isolated git directory.
fn expand(value: &str) -> PathBuf {
    match value.strip_prefix("~/") {
        Some(rest) => Environment::get().home.join(rest),
        None => PathBuf::from(value),
    }
}

fn switch(value: &str) -> Option<bool> {
    match value.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Some(true),
        "false" | "no" | "off" | "0" | "" => Some(false),
        _ => None,
    }
}

/// A value, or a section's name, as git reads it.
fn quoted(text: &str) -> Option<String> {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
    (!text.contains(char::is_control)).then(|| format!("\"{escaped}\""))
}
