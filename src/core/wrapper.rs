//! A stream wrapper of the plugin: the identity of its calls, and everything that all of them are given.

use std::{
    borrow::Cow,
    cell::Cell,
    path::{Component, Path},
};

use serde::{Serialize, Serializer};

use crate::{
    agent,
    envelope::{Envelope, Facts, HEADERS, Hints, METADATA_KEYS},
    identity::{Identity, IdentityContext, IdentityError, SessionSource, host_id, state_dir},
    store::CallIdentity,
    surroundings::Surroundings,
    text::{self, NAME_LIMIT, bounded, non_blank},
};

/// How many bytes a context may have for its wrapper to be remembered.
pub const REMEMBERED_LIMIT: usize = 4096;

/// What stays the same for every request of a gateway.
#[derive(Debug)]
pub struct Gateway {
    plugin_version: String,
    host_id: String,
    git_hints: bool,
}

/// What OpenClaw tells a stream hook.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// Who makes the request.
    pub owner: IdentityContext<'a>,
    /// The provider id.
    pub provider: Option<&'a str>,
    /// The model.
    pub model_id: &'a ModelId,
}

/// The id of the model that a hook is called for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModelId {
    /// The context says it.
    Said(String),
    /// The context's model says it, and the next context with the same words may have another model.
    OfModel(Option<String>),
}

impl ModelId {
    /// What the context says, where that is anything but blanks, else what its model says, which is
    /// not asked before.
    ///
    /// # Errors
    /// What `of_model` fails with.
    ///
    /// ```
    /// use taas_affinity::wrapper::ModelId;
    ///
    /// let of_model = || Ok::<_, ()>(Some("gpt-5".to_owned()));
    /// let model = ModelId::choose(Some(" ".to_owned()), of_model).unwrap();
    /// assert_eq!(model.get(), Some("gpt-5"));
    /// ```
    pub fn choose<E>(
        said: Option<String>,
        of_model: impl FnOnce() -> Result<Option<String>, E>,
    ) -> Result<Self, E> {
        match said.filter(|id| non_blank(id).is_some()) {
            Some(id) => Ok(Self::Said(id)),
            None => of_model().map(Self::OfModel),
        }
    }

    /// The id, where one is known.
    #[must_use]
    pub fn get(&self) -> Option<&str> {
        match self {
            Self::Said(id) => Some(id),
            Self::OfModel(id) => id.as_deref(),
        }
    }
}

impl Gateway {
    /// `plugin_version` is the package's own, `host_name` is only ever hashed, `git_hints` says
    /// whether workspaces' repositories are looked at.
    #[must_use]
    pub fn new(plugin_version: String, host_name: &str, git_hints: bool) -> Self {
        Self { plugin_version, host_id: host_id(host_name), git_hints }
    }

    /// Decides the identity of a wrapper's calls, and what they are given.
    ///
    /// # Errors
    /// As [`SessionSource::of`].
    pub fn wrapper(
        &self,
        context: &Context<'_>,
        surroundings: &dyn Surroundings,
    ) -> Result<Wrapper, IdentityError> {
        let watched = Watched { surroundings, asked: Cell::new(false) };
        let identity = Identity::of(context.owner, &watched)?;
        let facts = Facts {
            host_id: &self.host_id,
            plugin_version: &self.plugin_version,
            provider: context.provider,
            model_id: context.model_id.get(),
        };
        let state_dir = state_dir(surroundings).ok();
        let workspace = identity.workspace.as_deref();
        let place = workspace.filter(|path| !is_made_by_host(path, state_dir.as_deref()));
        let id_of =
            |path: &str, namespace| SessionSource::Workspace(path.to_owned()).session_id(namespace);
        Ok(Wrapper {
            envelope: Envelope::new(&identity, facts),
            agent: identity.agent_id.as_deref().and_then(agent::normalized).map(Cow::into_owned),
            workspace_id: workspace.map(|path| id_of(path, surroundings.namespace())),
            place: place.map(|path| id_of(path, None)),
            provider: context.provider.and_then(name),
            model_id: context.model_id.get().and_then(name),
            identity,
            reusable: !watched.asked.get() && context.says_all(),
            git_hints: self.git_hints,
        })
    }
}

impl Context<'_> {
    /// Whether nothing else decides: not the current directory, on which a relative path hangs, and
    /// not the model. What is too long to be remembered says nothing of another.
    fn says_all(&self) -> bool {
        let IdentityContext { workspace_dir, agent_dir, agent_id, conversation } = self.owner;
        let model_id = self.model_id.get();
        let texts = [workspace_dir, agent_dir, agent_id, conversation, self.provider, model_id];
        let length: usize = texts.into_iter().flatten().map(str::len).sum();
        workspace_dir.is_some_and(|dir| Path::new(dir).is_absolute())
            && matches!(self.model_id, ModelId::Said(_))
            && length <= REMEMBERED_LIMIT
    }
}

/// Surroundings, and whether they had a say.
struct Watched<'a> {
    surroundings: &'a dyn Surroundings,
    asked: Cell<bool>,
}

impl Surroundings for Watched<'_> {
    fn variable(&self, name: &str) -> Option<String> {
        self.asked.set(true);
        self.surroundings.variable(name)
    }

    fn home(&self) -> Option<&str> {
        self.asked.set(true);
        self.surroundings.home()
    }

    // The namespace never changes while a gateway is registered, so that it need not be asked again.
    fn namespace(&self) -> Option<&str> {
        self.surroundings.namespace()
    }
}

/// The identity of the calls of one stream wrapper, and what they are given.
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
}

impl Wrapper {
    /// The identity of the calls.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The values of [`HEADERS`]: those that are known and can be sent.
    #[must_use]
    pub fn headers(&self) -> &[Option<String>; HEADERS.len()] {
        self.envelope.headers()
    }

    /// The same as the JSON text of an object.
    #[must_use]
    pub fn headers_json(&self) -> String {
        struct ByName<'a>(&'a Wrapper);
        impl Serialize for ByName<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let all = HEADERS.iter().zip(self.0.headers());
                serializer
                    .collect_map(all.filter_map(|(name, value)| Some((name, value.as_ref()?))))
            }
        }
        text::json(&ByName(self))
    }

    /// As [`Envelope::additions`].
    #[must_use]
    pub fn additions(&self, present: [bool; METADATA_KEYS.len()], hints: &Hints) -> Option<String> {
        self.envelope.additions(present, hints)
    }

    /// Whether the same context without its model will make the same wrapper again, and is short
    /// enough to be remembered.
    #[must_use]
    pub fn reusable(&self) -> bool {
        self.reusable
    }

    /// The workspace whose repository is to be looked at, where there is one and hints are wanted.
    #[must_use]
    pub fn hinted_workspace(&self) -> Option<&Path> {
        let workspace = self.identity.workspace.as_deref().map(Path::new);
        workspace.filter(|_| self.git_hints)
    }

    /// The identity of a call; `conversation` is OpenClaw's own session id, if OpenClaw gives one.
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
            observed: false,
            call: None,
        }
    }
}

/// Whether OpenClaw made a workspace for a conversation: `<state>/worktrees/<hash>/<name>`, `<state>/sandboxes/<name>`.
fn is_made_by_host(workspace: &str, state_dir: Option<&str>) -> bool {
    let below = state_dir.and_then(|dir| Path::new(workspace).strip_prefix(dir).ok());
    let names: Vec<_> = below.into_iter().flat_map(Path::components).collect();
    match names.as_slice() {
        [Component::Normal(kind), _, _, ..] if *kind == "worktrees" => true,
        [Component::Normal(kind), _, ..] => *kind == "sandboxes",
        _ => false,
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

    const OWNER: IdentityContext<'_> = IdentityContext {
        workspace_dir: Some(if cfg!(windows) { "C:\\w\\workspace" } else { "/w/workspace" }),
        agent_dir: None,
        agent_id: Some("main"),
        conversation: None,
    };

    fn said() -> ModelId {
        ModelId::Said("auto".to_owned())
    }

    fn wrapper(owner: IdentityContext<'_>, model_id: &ModelId, git_hints: bool) -> Wrapper {
        let context = Context { owner, provider: Some("cloudsigma"), model_id };
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
            assert_eq!(is_made_by_host(&dir, Some(state)), expected, "{place}");
            assert!(!is_made_by_host(&dir, None));
        }
    }

    #[test]
    fn the_place_of_a_workspace_is_the_same_in_each_namespace() {
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
            let context = Context { owner: OWNER, provider: None, model_id: &said() };
            let gateway = Gateway::new("1.2.3".to_owned(), "host", false);
            gateway.wrapper(&context, &Named(namespace)).expect("an identity")
        };
        let (plain, named) = (wrapper(None), wrapper(Some("cell-7")));
        assert_eq!(plain.call_identity(None).place, named.call_identity(None).place);
        assert_ne!(plain.call_identity(None).workspace, named.call_identity(None).workspace);
    }

    #[test]
    fn the_context_s_model_id_counts_unless_it_is_blank() {
        let never = || -> Result<Option<String>, ()> { panic!("the model is not asked") };
        let chosen = ModelId::choose(Some("auto".to_owned()), never);
        assert_eq!(chosen, Ok(said()));
        for blank in [None, Some(String::new()), Some(" \t".to_owned())] {
            let of_model = || Ok::<_, ()>(Some("of model".to_owned()));
            let chosen = ModelId::choose(blank, of_model).expect("a model");
            assert_eq!(chosen, ModelId::OfModel(Some("of model".to_owned())));
        }
        assert_eq!(ModelId::choose(None, || Err("thrown")), Err("thrown"));
    }

    #[test]
    fn only_what_the_context_alone_decides_is_remembered() {
        assert!(wrapper(OWNER, &said(), false).reusable());
        let of_model = ModelId::OfModel(Some("auto".to_owned()));
        assert!(!wrapper(OWNER, &of_model, false).reusable());
        let long = format!("{}{}", OWNER.workspace_dir.unwrap_or_default(), "x".repeat(4096));
        for owner in [
            // The session id hangs on the environment or the current directory.
            IdentityContext { workspace_dir: None, ..OWNER },
            IdentityContext { workspace_dir: Some("w"), ..OWNER },
            // The agent id hangs on the environment.
            IdentityContext {
                workspace_dir: Some(if cfg!(windows) { "C:\\" } else { "/" }),
                agent_id: Some(".."),
                ..OWNER
            },
            IdentityContext { workspace_dir: Some(&long), ..OWNER },
        ] {
            assert!(!wrapper(owner, &said(), false).reusable(), "{owner:?}");
        }
    }

    #[test]
    fn hints_are_wanted_for_a_workspace_alone_and_where_they_are_switched_on() {
        let path = OWNER.workspace_dir.map(Path::new);
        assert_eq!(wrapper(OWNER, &said(), true).hinted_workspace(), path);
        assert_eq!(wrapper(OWNER, &said(), false).hinted_workspace(), None);
        let nowhere = wrapper(IdentityContext::default(), &said(), true);
        assert_eq!(nowhere.hinted_workspace(), None);
    }

    #[test]
    fn a_requester_without_home_fails_only_where_a_home_is_needed() {
        let gateway = Gateway::new("1.2.3".to_owned(), "host", false);
        let homeless = Env(&[], None);
        let made = |owner| {
            let context = Context { owner, provider: None, model_id: &said() };
            gateway.wrapper(&context, &homeless).is_ok()
        };
        assert!(made(OWNER));
        assert!(!made(IdentityContext::default()));
    }

    #[test]
    fn the_route_of_an_answer_is_the_session_s_and_the_agent_s() {
        let store = Store::new(LIMIT);
        let owner = IdentityContext { agent_id: Some("Ops-Bot"), ..OWNER };
        let wrapper = wrapper(owner, &said(), false);
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
