//! What JavaScript asks on behalf of the whole gateway.

use napi::bindgen_prelude::{JsObjectValue, Object, Result};
use napi_derive::napi;
use taas_affinity::{
    ask::{self, Question},
    identity::IdentityContext,
    requester::{Context, Gateway, ModelId},
    store::Store,
};

use crate::{
    convert::{Process, failure, invalid, now, object, text_property},
    requester::Decided,
};

/// What stays the same for every request of this gateway.
#[napi]
pub struct Affinity {
    gateway: Gateway,
    home: Option<String>,
    namespace: Option<String>,
}

#[napi]
impl Affinity {
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
        let gateway = Gateway::new(plugin_version, &host_name, git_hints);
        Self { gateway, home, namespace }
    }

    /// Decides whose requests a stream wrapper makes: `context` is what OpenClaw gives the hook,
    /// `env` is `process.env`, read only where `context` does not say enough.
    ///
    /// # Errors
    /// A getter of `context` throws, the workspace is relative and the current directory gone, or
    /// there is neither a session source nor a home directory.
    #[napi(catch_unwind, strict)]
    pub fn requester(&self, context: Object<'_>, env: Object<'_>) -> Result<Decided> {
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
        let requester = self.gateway.requester(&context, &self.process(&env));
        requester.map(Decided::from).map_err(failure)
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

impl Affinity {
    fn process<'a>(&'a self, env: &'a Object<'a>) -> Process<'a> {
        Process { env, home: self.home.as_deref(), namespace: self.namespace.as_deref() }
    }
}

/// A gateway method that [`Affinity::ask`] answers.
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
