//! Who a request belongs to: the session source, its affinity session id, and the agent id.
//!
//! TaaS keeps a pin for seven days and people upgrade in between, so the hashed bytes must never change.

use std::io;

use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::{
    agent,
    surroundings::{Surroundings, absolute, expand_home, variable},
    text::non_blank,
};

/// The first 16 lowercase hex digits of SHA-256 over `text`.
pub(crate) fn short_hash(text: &str) -> String {
    let digest = Sha256::digest(text);
    digest[..8].iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

/// `host:` and the hash of the host name. The host name itself is never sent.
#[must_use]
pub fn host_id(host_name: &str) -> String {
    format!("host:{}", short_hash(host_name))
}

/// Whether `text` is an affinity session id: `oc:` and 16 lower-case hexadecimal digits.
///
/// ```
/// use taas_affinity::identity::is_session_id;
///
/// assert!(is_session_id("oc:4ae2870a2e73027c"));
/// assert!(!is_session_id("agent:main:main"));
/// ```
#[must_use]
pub fn is_session_id(text: &str) -> bool {
    text.strip_prefix("oc:").is_some_and(|hash| {
        hash.len() == 16 && hash.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    })
}

/// The reason why a request has no identity.
#[derive(Debug, Error)]
pub enum IdentityError {
    /// A path is relative, and the current directory cannot be used.
    #[error("the workspace is a relative path, but the current directory cannot be used: {0}")]
    NoDirectory(#[from] io::Error),
    /// No session source applies, and the home directory of the default source is unknown.
    #[error(
        "the workspace and the home directory are unknown: set OPENCLAW_HOME, or set OPENCLAW_STATE_DIR \
         to an absolute path"
    )]
    NoHome,
}

/// The environment variables that name an agent, in their order.
const AGENT_VARIABLES: [&str; 2] = ["OPENCLAW_AGENT_ID", "OPENCLAW_RUN_ID"];

/// The part of a hook's context that decides an identity.
#[derive(Debug, Default, Clone, Copy)]
pub struct IdentityContext<'a> {
    /// The workspace directory of the agent.
    pub workspace_dir: Option<&'a str>,
    /// The agent directory, `…/agents/<id>/agent`.
    pub agent_dir: Option<&'a str>,
    /// The agent id.
    pub agent_id: Option<&'a str>,
    /// OpenClaw's session id, if `affinity` is `conversation`.
    pub conversation: Option<&'a str>,
}

/// The value that a session id is made of, in the order of precedence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionSource {
    /// OpenClaw's session id, if `affinity` is `conversation`.
    Conversation(String),
    /// The workspace directory, absolute and lexically normalized.
    Workspace(String),
    /// The value of `OPENCLAW_SESSION_ID`.
    Session(String),
    /// The value of `OPENCLAW_AGENT_ID`, else of `OPENCLAW_RUN_ID`.
    Agent(String),
    /// The state directory, absolute and lexically normalized.
    StateDir(String),
}

impl SessionSource {
    /// The first source that applies.
    ///
    /// # Errors
    /// A path is relative and the current directory cannot be used, or the home directory is needed and unknown.
    pub fn of(
        context: IdentityContext<'_>,
        surroundings: &dyn Surroundings,
    ) -> Result<Self, IdentityError> {
        let variable = |name: &str| variable(surroundings, name);
        Ok(if let Some(id) = context.conversation.and_then(non_blank) {
            Self::Conversation(id.to_owned())
        } else if let Some(dir) = context.workspace_dir.and_then(non_blank) {
            Self::Workspace(absolute(dir)?)
        } else if let Some(value) = variable("OPENCLAW_SESSION_ID") {
            Self::Session(value)
        } else if let Some(value) = AGENT_VARIABLES.into_iter().find_map(variable) {
            Self::Agent(value)
        } else {
            Self::StateDir(state_dir(surroundings)?)
        })
    }

    /// The kind of source, the label that is hashed before its value, and the value.
    fn parts(&self) -> (&'static str, &'static str, &str) {
        match self {
            Self::Conversation(id) => ("conversation", "session:", id),
            Self::Workspace(path) => ("workspaceDir", "", path),
            Self::Session(value) => ("OPENCLAW_SESSION_ID", "env:", value),
            Self::Agent(value) => ("OPENCLAW_AGENT_ID or OPENCLAW_RUN_ID", "agent:", value),
            Self::StateDir(path) => ("stateDir", "stateDir:", path),
        }
    }

    /// The hash of `label` and the value, in a namespace if there is one.
    fn hash(&self, label: &str, namespace: Option<&str>) -> String {
        let namespace = namespace.map(|name| format!("ns:{name}:")).unwrap_or_default();
        let (_, _, value) = self.parts();
        short_hash(&format!("{namespace}{label}{value}"))
    }

    /// The affinity session id, `oc:` and 16 hex digits. A namespace changes the id of every source.
    ///
    /// ```
    /// use taas_affinity::identity::SessionSource;
    ///
    /// let source = SessionSource::Session("sess-123".to_owned());
    /// assert_eq!(source.session_id(None), "oc:3451aa385a62dc7b");
    /// assert_ne!(source.session_id(Some("cell-7")), source.session_id(Some("cell-8")));
    /// ```
    #[must_use]
    pub fn session_id(&self, namespace: Option<&str>) -> String {
        let (_, label, _) = self.parts();
        format!("oc:{}", self.hash(label, namespace))
    }

    /// `source:` and the hash of the labelled source. A namespace changes every hint.
    #[must_use]
    pub fn hint(&self, namespace: Option<&str>) -> String {
        let label = match self {
            Self::Workspace(_) => "workspaceDir:",
            _ => self.parts().1,
        };
        format!("source:{}", self.hash(label, namespace))
    }

    /// The kind of source, without its value.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        self.parts().0
    }
}

/// The identity of a request, decided once for each stream wrapper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The source of `session_id`.
    pub source: SessionSource,
    /// The affinity session id.
    pub session_id: String,
    /// The hash of the source in the metadata, `source:` and 16 hex digits.
    pub source_hint: String,
    /// The agent id as it was given, if an agent id is known.
    pub agent_id: Option<String>,
    /// The workspace directory, absolute and lexically normalized, whatever the source is.
    pub workspace: Option<String>,
}

impl Identity {
    /// The identity of `context`.
    ///
    /// # Errors
    /// As [`SessionSource::of`].
    pub fn of(
        context: IdentityContext<'_>,
        surroundings: &dyn Surroundings,
    ) -> Result<Self, IdentityError> {
        let source = SessionSource::of(context, surroundings)?;
        let workspace = match &source {
            SessionSource::Workspace(path) => Some(path.clone()),
            _ => context.workspace_dir.and_then(non_blank).map(absolute).transpose()?,
        };
        let agent_id = agent_id(context, workspace.as_deref(), surroundings);
        let namespace = surroundings.namespace();
        let session_id = source.session_id(namespace);
        let source_hint = source.hint(namespace);
        Ok(Self { source, session_id, source_hint, agent_id, workspace })
    }
}

/// The first valid agent id: of the context, the agent directory, the workspace directory, or the environment.
fn agent_id(
    context: IdentityContext<'_>,
    workspace: Option<&str>,
    surroundings: &dyn Surroundings,
) -> Option<String> {
    let of_agent_dir = context.agent_dir.and_then(agent::of_agent_dir);
    let of_workspace = workspace.and_then(agent::of_workspace);
    let mut known = [context.agent_id, of_agent_dir, of_workspace].into_iter().flatten();
    known.find(|id| agent::is_id(id)).map(str::to_owned).or_else(|| {
        let mut set = AGENT_VARIABLES.into_iter().filter_map(|name| surroundings.variable(name));
        set.find(|id| agent::is_id(id))
    })
}

/// OpenClaw's state directory, absolute and lexically normalised.
///
/// # Errors
/// The home directory is needed and unknown, or the path is relative and the current directory cannot be used.
pub fn state_dir(surroundings: &dyn Surroundings) -> Result<String, IdentityError> {
    let dir = variable(surroundings, "OPENCLAW_STATE_DIR");
    let dir = expand_home(dir.as_deref().unwrap_or("~/.openclaw"), surroundings);
    let dir = dir.ok_or(IdentityError::NoHome)?;
    Ok(absolute(&dir)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::surroundings::fake::{Env, InNamespace, NOTHING};

    fn workspace(dir: &str) -> IdentityContext<'_> {
        IdentityContext { workspace_dir: Some(dir), ..IdentityContext::default() }
    }

    fn identity(context: IdentityContext<'_>, env: &Env) -> Identity {
        Identity::of(context, env).expect("the current directory exists")
    }

    #[test]
    #[cfg(unix)]
    fn a_workspace_has_the_session_id_of_the_contract() {
        for (dir, id) in [
            ("/home/cloudsigma/.openclaw/workspace-new-agent-2", "oc:4ae2870a2e73027c"),
            ("/home/cloudsigma/./x/..//.openclaw/workspace-new-agent-2/", "oc:4ae2870a2e73027c"),
            ("/home/cloudsigma/.openclaw/workspace", "oc:583c4ba8ac9a207f"),
            ("/", "oc:8a5edab282632443"),
            ("/tmp/wörk space/日本", "oc:026906256df9bbd4"),
        ] {
            assert_eq!(identity(workspace(dir), &NOTHING).session_id, id, "{dir}");
        }
    }

    #[test]
    fn a_relative_workspace_is_taken_from_the_current_directory() {
        let here = std::env::current_dir().expect("a current directory").join("a");
        let source = SessionSource::of(workspace("b/../a/"), &NOTHING).expect("an identity");
        assert_eq!(source, SessionSource::Workspace(here.to_str().expect("UTF-8").to_owned()));
    }

    #[test]
    #[cfg(unix)]
    fn environment_variables_have_the_session_ids_and_the_order_of_the_contract() {
        const SESSION: (&str, &str) = ("OPENCLAW_SESSION_ID", "sess-123");
        const AGENT: (&str, &str) = ("OPENCLAW_AGENT_ID", "new-agent-2");
        const RUN: (&str, &str) = ("OPENCLAW_RUN_ID", "run-1");
        const STATE: (&str, &str) = ("OPENCLAW_STATE_DIR", "/home/cloudsigma/x/../.openclaw/");
        let id = |context, env: &'static [_]| identity(context, &Env(env, NOTHING.1)).session_id;

        assert_eq!(id(IdentityContext::default(), &[SESSION, AGENT, STATE]), "oc:3451aa385a62dc7b");
        assert_eq!(id(IdentityContext::default(), &[RUN, AGENT, STATE]), "oc:6bd25cb6db224eaa");
        assert_eq!(
            id(IdentityContext::default(), &[RUN, STATE]),
            format!("oc:{}", short_hash("agent:run-1"))
        );
        assert_eq!(id(IdentityContext::default(), &[STATE]), "oc:fa30a4fafbdbb25c");
        assert_eq!(id(IdentityContext::default(), &[]), "oc:fa30a4fafbdbb25c");
        assert_eq!(
            id(IdentityContext::default(), &[("OPENCLAW_STATE_DIR", "~/.openclaw")]),
            "oc:fa30a4fafbdbb25c"
        );
        // A blank value counts as absent. Other values keep their outer blanks.
        assert_eq!(
            id(workspace(" \t"), &[("OPENCLAW_SESSION_ID", " "), AGENT]),
            "oc:6bd25cb6db224eaa"
        );
        assert_eq!(
            id(IdentityContext::default(), &[("OPENCLAW_SESSION_ID", " x ")]),
            format!("oc:{}", short_hash("env: x "))
        );
        assert_eq!(id(workspace("/"), &[SESSION]), "oc:8a5edab282632443");
    }

    #[test]
    #[cfg(unix)]
    fn hints_and_host_ids_have_the_hashes_of_the_contract() {
        let source =
            identity(workspace("/home/cloudsigma/.openclaw/workspace-new-agent-2"), &NOTHING)
                .source;
        assert_eq!(source.hint(None), "source:695965c65bc23c9f");
        assert_eq!(host_id("gateway-01"), "host:f2d2a571e35f4071");
        let session = SessionSource::Session("sess-123".to_owned());
        assert_eq!(session.hint(None), "source:3451aa385a62dc7b");
    }

    #[test]
    #[cfg(unix)]
    fn a_namespace_changes_the_id_and_the_hint_of_every_source() {
        const WORKSPACE: &str = "/home/node/.openclaw/workspace";
        const CONVERSATION: &str = "96b334dd-c2c7-4e19-b2ea-2fdf1105f23d";
        let env = |variables: &'static [_], context: IdentityContext<'_>| {
            let in_namespace = InNamespace(Env(variables, NOTHING.1), "cell-7");
            Identity::of(context, &in_namespace).expect("an identity")
        };
        let of_workspace = env(&[], workspace(WORKSPACE));
        assert_eq!(of_workspace.session_id, "oc:9fb242e0eba668b4");
        assert_eq!(identity(workspace(WORKSPACE), &NOTHING).session_id, "oc:cddce8bd7eebfe25");
        let conversation =
            IdentityContext { conversation: Some(CONVERSATION), ..workspace(WORKSPACE) };
        assert_eq!(env(&[], conversation).session_id, "oc:b7dd304cdf9118c2");
        for (found, hashed, labelled) in [
            (of_workspace, WORKSPACE, "workspaceDir:/home/node/.openclaw/workspace"),
            (env(&[("OPENCLAW_SESSION_ID", "s")], IdentityContext::default()), "env:s", "env:s"),
            (env(&[("OPENCLAW_RUN_ID", "r")], IdentityContext::default()), "agent:r", "agent:r"),
            (
                env(&[("OPENCLAW_STATE_DIR", "/s")], IdentityContext::default()),
                "stateDir:/s",
                "stateDir:/s",
            ),
        ] {
            let hash = |text| short_hash(&format!("ns:cell-7:{text}"));
            assert_eq!(found.session_id, format!("oc:{}", hash(hashed)), "{hashed}");
            assert_eq!(found.source_hint, format!("source:{}", hash(labelled)), "{labelled}");
        }
    }

    #[test]
    #[cfg(unix)]
    fn the_state_directory_is_the_same_as_in_openclaw() {
        const HOME: (&str, &str) = ("OPENCLAW_HOME", "/own/home");
        const TILDE: (&str, &str) = ("OPENCLAW_STATE_DIR", "~/state");
        let source = |env: &'static [_], home| {
            SessionSource::of(IdentityContext::default(), &Env(env, home))
                .map_err(|error| error.to_string())
        };
        let state = |dir: &str| Ok(SessionSource::StateDir(dir.to_owned()));
        let system = Some("/home/me");
        assert_eq!(source(&[HOME], system), state("/own/home/.openclaw"));
        assert_eq!(source(&[HOME, TILDE], system), state("/own/home/state"));
        assert_eq!(source(&[("OPENCLAW_HOME", "~/x"), TILDE], system), state("/home/me/x/state"));
        assert_eq!(source(&[TILDE], system), state("/home/me/state"));
        // A home directory is needed only for a tilde.
        assert_eq!(source(&[HOME], None), state("/own/home/.openclaw"));
        assert_eq!(source(&[("OPENCLAW_STATE_DIR", "/s")], None), state("/s"));
        for nothing in [&[] as &[_], &[TILDE]] {
            let error = source(nothing, None).expect_err("no source");
            assert!(error.contains("set OPENCLAW_HOME"), "{error}");
        }
    }

    #[test]
    #[cfg(unix)]
    fn the_agent_id_is_the_first_that_is_known() {
        const ENV: Env =
            Env(&[("OPENCLAW_AGENT_ID", "env-agent"), ("OPENCLAW_RUN_ID", "run")], None);
        let all = IdentityContext {
            workspace_dir: Some("/w/workspace-three"),
            agent_dir: Some("/state/agents/two/agent"),
            agent_id: Some("One"),
            ..IdentityContext::default()
        };
        let agent = |context, env: &Env| identity(context, env).agent_id;
        assert_eq!(agent(all, &ENV).as_deref(), Some("One"));
        let no_dir = IdentityContext { agent_id: None, agent_dir: Some("/state/agent"), ..all };
        assert_eq!(agent(no_dir, &ENV).as_deref(), Some("three"));
        assert_eq!(agent(workspace("/"), &ENV).as_deref(), Some("env-agent"));
        assert_eq!(
            agent(workspace("/"), &Env(&[("OPENCLAW_RUN_ID", "run")], None)).as_deref(),
            Some("run")
        );
        assert_eq!(agent(workspace("/"), &NOTHING), None);
        assert_eq!(agent(IdentityContext::default(), &NOTHING), None);
    }

    #[test]
    #[cfg(unix)]
    fn an_invalid_agent_id_is_skipped() {
        const ENV: Env = Env(&[("OPENCLAW_AGENT_ID", "not/one"), ("OPENCLAW_RUN_ID", "run")], None);
        let two = "/state/agents/two/agent";
        for invalid in [" ", "..", "/a/path", "日本", "a\r\nX: y", &"x".repeat(65)] {
            let context = IdentityContext {
                agent_id: Some(invalid),
                agent_dir: Some(two),
                ..IdentityContext::default()
            };
            assert_eq!(identity(context, &NOTHING).agent_id.as_deref(), Some("two"), "{invalid:?}");
        }
        let dirs = |agent_dir, workspace_dir| IdentityContext {
            agent_id: None,
            agent_dir: Some(agent_dir),
            workspace_dir: Some(workspace_dir),
            ..IdentityContext::default()
        };
        for (context, expected) in [
            (dirs("/s/agents/../agent", "/w/workspace-w"), "w"),
            (dirs("C:\\s\\agents\\x\\agent", "/w/workspace"), "main"),
            (dirs("/s/agents/a b/agent", "/w/workspace-日本"), "run"),
            (dirs("", "/w/workspace--x"), "run"),
            (dirs("", "C:\\w\\workspace-x"), "run"),
        ] {
            let found = identity(context, &ENV).agent_id;
            assert_eq!(found.as_deref(), Some(expected), "{context:?}");
        }
        // An invalid agent id is still a session source.
        let session = identity(IdentityContext::default(), &ENV).session_id;
        assert_eq!(session, format!("oc:{}", short_hash("agent:not/one")));
    }

    #[test]
    fn a_session_id_is_oc_and_16_lower_case_hex_digits() {
        assert!(is_session_id("oc:0123456789abcdef"));
        for invalid in [
            "",
            "oc:",
            "oc:0123456789abcde",
            "oc:0123456789abcdef0",
            "oc:0123456789ABCDEF",
            "OC:0123456789abcdef",
            " oc:0123456789abcdef",
            "agent:main:main",
        ] {
            assert!(!is_session_id(invalid), "{invalid}");
        }
    }
}
