//! What of a repository's configuration decides whether a file counts as changed. Only plain values
//! are taken from it, into a configuration that names no program.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    path::{Path, PathBuf},
};

use crate::{
    child::End,
    git::{Environment, Git},
};

/// Settings of `core` whose values go into the room.
const PLAIN: &[&str] = &[
    "autocrlf",
    "eol",
    "filemode",
    "symlinks",
    "ignorecase",
    "trustctime",
    "checkstat",
    "precomposeunicode",
    "longpaths",
];

/// Git matches this with names whose first and last part are in lower case.
const WANTED: &str = "^(core\\.(autocrlf|eol|filemode|symlinks|ignorecase|trustctime|checkstat|\
    precomposeunicode|longpaths|attributesfile|fsmonitor|sparsecheckout|worktree)|attr\\.tree|\
    filter\\..*)$";

/// No more values than this are looked at.
const VALUES: usize = 4096;

/// A repository's settings.
#[derive(Default)]
pub(crate) struct Settings {
    /// Whether the repository names its own work tree.
    pub(crate) names_work_tree: bool,
    /// Whether there is one that makes any verdict doubtful.
    pub(crate) is_doubtful: bool,
    plain: Vec<(&'static str, String)>,
    filters: BTreeSet<String>,
    attributes: Option<PathBuf>,
}

impl Settings {
    /// Asks git for them; `None` where they are too many or git does not say.
    pub(crate) fn of(root: &Path, git: &Git) -> Option<Self> {
        let mut parts = Vec::new();
        let arguments = ["config", "-z", "--show-scope", "--get-regexp", WANTED];
        let end = git.run(&mut git.command(root, &arguments), 0, |part| {
            parts.push(String::from_utf8(part.to_vec()));
            parts.len() <= 2 * VALUES
        });
        // Git fails where it finds nothing.
        if matches!(end, End::Killed) || matches!(end, End::Failure) && !parts.is_empty() {
            return None;
        }
        let mut settings = Self::default();
        // Later ones of a name take the place of earlier ones.
        let mut last = BTreeMap::new();
        for pair in parts.chunks(2) {
            let [Ok(scope), Ok(setting)] = pair else {
                return None;
            };
            // A name alone means that it is true.
            let (name, value) = setting.split_once('\n').unwrap_or((setting, "true"));
            last.insert(name, (matches!(scope.as_str(), "system" | "global"), value));
        }
        for (name, (is_users, value)) in last {
            settings.take(name, is_users, value)?;
        }
        Some(settings)
    }

    fn take(&mut self, name: &str, is_users: bool, value: &str) -> Option<()> {
        if let Some(plain) = PLAIN
            .iter()
            .find(|plain| name.strip_prefix("core.") == Some(plain))
        {
            self.plain.push((plain, value.to_owned()));
        } else if let Some(filter) = name.strip_prefix("filter.") {
            // The last part says what of the filter is set.
            self.filters
                .extend(filter.rsplit_once('.').map(|(driver, _)| driver.to_owned()));
        }
        match name {
            "core.worktree" => self.names_work_tree = !is_users,
            "core.attributesfile" if is_users => self.attributes = Some(expand(value)?),
            // Attributes from wherever the repository likes.
            "core.attributesfile" | "attr.tree" => self.is_doubtful = true,
            // A program that git waits for.
            "core.fsmonitor" if switch(value).is_none() => self.is_doubtful = true,
            // Entries that are not in the work tree.
            "core.sparsecheckout" if switch(value) != Some(false) => self.is_doubtful = true,
            _ => {}
        }
        Some(())
    }

    /// The room's configuration, `None` where a value cannot be one that git takes.
    ///
    /// A filter has no command there and is required, so git fails as soon as the verdict depends on
    /// what a filter would do.
    pub(crate) fn for_room(&self, object_format: &str) -> Option<String> {
        let mut text = String::from(
            "[core]\n\tbare = false\n\tpreloadIndex = false\n\tpackedGitLimit = 64m\n\
             \tpackedGitWindowSize = 1m\n\tdeltaBaseCacheLimit = 16m\n\thooksPath = /dev/null\n\
             [index]\n\tthreads = 1\n",
        );
        match object_format {
            "sha1" => text.push_str("[core]\n\trepositoryFormatVersion = 0\n"),
            "sha256" => text.push_str(
                "[core]\n\trepositoryFormatVersion = 1\n[extensions]\n\tobjectFormat = sha256\n",
            ),
            _ => return None,
        }
        text.push_str("[core]\n");
        for (name, value) in &self.plain {
            writeln!(text, "\t{name} = {}", quoted(value)?).ok()?;
        }
        if let Some(path) = self.attributes.clone().or_else(usual_attributes) {
            writeln!(text, "\tattributesFile = {}", quoted(path.to_str()?)?).ok()?;
        }
        for filter in &self.filters {
            writeln!(text, "[filter {}]\n\trequired = true", quoted(filter)?).ok()?;
        }
        Some(text)
    }
}

fn switch(value: &str) -> Option<bool> {
    match value.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Some(true),
        "false" | "no" | "off" | "0" | "" => Some(false),
        _ => None,
    }
}

/// A value or a section's name as git reads it.
fn quoted(text: &str) -> Option<String> {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
    (!text.contains(char::is_control)).then(|| format!("\"{escaped}\""))
}

/// A path of the user's configuration. The home directory is another one in the room.
fn expand(value: &str) -> Option<PathBuf> {
    let path = match value.strip_prefix("~/") {
        Some(rest) => Environment::get().home.as_ref()?.join(rest),
        None => PathBuf::from(value),
    };
    // An empty one means none, and others than absolute ones are looked for somewhere else.
    (path.is_absolute() || value.is_empty()).then_some(path)
}

/// The user's attributes where no setting says where they are.
fn usual_attributes() -> Option<PathBuf> {
    let environment = Environment::get();
    let base = match environment.kept("XDG_CONFIG_HOME") {
        Some(base) if !base.is_empty() => PathBuf::from(base),
        _ => environment.home.as_ref()?.join(".config"),
    };
    Some(base.join("git").join("attributes"))
}
