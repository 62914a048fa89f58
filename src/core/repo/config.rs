//! The settings that decide a verdict, from the user's configuration and the repository's.
//!
//! Trusts the user's own files, which are followed through symbolic links; trusts nothing in a repository: its
//! configuration is parsed for the few settings below, no command in it is ever looked at, and an include in it
//! is a doubt. A setting whose value git would refuse, or whose effect is not modelled, is a doubt too.

use std::collections::HashMap;
use std::collections::HashSet;
use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gix_config::file::Metadata;
use gix_config::file::init::Options;
use gix_hash::Kind as HashKind;

use super::doubt::{Doubt, Known};
use super::file::{Content, Dir, Meta};

const MAX_CONFIG: usize = 1 << 20;
const MAX_INCLUDES: usize = 32;
const MAX_INCLUDE_DEPTH: usize = 5;
const MAX_USER_FILES: usize = 64;

/// Where this user's git looks for its own files. Read once, on the thread that asks for the first probe: the
/// environment is Node's to change, and must not be read beside it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Environment {
    pub home: Option<PathBuf>,
    pub xdg: Option<PathBuf>,
    /// Stands in place of both files of the user.
    pub global: Option<PathBuf>,
    pub system: Option<PathBuf>,
    pub no_system: bool,
    /// A variable that sends git elsewhere, or changes its settings, is set.
    pub redirected: bool,
}

const REDIRECTING: [&str; 17] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_CONFIG",
    "GIT_CONFIG_PARAMETERS",
    "GIT_CONFIG_COUNT",
    "GIT_ATTR_SOURCE",
    "GIT_ATTR_NOSYSTEM",
    "GIT_CEILING_DIRECTORIES",
    "GIT_DISCOVERY_ACROSS_FILESYSTEM",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_REFERENCE_BACKEND",
];

impl Environment {
    pub fn of_process() -> Self {
        let path = |name: &str| {
            std::env::var_os(name)
                .filter(|value| !value.is_empty())
                .map(PathBuf::from)
        };
        Environment {
            home: path("HOME"),
            xdg: path("XDG_CONFIG_HOME"),
            global: std::env::var_os("GIT_CONFIG_GLOBAL").map(PathBuf::from),
            system: std::env::var_os("GIT_CONFIG_SYSTEM").map(PathBuf::from),
            no_system: std::env::var_os("GIT_CONFIG_NOSYSTEM")
                .is_some_and(|value| boolean(Some(value.as_bytes())) != Ok(false)),
            redirected: REDIRECTING
                .iter()
                .any(|name| std::env::var_os(name).is_some()),
        }
    }

    fn user_dir(&self) -> Option<PathBuf> {
        let base = self
            .xdg
            .clone()
            .or_else(|| Some(self.home.as_ref()?.join(".config")))?;
        Some(base.join("git"))
    }

    /// The files in git's order, and whether each is one that git is known to read.
    fn files(&self) -> Vec<(PathBuf, bool)> {
        let mut files = Vec::new();
        if !self.no_system {
            if let Some(system) = &self.system {
                files.push((system.clone(), true));
            } else {
                files.push((PathBuf::from("/etc/gitconfig"), true));
                // Which of these is read depends on how the git at hand was built.
                for path in OTHER_SYSTEM_DIRS {
                    files.push((Path::new(path).join("gitconfig"), false));
                }
            }
        }
        if let Some(global) = &self.global {
            if !global.as_os_str().is_empty() {
                files.push((global.clone(), true));
            }
        } else {
            files.extend(self.user_dir().map(|dir| (dir.join("config"), true)));
            files.extend(
                self.home
                    .as_ref()
                    .map(|home| (home.join(".gitconfig"), true)),
            );
        }
        files
    }

    fn expand(&self, value: &[u8], relative_to: Option<&Path>) -> Option<PathBuf> {
        let path = PathBuf::from(OsString::from_vec(value.to_vec()));
        if let Some(rest) = value.strip_prefix(b"~/") {
            return Some(self.home.as_ref()?.join(OsString::from_vec(rest.to_vec())));
        }
        if value.is_empty() || value.starts_with(b"~") || value.starts_with(b"%") {
            return None;
        }
        if path.is_absolute() {
            Some(path)
        } else {
            Some(relative_to?.join(path))
        }
    }
}

#[cfg(target_os = "macos")]
const OTHER_SYSTEM_DIRS: &[&str] = &[
    "/usr/local/etc",
    "/opt/homebrew/etc",
    "/opt/local/etc",
    "/Library/Developer/CommandLineTools/usr/share/git-core",
    "/Applications/Xcode.app/Contents/Developer/usr/share/git-core",
];
#[cfg(not(target_os = "macos"))]
const OTHER_SYSTEM_DIRS: &[&str] = &["/usr/local/etc"];

/// One relevant setting. Section and key are in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Item {
    section: &'static str,
    subsection: Option<Vec<u8>>,
    key: &'static str,
    /// `None` is a key without `=`, which is a true.
    value: Option<Vec<u8>>,
}

/// The relevant settings of one file.
#[derive(Debug, Default)]
pub struct Layer {
    items: Vec<Item>,
    includes: Vec<Option<Vec<u8>>>,
}

/// Every key that can change what `git status` says of tracked files, or whether it says anything.
const RELEVANT: [(&str, &[&str]); 9] = [
    (
        "core",
        &[
            "attributesfile",
            "autocrlf",
            "bare",
            "checkstat",
            "filemode",
            "fsmonitor",
            "ignorecase",
            "repositoryformatversion",
            "sparsecheckout",
            "symlinks",
            "trustctime",
            "worktree",
        ],
    ),
    (
        "extensions",
        &[
            "compatobjectformat",
            "noop",
            "noop-v1",
            "objectformat",
            "partialclone",
            "preciousobjects",
            "refstorage",
            "relativeworktrees",
            "worktreeconfig",
        ],
    ),
    ("filter", &["clean", "process", "required"]),
    ("submodule", &["ignore"]),
    ("diff", &["ignoresubmodules"]),
    ("sparse", &["expectfilesoutsideofpatterns"]),
    ("attr", &["tree"]),
    ("include", &["path"]),
    ("includeif", &["path"]),
];

/// The key that stands for an extension that is not in the list.
const UNKNOWN_EXTENSION: &str = "?";

impl Layer {
    pub fn parse(bytes: &[u8]) -> Known<Layer> {
        let options = Options {
            lossy: true,
            ..Options::default()
        };
        // Git ends a value at a NUL and refuses a name with one.
        if bytes.contains(&0) {
            return Err(Doubt::Malformed);
        }
        let file = gix_config::File::from_bytes_no_includes(bytes, Metadata::api(), options)
            .map_err(|_| Doubt::Malformed)?;
        let mut layer = Layer::default();
        for section in file.sections() {
            let header = section.header();
            let name = header.name();
            let Some((section_name, keys)) = RELEVANT
                .iter()
                .find(|(relevant, _)| name.eq_ignore_ascii_case(relevant.as_bytes()))
            else {
                continue;
            };
            let subsection = header.subsection_name().map(|sub| {
                if header.is_legacy() {
                    sub.to_ascii_lowercase()
                } else {
                    sub.to_vec()
                }
            });
            let body = section.body();
            let mut seen = [false; 16];
            for key in body.value_names() {
                if let Some(at) = keys
                    .iter()
                    .position(|relevant| key.eq_ignore_ascii_case(relevant))
                {
                    seen[at] = true;
                } else if *section_name == "extensions" {
                    layer.items.push(Item {
                        section: section_name,
                        subsection: subsection.clone(),
                        key: UNKNOWN_EXTENSION,
                        value: None,
                    });
                }
            }
            for (key, _) in keys.iter().zip(seen).filter(|(_, seen)| *seen) {
                if matches!(*section_name, "include" | "includeif") {
                    if body.value_implicit(key) == Some(None) {
                        return Err(Doubt::Malformed);
                    }
                    let values = body.values(key);
                    layer
                        .includes
                        .extend(values.into_iter().map(|value| Some(value.into())));
                    continue;
                }
                let value = body.value_implicit(key).ok_or(Doubt::Malformed)?;
                layer.items.push(Item {
                    section: section_name,
                    subsection: subsection.clone(),
                    key,
                    value: value.map(Into::into),
                });
            }
        }
        Ok(layer)
    }

    pub fn is_irrelevant(&self) -> bool {
        self.items.is_empty() && self.includes.is_empty()
    }

    /// The last value of a setting without subsection.
    // A key may be missing, without a value, or with one.
    #[allow(clippy::option_option)]
    fn last(&self, section: &str, key: &str) -> Option<Option<&[u8]>> {
        self.items
            .iter()
            .rev()
            .find(|item| item.section == section && item.key == key && item.subsection.is_none())
            .map(|item| item.value.as_deref())
    }

    /// `core.worktree`, which a submodule's repository uses to point back.
    pub fn worktree(&self) -> Option<&[u8]> {
        self.last("core", "worktree").flatten()
    }

    fn flag(&self, section: &str, key: &str) -> Known<Option<bool>> {
        self.last(section, key).map(boolean).transpose()
    }
}

/// A boolean as git reads it, except that a number other than 0 and 1 is left to git.
fn boolean(value: Option<&[u8]>) -> Known<bool> {
    let Some(value) = value else {
        return Ok(true);
    };
    if [&b"true"[..], b"yes", b"on", b"1"]
        .iter()
        .any(|word| value.eq_ignore_ascii_case(word))
    {
        Ok(true)
    } else if [&b"false"[..], b"no", b"off", b"0", b""]
        .iter()
        .any(|word| value.eq_ignore_ascii_case(word))
    {
        Ok(false)
    } else {
        Err(Doubt::Setting)
    }
}

/// Parsed files by path, each good for as long as its stat stays.
#[derive(Debug, Default)]
pub struct UserConfig {
    files: HashMap<PathBuf, (Meta, Arc<Layer>)>,
}

/// The user's and the system's settings in git's order.
#[derive(Debug)]
pub struct UserLayers {
    layers: Vec<Arc<Layer>>,
}

impl UserConfig {
    pub fn layers(&mut self, environment: &Environment) -> Known<UserLayers> {
        let mut layers = Vec::new();
        for (path, certain) in environment.files() {
            let Some(layer) = self.layer(&path)? else {
                continue;
            };
            if !certain && !layer.is_irrelevant() {
                return Err(Doubt::Setting);
            }
            let mut left = MAX_INCLUDES;
            self.refuse_relevant_includes(
                environment,
                &layer,
                &path,
                MAX_INCLUDE_DEPTH,
                &mut left,
            )?;
            layers.push(layer);
        }
        Ok(UserLayers { layers })
    }

    fn layer(&mut self, path: &Path) -> Known<Option<Arc<Layer>>> {
        let Some(file) = Dir::file_of_user(path)? else {
            self.files.remove(path);
            return Ok(None);
        };
        if let Some((meta, layer)) = self.files.get(path)
            && *meta == file.meta
        {
            return Ok(Some(Arc::clone(layer)));
        }
        let content = file.read(MAX_CONFIG)?;
        let layer = Arc::new(Layer::parse(&content.bytes)?);
        if content.settled {
            if self.files.len() >= MAX_USER_FILES {
                self.files.clear();
            }
            self.files
                .insert(path.to_path_buf(), (content.meta, Arc::clone(&layer)));
        } else {
            self.files.remove(path);
        }
        Ok(Some(layer))
    }

    /// An included file is of no interest while it says nothing relevant, whatever its condition is.
    fn refuse_relevant_includes(
        &mut self,
        environment: &Environment,
        layer: &Layer,
        path: &Path,
        depth: usize,
        left: &mut usize,
    ) -> Known<()> {
        for include in &layer.includes {
            if depth == 0 || *left == 0 {
                return Err(Doubt::Include);
            }
            *left -= 1;
            let included = include
                .as_deref()
                .and_then(|value| environment.expand(value, path.parent()))
                .ok_or(Doubt::Include)?;
            if let Some(inner) = self.layer(&included)? {
                if !inner.items.is_empty() {
                    return Err(Doubt::Include);
                }
                self.refuse_relevant_includes(environment, &inner, &included, depth - 1, left)?;
            }
        }
        Ok(())
    }
}

/// A repository's own configuration file, remembered by its stat.
#[derive(Debug, Default)]
pub struct LocalConfig {
    kept: Option<(Meta, Arc<Layer>)>,
}

impl LocalConfig {
    /// `None` where there is no such file.
    pub fn layer(&mut self, dir: &Dir, name: &str) -> Known<Option<(Meta, Arc<Layer>)>> {
        let Some(meta) = dir.stat(name)? else {
            self.kept = None;
            return Ok(None);
        };
        if let Some((kept, layer)) = &self.kept
            && *kept == meta
        {
            return Ok(Some((meta, Arc::clone(layer))));
        }
        self.kept = None;
        let Some(Content {
            bytes,
            meta,
            settled,
        }) = dir.read(name, MAX_CONFIG)?
        else {
            return Ok(None);
        };
        let layer = Arc::new(Layer::parse(&bytes)?);
        if settled {
            self.kept = Some((meta, Arc::clone(&layer)));
        }
        Ok(Some((meta, layer)))
    }
}

/// What kind of `.git` entry led to the repository, as far as settings depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// `.git` is the repository.
    Plain,
    /// `.git` names a linked work tree's directory.
    LinkedWorkTree,
    /// `.git` names a repository whose `core.worktree` names the root.
    Submodule,
}

/// What the repository's format says; without it not even HEAD can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Format {
    pub hash: HashKind,
    pub worktree_config: bool,
}

impl Format {
    pub fn of(local: &Layer) -> Known<Format> {
        let version = match local.last("core", "repositoryformatversion") {
            None | Some(Some(b"0")) => 0,
            Some(Some(b"1")) => 1,
            Some(_) => return Err(Doubt::Format),
        };
        let mut hash = HashKind::Sha1;
        for item in local
            .items
            .iter()
            .filter(|item| item.section == "extensions")
        {
            match item.key {
                // Honoured in version 0 too.
                "worktreeconfig" | "noop" | "partialclone" | "preciousobjects" => {}
                _ if version == 0 => return Err(Doubt::Format),
                "noop-v1" | "relativeworktrees" => {}
                "objectformat" => {
                    hash = match item.value.as_deref() {
                        Some(b"sha1") => HashKind::Sha1,
                        Some(b"sha256") => HashKind::Sha256,
                        _ => return Err(Doubt::Format),
                    }
                }
                "refstorage" if item.value.as_deref() == Some(b"files") => {}
                _ => return Err(Doubt::Format),
            }
        }
        Ok(Format {
            hash,
            worktree_config: local.flag("extensions", "worktreeconfig")?.unwrap_or(false),
        })
    }
}

/// Where attributes for all of a user's repositories are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttributeFiles {
    pub system: Option<PathBuf>,
    /// Files that make attributes doubtful by existing: not every git reads them.
    pub uncertain: Vec<PathBuf>,
    pub user: Known<Option<PathBuf>>,
}

/// The settings of one repository, all files taken together.
// They are git's settings, one by one.
#[allow(clippy::struct_excessive_bools)]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    pub file_mode: bool,
    pub symlinks: bool,
    pub trust_ctime: bool,
    pub check_stat: bool,
    pub ignore_case: bool,
    pub auto_crlf: bool,
    pub sparse_checkout: bool,
    pub sparse_expects_files: bool,
    pub submodules_ignored: bool,
    /// The names of filters that have a command.
    pub filters: HashSet<Vec<u8>>,
    pub attributes: AttributeFiles,
}

impl Settings {
    /// `local` are the repository's own layers, `config` and then `config.worktree`.
    pub fn merge(
        environment: &Environment,
        user: &UserLayers,
        local: &[Arc<Layer>],
        layout: Layout,
    ) -> Known<Settings> {
        if environment.redirected {
            return Err(Doubt::Environment);
        }
        if local.iter().any(|layer| !layer.includes.is_empty()) {
            return Err(Doubt::Include);
        }
        let mut settings = Settings {
            file_mode: true,
            symlinks: true,
            trust_ctime: true,
            check_stat: true,
            ignore_case: false,
            auto_crlf: false,
            sparse_checkout: false,
            sparse_expects_files: false,
            submodules_ignored: false,
            filters: HashSet::new(),
            attributes: AttributeFiles {
                system: (!environment.no_system).then(|| PathBuf::from("/etc/gitattributes")),
                uncertain: OTHER_SYSTEM_DIRS
                    .iter()
                    .map(|dir| Path::new(dir).join("gitattributes"))
                    .collect(),
                user: Ok(environment.user_dir().map(|dir| dir.join("attributes"))),
            },
        };
        let user = user.layers.iter().map(|layer| (layer, false));
        let local = local.iter().enumerate();
        for (layer, position) in user
            .map(|(layer, _)| (layer, None))
            .chain(local.map(|(at, layer)| (layer, Some(at))))
        {
            for item in &layer.items {
                settings.apply(environment, item, position, layout)?;
            }
        }
        Ok(settings)
    }

    /// The settings that one repository's file alone makes.
    #[allow(dead_code)]
    pub fn of_one(layer: Layer) -> Known<Settings> {
        let user = UserLayers { layers: Vec::new() };
        Settings::merge(
            &Environment::default(),
            &user,
            &[Arc::new(layer)],
            Layout::Plain,
        )
    }

    fn apply(
        &mut self,
        environment: &Environment,
        item: &Item,
        local: Option<usize>,
        layout: Layout,
    ) -> Known<()> {
        let value = item.value.as_deref();
        let plain = item.subsection.is_none();
        match (item.section, item.key) {
            ("core", _) if !plain => {}
            ("core", "filemode") => self.file_mode = boolean(value)?,
            ("core", "symlinks") => self.symlinks = boolean(value)?,
            ("core", "trustctime") => self.trust_ctime = boolean(value)?,
            ("core", "ignorecase") => self.ignore_case = boolean(value)?,
            ("core", "sparsecheckout") => self.sparse_checkout = boolean(value)?,
            ("core", "checkstat") => {
                self.check_stat = match value {
                    Some(value) if value.eq_ignore_ascii_case(b"default") => true,
                    Some(value) if value.eq_ignore_ascii_case(b"minimal") => false,
                    _ => return Err(Doubt::Setting),
                }
            }
            ("core", "autocrlf") => {
                // "input" and "true" differ in what a checkout writes, not in what a comparison reads.
                self.auto_crlf = value.is_some_and(|value| value.eq_ignore_ascii_case(b"input"))
                    || boolean(value)?;
            }
            // A command in it decides what git looks at. Git's own monitor, named by a boolean, is honest.
            ("core", "fsmonitor") => {
                boolean(value)?;
            }
            ("core", "bare") => {
                // A linked work tree may belong to a bare repository.
                let ignored = layout == Layout::LinkedWorkTree && local == Some(0);
                if boolean(value)? && !ignored {
                    return Err(Doubt::NotARepository);
                }
            }
            ("core", "worktree") => {
                let expected = match layout {
                    Layout::Plain => false,
                    Layout::LinkedWorkTree => local == Some(0),
                    Layout::Submodule => local.is_some(),
                };
                if !expected {
                    return Err(Doubt::Setting);
                }
            }
            ("core", "attributesfile") => {
                self.attributes.user = match (value, local) {
                    // A path that a repository chooses is not opened.
                    (_, Some(_)) | (None, _) => Err(Doubt::Setting),
                    (Some(value), None) => environment
                        .expand(value, None)
                        .map(Some)
                        .ok_or(Doubt::Setting),
                }
            }
            ("filter", _) => {
                self.filters.extend(item.subsection.clone());
            }
            ("submodule", "ignore") | ("diff", "ignoresubmodules") => {
                self.submodules_ignored = true;
            }
            ("sparse", _) => self.sparse_expects_files = true,
            ("attr", _) => return Err(Doubt::Setting),
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(local: &str) -> Known<Settings> {
        let layer = Layer::parse(local.as_bytes())?;
        Format::of(&layer)?;
        Settings::of_one(layer)
    }

    #[test]
    fn the_last_value_counts_in_any_letter_case() {
        let read =
            settings("[CORE]\n\tfileMode = false\n[core]\nfilemode\nAutoCRLF = Input\n").unwrap();
        assert!(read.file_mode);
        assert!(read.auto_crlf);
        assert!(!settings("[core] filemode = no").unwrap().file_mode);
    }

    #[test]
    fn what_git_refuses_or_runs_is_a_doubt() {
        assert_eq!(settings("[core]\nfilemode = maybe\n"), Err(Doubt::Setting));
        assert_eq!(
            settings("[core]\nfsmonitor = .git/x.sh\n"),
            Err(Doubt::Setting)
        );
        assert!(settings("[core]\nfsmonitor = true\n").is_ok());
        assert_eq!(settings("[include]\npath = x\n"), Err(Doubt::Include));
        assert_eq!(
            settings("[includeIf \"gitdir:x\"]\npath = x\n"),
            Err(Doubt::Include)
        );
        assert_eq!(
            settings("[core]\nbare = true\n"),
            Err(Doubt::NotARepository)
        );
        assert_eq!(settings("[core]\nworktree = ..\n"), Err(Doubt::Setting));
        assert_eq!(settings("[core\n"), Err(Doubt::Malformed));
    }

    #[test]
    fn only_known_formats_are_read() {
        let format = |text: &str| Format::of(&Layer::parse(text.as_bytes()).unwrap());
        let sha256 = "[core]\nrepositoryformatversion = 1\n[extensions]\nobjectFormat = sha256\n";
        assert_eq!(format(sha256).unwrap().hash, HashKind::Sha256);
        assert_eq!(
            format("[extensions]\nobjectFormat = sha256\n"),
            Err(Doubt::Format)
        );
        assert_eq!(
            format("[core]\nrepositoryformatversion = 2\n"),
            Err(Doubt::Format)
        );
        let reftable = "[core]\nrepositoryformatversion = 1\n[extensions]\nrefStorage = reftable\n";
        assert_eq!(format(reftable), Err(Doubt::Format));
        let unknown = "[core]\nrepositoryformatversion = 1\n[extensions]\nnovelty = 1\n";
        assert_eq!(format(unknown), Err(Doubt::Format));
    }

    #[test]
    fn a_filter_is_known_by_its_exact_name() {
        let read =
            settings("[filter \"LFS\"]\nclean = x\n[filter \"quiet\"]\nsmudge = y\n").unwrap();
        assert!(read.filters.contains(&b"LFS"[..]));
        assert_eq!(read.filters.len(), 1);
    }
}
