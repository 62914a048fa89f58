//! A stream wrapper of the plugin: the identity of its calls, and the values that all its calls share.

use std::{borrow::Cow, cell::Cell, path::Path};

use parking_lot::Mutex;
use serde_json::{Map, Value};

use crate::{
    agent,
    envelope::{Envelope, Facts, HEADERS, Hints, METADATA_KEYS},
    identity::{Identity, IdentityContext, IdentityError, SessionSource, host_id, state_dir},
    store::CallIdentity,
    surroundings::Surroundings,
    text::{NAME_LIMIT, bounded},
};

/// The most bytes of a context whose wrapper JavaScript may remember.
pub const REMEMBERED_LIMIT: usize = 4096;

/// The values that all requests of a gateway share.
#[derive(Debug)]
pub struct Gateway {
    plugin_version: String,
    host_id: String,
    git_hints: bool,
}

/// The context of a stream hook.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The parts of the context that decide the identity.
    pub identity: IdentityContext<'a>,
    /// The provider id.
    pub provider: Option<&'a str>,
    /// The id of the requested model.
    pub model_id: Option<&'a str>,
}

impl Gateway {
    /// Only a hash of `host_name` is kept. `git_hints` enables repository hints.
    #[must_use]
    pub fn new(plugin_version: String, host_name: &str, git_hints: bool) -> Self {
        Self { plugin_version, host_id: host_id(host_name), git_hints }
    }

    /// Decides the identity of a wrapper's calls, and the values that they share.
    ///
    /// # Errors
    /// As [`SessionSource::of`].
    pub fn wrapper(
        &self,
        context: &Context<'_>,
        surroundings: &dyn Surroundings,
    ) -> Result<Wrapper, IdentityError> {
        let watched = Watched { surroundings, used: Cell::new(false) };
        let identity = Identity::of(context.identity, &watched)?;
        let facts = Facts {
            host_id: &self.host_id,
            plugin_version: &self.plugin_version,
            provider: context.provider,
            model_id: context.model_id,
        };
        let state_dir = state_dir(surroundings).ok();
        let workspace = identity.workspace.as_deref();
        let place = workspace.filter(|path| !agent::is_made_by_host(path, state_dir.as_deref()));
        let id_of =
            |path: &str, namespace| SessionSource::Workspace(path.to_owned()).session_id(namespace);
        Ok(Wrapper {
            envelope: Envelope::new(&identity, facts),
            agent: identity.agent_id.as_deref().and_then(agent::normalized).map(Cow::into_owned),
            workspace_id: workspace.map(|path| id_of(path, surroundings.namespace())),
            place: place.map(|path| id_of(path, None)),
            provider: context.provider.and_then(name),
            model_id: context.model_id.and_then(name),
            identity,
            reusable: !watched.used.get() && context.is_reusable(),
            git_hints: self.git_hints,
            latest: Mutex::default(),
        })
    }
}

impl Context<'_> {
    /// Whether the context alone decides, without the current directory, and is short enough.
    fn is_reusable(&self) -> bool {
        let IdentityContext { workspace_dir, agent_dir, agent_id, conversation } = self.identity;
        let Self { provider, model_id, .. } = *self;
        let texts = [workspace_dir, agent_dir, agent_id, conversation, provider, model_id];
        let length: usize = texts.into_iter().flatten().map(str::len).sum();
        workspace_dir.is_some_and(|dir| Path::new(dir).is_absolute()) && length <= REMEMBERED_LIMIT
    }
}

/// Notes whether the surroundings were used.
struct Watched<'a> {
    surroundings: &'a dyn Surroundings,
    used: Cell<bool>,
}

impl Surroundings for Watched<'_> {
    fn variable(&self, name: &str) -> Option<String> {
        self.used.set(true);
        self.surroundings.variable(name)
    }

    fn home(&self) -> Option<&str> {
        self.used.set(true);
        self.surroundings.home()
    }

    // The namespace of a registered gateway never changes.
    fn namespace(&self) -> Option<&str> {
        self.surroundings.namespace()
    }
}

/// The identity of a stream wrapper's calls, and the values that they share.
#[derive(Debug)]
pub struct Wrapper {
    identity: Identity,
    envelope: Envelope,
    agent: Option<String>,
    workspace_id: Option<String>,
    place: Option<String>,
    provider: Option<String>,
    model_id: Option<String>,
    reusable: bool,
    git_hints: bool,
    latest: Mutex<Option<Added>>,
}

/// Metadata as text. Most payloads of an identity get the same metadata, and a copy is many times cheaper than a new text.
#[derive(Debug)]
struct Added {
    present: [bool; METADATA_KEYS.len()],
    hints: Hints,
    text: Option<String>,
}

impl Wrapper {
    /// The identity of all calls of this wrapper.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The values of [`HEADERS`] that are known and that a header can carry.
    #[must_use]
    pub fn headers(&self) -> &[Option<String>; HEADERS.len()] {
        self.envelope.headers()
    }

    /// The headers as the JSON text of an object.
    #[must_use]
    pub fn headers_json(&self) -> String {
        let all = HEADERS.iter().zip(self.headers());
        let known: Map<_, _> = all
            .filter_map(|(name, value)| Some(((*name).to_owned(), value.clone()?.into())))
            .collect();
        Value::Object(known).to_string()
    }

    /// The missing metadata, see [`Envelope::additions`].
    #[must_use]
    pub fn additions(&self, present: [bool; METADATA_KEYS.len()], hints: &Hints) -> Option<String> {
        let mut latest = self.latest.lock();
        match &*latest {
            Some(added) if added.present == present && added.hints == *hints => added.text.clone(),
            _ => {
                let text = self.envelope.additions(present, hints);
                *latest = Some(Added { present, hints: hints.clone(), text: text.clone() });
                text
            }
        }
    }

    /// Whether an equal context always makes an equal wrapper, and is short enough to be remembered.
    #[must_use]
    pub fn reusable(&self) -> bool {
        self.reusable
    }

    /// The workspace to probe, if hints are enabled.
    #[must_use]
    pub fn hinted_workspace(&self) -> Option<&Path> {
        let workspace = self.identity.workspace.as_deref().map(Path::new);
        workspace.filter(|_| self.git_hints)
    }

    /// The identity of a call. `conversation` is OpenClaw's own session id.
    #[must_use]
    pub fn call_identity<'a>(&'a self, conversation: Option<&'a str>) -> CallIdentity<'a> {
        CallIdentity {
            session_id: &self.identity.session_id,
            source: self.identity.source.kind(),
            agent_id: self.agent.as_deref(),
            conversation,
            workspace: self.workspace_id.as_deref(),
            place: self.place.as_deref(),
            provider: self.provider.as_deref(),
            model_id: self.model_id.as_deref(),
            is_run: false,
            observed: false,
            call: None,
        }
    }
}

fn name(text: &str) -> Option<String> {
    bounded(text, NAME_LIMIT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        route::Response,
        store::{LIMIT, Store},
        surroundings::{
            self,
            fake::{Env, NOTHING},
        },
    };

    const MAIN: IdentityContext<'_> = IdentityContext {
        workspace_dir: Some(if cfg!(windows) { "C:\\w\\workspace" } else { "/w/workspace" }),
        agent_dir: None,
        agent_id: Some("main"),
        conversation: None,
    };

    fn wrapper(identity: IdentityContext<'_>, git_hints: bool) -> Wrapper {
        let context = Context { identity, provider: Some("cloudsigma"), model_id: Some("auto") };
        Gateway::new("1.2.3".to_owned(), "host", git_hints)
            .wrapper(&context, &NOTHING)
            .expect("an identity")
    }

    #[test]
    fn a_worktree_or_sandbox_that_openclaw_made_is_not_a_place_of_the_agent() {
        let state = if cfg!(windows) { r"C:\u\.openclaw" } else { "/u/.openclaw" };
        for (place, expected) in [
            ("worktrees/1a2b3c4d/calm-otter", true),
            ("worktrees/1a2b3c4d/calm-otter/packages/app", true),
            ("sandboxes/agent-main-0331ee2a", true),
            ("workspace", false),
            ("workspace-worktrees", false),
            ("worktrees", false),
            ("worktrees/1a2b3c4d", false),
            ("sandboxes", false),
            ("own/sandboxes/team/a", false),
            ("../worktrees/project/main/a", false),
        ] {
            let dir = surroundings::absolute(&format!("{state}/{place}")).expect("absolute");
            assert_eq!(agent::is_made_by_host(&dir, Some(state)), expected, "{place}");
            assert!(!agent::is_made_by_host(&dir, None));
        }
    }

    #[test]
    fn the_place_of_a_workspace_does_not_depend_on_the_namespace() {
        struct Named(Option<&'static str>);
        impl Surroundings for Named {
            fn variable(&self, _: &str) -> Option<String> {
                None
            }
            fn home(&self) -> Option<&str> {
                Some("/home/cloudsigma")
            }
            fn namespace(&self) -> Option<&str> {
                self.0
            }
        }
        let wrapper = |namespace| {
            let context = Context { identity: MAIN, provider: None, model_id: None };
            let gateway = Gateway::new("1.2.3".to_owned(), "host", false);
            gateway.wrapper(&context, &Named(namespace)).expect("an identity")
        };
        let (plain, named) = (wrapper(None), wrapper(Some("cell-7")));
        assert_eq!(plain.call_identity(None).place, named.call_identity(None).place);
        assert_ne!(plain.call_identity(None).workspace, named.call_identity(None).workspace);
    }

    #[test]
    fn only_an_identity_that_the_context_alone_decides_is_remembered() {
        assert!(wrapper(MAIN, false).reusable());
        let long = format!("{}{}", MAIN.workspace_dir.unwrap_or_default(), "x".repeat(4096));
        for identity in [
            // The session id depends on the environment or the current directory.
            IdentityContext { workspace_dir: None, ..MAIN },
            IdentityContext { workspace_dir: Some("w"), ..MAIN },
            // The agent id depends on the environment.
            IdentityContext {
                workspace_dir: Some(if cfg!(windows) { "C:\\" } else { "/" }),
                agent_id: Some(".."),
                ..MAIN
            },
            IdentityContext { workspace_dir: Some(&long), ..MAIN },
        ] {
            assert!(!wrapper(identity, false).reusable(), "{identity:?}");
        }
    }

    #[test]
    fn hints_need_a_workspace_and_the_setting() {
        let path = MAIN.workspace_dir.map(Path::new);
        assert_eq!(wrapper(MAIN, true).hinted_workspace(), path);
        assert_eq!(wrapper(MAIN, false).hinted_workspace(), None);
        let nowhere = wrapper(IdentityContext::default(), true);
        assert_eq!(nowhere.hinted_workspace(), None);
    }

    #[test]
    fn a_wrapper_without_a_home_directory_fails_only_if_the_home_directory_is_needed() {
        let gateway = Gateway::new("1.2.3".to_owned(), "host", false);
        let homeless = Env(&[], None);
        let made = |identity| {
            let context = Context { identity, provider: None, model_id: None };
            gateway.wrapper(&context, &homeless).is_ok()
        };
        assert!(made(MAIN));
        assert!(!made(IdentityContext::default()));
    }

    #[test]
    fn a_route_belongs_to_its_session_and_its_agent() {
        let store = Store::new(LIMIT);
        let identity = IdentityContext { agent_id: Some("Ops-Bot"), ..MAIN };
        let wrapper = wrapper(identity, false);
        assert_eq!(wrapper.headers()[2].as_deref(), Some("Ops-Bot"), "as given");
        let values = crate::route::HEADERS.map(|_| Some("true"));
        let mut response = Response { status: Some(200.0), values, ..Response::default() };
        assert!(store.answered(&response, &wrapper.call_identity(None), 1));
        response.status = Some(503.0);
        assert!(!store.answered(&response, &wrapper.call_identity(None), 2));
        let capture = store.by_agent("ops-bot").expect("a capture");
        assert_eq!(capture.captured_at, 1);
        assert_eq!(capture.session_id.as_ref(), Some(&wrapper.identity().session_id));
    }
}
