//! Who a request belongs to: the session source, the affinity session id made from it, and the
//! agent id.
//!
//! The ids are a promise: TaaS keeps a pin for seven days and people upgrade in between, so the
//! bytes that are hashed here never change.

use std::{
    borrow::Cow,
    io,
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};
use sugar_path::SugarPath;

use crate::text::non_blank;

/// The first 16 lowercase hex digits of SHA-256 over `text`.
#[must_use]
pub fn short_hash(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest[..8]
        .iter()
        .fold(String::with_capacity(16), |mut hex, byte| {
            for nibble in [byte >> 4, byte & 15] {
                hex.push(char::from_digit(u32::from(nibble), 16).unwrap_or_default());
            }
            hex
        })
}

/// `host:` and the hash of the host name, which itself never leaves the machine.
#[must_use]
pub fn host_id(host_name: &str) -> String {
    format!("host:{}", short_hash(host_name))
}

/// What surrounds a request: the process environment and the user's home directory.
pub trait Surroundings {
    /// The environment variable `name`, where it is set.
    fn variable(&self, name: &str) -> Option<String>;
    /// The user's home directory.
    fn home(&self) -> &str;
}

fn variable(surroundings: &impl Surroundings, name: &str) -> Option<String> {
    surroundings
        .variable(name)
        .filter(|value| non_blank(value).is_some())
}

/// What OpenClaw says about the request's owner.
#[derive(Debug, Default, Clone, Copy)]
pub struct Owner<'a> {
    /// The workspace directory of the agent.
    pub workspace_dir: Option<&'a str>,
    /// The agent directory, `…/agents/<id>/agent`.
    pub agent_dir: Option<&'a str>,
    /// The agent id.
    pub agent_id: Option<&'a str>,
}

/// Where a session's identity comes from, best first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionSource {
    /// The workspace directory, absolute and lexically normalised.
    Workspace(String),
    /// The value of `OPENCLAW_SESSION_ID`.
    Session(String),
    /// The value of `OPENCLAW_AGENT_ID`, else of `OPENCLAW_RUN_ID`.
    Agent(String),
    /// The state directory, absolute and lexically normalised.
    StateDir(String),
}

impl SessionSource {
    /// The first source that is known.
    ///
    /// # Errors
    /// A relative path that cannot be made absolute, because the current directory is gone.
    pub fn of(owner: Owner<'_>, surroundings: &impl Surroundings) -> io::Result<Self> {
        if let Some(dir) = owner.workspace_dir.and_then(non_blank) {
            return Ok(Self::Workspace(absolute(dir)?));
        }
        if let Some(value) = variable(surroundings, "OPENCLAW_SESSION_ID") {
            return Ok(Self::Session(value));
        }
        if let Some(value) = agent_variable(surroundings) {
            return Ok(Self::Agent(value));
        }
        let dir = variable(surroundings, "OPENCLAW_STATE_DIR");
        let dir = dir.as_deref().unwrap_or("~/.openclaw");
        Ok(Self::StateDir(absolute(&expand_home(
            dir,
            surroundings.home(),
        ))?))
    }

    /// The text whose hash is the affinity session id.
    fn hashed_text(&self) -> Cow<'_, str> {
        match self {
            Self::Workspace(path) => Cow::Borrowed(path),
            Self::Session(value) => Cow::Owned(format!("env:{value}")),
            Self::Agent(value) => Cow::Owned(format!("agent:{value}")),
            Self::StateDir(path) => Cow::Owned(format!("stateDir:{path}")),
        }
    }

    /// The affinity session id, `oc:` and 16 hex digits.
    #[must_use]
    pub fn session_id(&self) -> String {
        format!("oc:{}", short_hash(&self.hashed_text()))
    }

    /// `source:` and the hash of the labelled source.
    #[must_use]
    pub fn hint(&self) -> String {
        let hash = match self {
            Self::Workspace(path) => short_hash(&format!("workspaceDir:{path}")),
            _ => short_hash(&self.hashed_text()),
        };
        format!("source:{hash}")
    }

    /// The kind of source, for a log: it names no value.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Workspace(_) => "workspaceDir",
            Self::Session(_) => "OPENCLAW_SESSION_ID",
            Self::Agent(_) => "OPENCLAW_AGENT_ID or OPENCLAW_RUN_ID",
            Self::StateDir(_) => "stateDir",
        }
    }
}

/// The owner of a request, decided once for each stream wrapper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Where `session_id` comes from.
    pub source: SessionSource,
    /// The affinity session id.
    pub session_id: String,
    /// The agent id, where one is known. Nothing is made up.
    pub agent_id: Option<String>,
}

impl Identity {
    /// The identity of `owner`.
    ///
    /// # Errors
    /// As [`SessionSource::of`].
    pub fn of(owner: Owner<'_>, surroundings: &impl Surroundings) -> io::Result<Self> {
        let source = SessionSource::of(owner, surroundings)?;
        let agent_id = agent_id(owner, &source, surroundings);
        Ok(Self {
            session_id: source.session_id(),
            source,
            agent_id,
        })
    }
}

/// The first that applies: the agent id, the agent directory's shape, the workspace directory's
/// last segment, the environment.
fn agent_id(
    owner: Owner<'_>,
    source: &SessionSource,
    surroundings: &impl Surroundings,
) -> Option<String> {
    if let Some(id) = owner.agent_id.and_then(non_blank) {
        return Some(id.to_owned());
    }
    if let Some(id) = owner.agent_dir.and_then(agent_of_agent_dir) {
        return Some(id.to_owned());
    }
    if let SessionSource::Workspace(path) = source
        && let Some(id) = agent_of_workspace(path)
    {
        return Some(id.to_owned());
    }
    agent_variable(surroundings)
}

fn agent_variable(surroundings: &impl Surroundings) -> Option<String> {
    variable(surroundings, "OPENCLAW_AGENT_ID")
        .or_else(|| variable(surroundings, "OPENCLAW_RUN_ID"))
}

/// `<id>` of `…/agents/<id>/agent`. The last segment is `agent` for every agent and says nothing.
fn agent_of_agent_dir(dir: &str) -> Option<&str> {
    let mut segments = Path::new(dir)
        .components()
        .rev()
        .map(|part| part.as_os_str().to_str());
    let (last, id, parent) = (segments.next()??, segments.next()??, segments.next()??);
    (last == "agent" && parent == "agents")
        .then_some(id)
        .and_then(non_blank)
}

/// The agent that a workspace directory is named after.
fn agent_of_workspace(path: &str) -> Option<&str> {
    let name = Path::new(path).file_name()?.to_str().and_then(non_blank)?;
    if name == "workspace" {
        return Some("main");
    }
    Some(
        name.strip_prefix("workspace-")
            .and_then(non_blank)
            .unwrap_or(name),
    )
}

/// `~` and `~/…` with the home directory in place of the tilde.
pub fn expand_home<'a>(path: &'a str, home: &str) -> Cow<'a, str> {
    match path.strip_prefix('~') {
        Some(rest) if rest.is_empty() || rest.starts_with(std::path::is_separator) => {
            Cow::Owned(format!("{home}{rest}"))
        }
        _ => Cow::Borrowed(path),
    }
}

/// What Node's `path.resolve` returns: absolute, `.` and `..` folded, doubled and trailing
/// separators dropped, symbolic links not followed.
fn absolute(path: &str) -> io::Result<String> {
    let path: PathBuf = Path::new(path).try_absolutize()?.into_owned();
    path.into_os_string().into_string().map_err(|path| {
        io::Error::new(
            io::ErrorKind::InvalidData,
            format!("{} is no UTF-8", path.display()),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Env(&'static [(&'static str, &'static str)]);

    impl Surroundings for Env {
        fn variable(&self, name: &str) -> Option<String> {
            self.0
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        }
        fn home(&self) -> &'static str {
            "/home/cloudsigma"
        }
    }

    const NOTHING: Env = Env(&[]);

    fn workspace(dir: &str) -> Owner<'_> {
        Owner {
            workspace_dir: Some(dir),
            ..Owner::default()
        }
    }

    fn identity(owner: Owner<'_>, env: &Env) -> Identity {
        Identity::of(owner, env).expect("the current directory exists")
    }

    #[test]
    #[cfg(unix)]
    fn workspace_vectors() {
        for (dir, id) in [
            (
                "/home/cloudsigma/.openclaw/workspace-new-agent-2",
                "oc:4ae2870a2e73027c",
            ),
            (
                "/home/cloudsigma/./x/..//.openclaw/workspace-new-agent-2/",
                "oc:4ae2870a2e73027c",
            ),
            (
                "/home/cloudsigma/.openclaw/workspace",
                "oc:583c4ba8ac9a207f",
            ),
            ("/", "oc:8a5edab282632443"),
            ("/tmp/wörk space/日本", "oc:026906256df9bbd4"),
        ] {
            assert_eq!(identity(workspace(dir), &NOTHING).session_id, id, "{dir}");
        }
    }

    #[test]
    fn a_relative_workspace_is_taken_from_the_current_directory() {
        let here = std::env::current_dir()
            .expect("a current directory")
            .join("a");
        let source = SessionSource::of(workspace("b/../a/"), &NOTHING).expect("an identity");
        assert_eq!(
            source,
            SessionSource::Workspace(here.to_str().expect("UTF-8").to_owned())
        );
    }

    #[test]
    #[cfg(unix)]
    fn environment_vectors_and_their_order() {
        const SESSION: (&str, &str) = ("OPENCLAW_SESSION_ID", "sess-123");
        const AGENT: (&str, &str) = ("OPENCLAW_AGENT_ID", "new-agent-2");
        const RUN: (&str, &str) = ("OPENCLAW_RUN_ID", "run-1");
        const STATE: (&str, &str) = ("OPENCLAW_STATE_DIR", "/home/cloudsigma/x/../.openclaw/");
        let id = |owner, env: &'static [_]| identity(owner, &Env(env)).session_id;

        assert_eq!(
            id(Owner::default(), &[SESSION, AGENT, STATE]),
            "oc:3451aa385a62dc7b"
        );
        assert_eq!(
            id(Owner::default(), &[RUN, AGENT, STATE]),
            "oc:6bd25cb6db224eaa"
        );
        assert_eq!(
            id(Owner::default(), &[RUN, STATE]),
            format!("oc:{}", short_hash("agent:run-1"))
        );
        assert_eq!(id(Owner::default(), &[STATE]), "oc:fa30a4fafbdbb25c");
        assert_eq!(id(Owner::default(), &[]), "oc:fa30a4fafbdbb25c");
        assert_eq!(
            id(Owner::default(), &[("OPENCLAW_STATE_DIR", "~/.openclaw")]),
            "oc:fa30a4fafbdbb25c"
        );
        // A blank is no value, and a value is taken with its blanks.
        assert_eq!(
            id(workspace(" \t"), &[("OPENCLAW_SESSION_ID", " "), AGENT]),
            "oc:6bd25cb6db224eaa"
        );
        assert_eq!(
            id(Owner::default(), &[("OPENCLAW_SESSION_ID", " x ")]),
            format!("oc:{}", short_hash("env: x "))
        );
        assert_eq!(id(workspace("/"), &[SESSION]), "oc:8a5edab282632443");
    }

    #[test]
    #[cfg(unix)]
    fn hint_vectors() {
        let source = identity(
            workspace("/home/cloudsigma/.openclaw/workspace-new-agent-2"),
            &NOTHING,
        )
        .source;
        assert_eq!(source.hint(), "source:695965c65bc23c9f");
        assert_eq!(host_id("gateway-01"), "host:f2d2a571e35f4071");
        assert_eq!(
            SessionSource::Session("sess-123".to_owned()).hint(),
            "source:3451aa385a62dc7b"
        );
    }

    #[test]
    #[cfg(unix)]
    fn agent_ids_in_their_order() {
        const ENV: Env = Env(&[
            ("OPENCLAW_AGENT_ID", "env-agent"),
            ("OPENCLAW_RUN_ID", "run"),
        ]);
        let all = Owner {
            workspace_dir: Some("/w/workspace-three"),
            agent_dir: Some("/state/agents/two/agent"),
            agent_id: Some("one"),
        };
        let agent = |owner, env: &Env| identity(owner, env).agent_id;
        assert_eq!(agent(all, &ENV).as_deref(), Some("one"));
        assert_eq!(
            agent(
                Owner {
                    agent_id: Some(" "),
                    ..all
                },
                &ENV
            )
            .as_deref(),
            Some("two")
        );
        let no_dir = Owner {
            agent_id: None,
            agent_dir: Some("/state/agent"),
            ..all
        };
        assert_eq!(agent(no_dir, &ENV).as_deref(), Some("three"));
        assert_eq!(agent(workspace("/"), &ENV).as_deref(), Some("env-agent"));
        assert_eq!(
            agent(workspace("/"), &Env(&[("OPENCLAW_RUN_ID", "run")])).as_deref(),
            Some("run")
        );
        assert_eq!(agent(workspace("/"), &NOTHING), None);
        assert_eq!(agent(Owner::default(), &NOTHING), None);
    }

    #[test]
    #[cfg(unix)]
    fn the_agent_of_a_directory() {
        for (dir, id) in [
            ("/s/agents/main/agent", Some("main")),
            ("/s/agents/main/agent/", Some("main")),
            ("agents/a b/agent", Some("a b")),
            ("/s/agents/main", None),
            ("/s/main/agent", None),
            ("/s/agents/agent", None),
            ("agent", None),
            ("", None),
        ] {
            assert_eq!(agent_of_agent_dir(dir), id, "{dir}");
        }
        for (dir, id) in [
            ("/w/workspace", "main"),
            ("/w/workspace-x-1", "x-1"),
            ("/w/workspace-", "workspace-"),
            ("/w/myworkspace", "myworkspace"),
            ("/w/日本", "日本"),
        ] {
            assert_eq!(agent_of_workspace(dir), Some(id), "{dir}");
        }
    }

    #[test]
    fn a_tilde_is_the_home_directory_only_as_a_segment() {
        assert_eq!(expand_home("~", "/h"), "/h");
        assert_eq!(expand_home("~/x", "/h"), "/h/x");
        assert_eq!(expand_home("~x", "/h"), "~x");
        assert_eq!(expand_home("/~", "/h"), "/~");
    }
}
