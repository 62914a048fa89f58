//! What JavaScript asks for the whole gateway, and the first crossing of a call: whose it is.

use napi::bindgen_prelude::{External, JsObjectValue, Object, Result};
use napi_derive::napi;
use taas_affinity::{
    ask::{self, Question},
    identity::IdentityContext,
    store::Store,
    wrapper::{self, Context, ModelId},
};

use crate::{
    call::Wrapper,
    convert::{Process, failure, invalid, now, object, text_property},
};

/// What stays the same for every request of this gateway.
#[napi]
pub struct Gateway {
    decides: wrapper::Gateway,
    home: Option<String>,
    namespace: Option<String>,
}

#[napi]
impl Gateway {
    /// `plugin_version` is the package's own, `host_name` is only ever hashed, `home` is the
    /// user's home directory, `git_hints` says whether workspaces' repositories are looked at,
    /// `namespace` is hashed into every session id, to tell apart gateways with the same paths.
    #[napi(constructor, catch_unwind, strict)]
    #[must_use]
    pub fn new(
        plugin_version: String,
        host_name: String,
        home: Option<String>,
        git_hints: bool,
        namespace: Option<String>,
    ) -> Self {
        let decides = wrapper::Gateway::new(plugin_version, &host_name, git_hints);
        Self { decides, home, namespace }
    }

    /// Decides the identity of the calls of a stream wrapper: `context` is what OpenClaw gives the hook,
    /// `env` is `process.env`, read only where `context` does not say enough.
    ///
    /// # Errors
    /// A getter of `context` throws, the workspace is relative and the current directory gone, or
    /// there is neither a session source nor a home directory.
    #[napi(catch_unwind, strict)]
    pub fn identity(&self, context: Object<'_>, env: Object<'_>) -> Result<Identity> {
        let workspace_dir = text_property(&context, c"workspaceDir")?;
        let agent_dir = text_property(&context, c"agentDir")?;
        let agent_id = text_property(&context, c"agentId")?;
        let conversation = text_property(&context, c"conversationId")?;
        let provider = text_property(&context, c"provider")?;
        let model_id = ModelId::choose(text_property(&context, c"modelId")?, || {
            match object(context.get_c_named_property(c"model")?)? {
                Some(model) => text_property(&model, c"id"),
                None => Ok(None),
            }
        })?;
        let context = Context {
            owner: IdentityContext {
                workspace_dir: workspace_dir.as_deref(),
                agent_dir: agent_dir.as_deref(),
                agent_id: agent_id.as_deref(),
                conversation: conversation.as_deref(),
            },
            provider: provider.as_deref(),
            model_id: &model_id,
        };
        let wrapper = self.decides.wrapper(&context, &self.process(&env));
        wrapper.map(Identity::of).map_err(failure)
    }

    /// The answer of a gateway method to `params`, both as JSON text. `facts` are what the host's
    /// configuration says, as JSON text too.
    ///
    /// # Errors
    /// With code `InvalidArg` where there is no such method or `params` are not what it accepts;
    /// the message says what is.
    #[napi(catch_unwind, strict)]
    pub fn ask(
        &self,
        method: String,
        params: String,
        env: Object<'_>,
        facts: Option<String>,
    ) -> Result<String> {
        let question = Question {
            store: Store::shared(),
            params: &params,
            surroundings: &self.process(&env),
            facts: facts.as_deref(),
            now: now(),
        };
        ask::ask(&method, &question).map_err(invalid)
    }
}

impl Gateway {
    fn process<'a>(&'a self, env: &'a Object<'a>) -> Process<'a> {
        Process { env, home: self.home.as_deref(), namespace: self.namespace.as_deref() }
    }
}

/// The identity of the calls of one stream wrapper.
#[napi(object, object_from_js = false, use_nullable = true)]
pub struct Identity {
    /// What the functions for a call take.
    pub handle: External<Wrapper>,
    /// The affinity session id, `oc:` and 16 hex digits.
    pub session_id: String,
    /// The kind of source that the session id comes from. It names no value.
    pub source: &'static str,
    /// The agent id, or `null`.
    pub agent_id: Option<String>,
    /// The headers that every request carries, as the JSON text of an object.
    pub headers: String,
    /// Whether the same `workspaceDir`, `agentDir`, `agentId`, `provider` and `modelId` will decide
    /// the same again, and are short enough to be remembered.
    pub reusable: bool,
}

impl Identity {
    fn of(wrapper: wrapper::Wrapper) -> Self {
        let identity = wrapper.identity();
        Self {
            session_id: identity.session_id.clone(),
            source: identity.source.kind(),
            agent_id: identity.agent_id.clone(),
            headers: wrapper.headers_json(),
            reusable: wrapper.reusable(),
            handle: External::new(Wrapper::new(wrapper)),
        }
    }
}

/// A gateway method that [`Gateway::ask`] answers.
#[napi(object, object_from_js = false)]
pub struct Method {
    /// Its name.
    pub name: &'static str,
    /// The scope that a client needs.
    pub scope: &'static str,
}

/// Every gateway method.
#[napi(catch_unwind)]
#[must_use]
pub fn methods() -> Vec<Method> {
    let methods = ask::METHODS.iter();
    methods.map(|&(name, scope, _)| Method { name, scope }).collect()
}
