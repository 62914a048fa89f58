//! The functions for the whole gateway, and the first crossing of a call: its identity.

use napi::bindgen_prelude::{External, Object, Result};
use napi_derive::napi;
use taas_affinity::{
    ask::{self, Question},
    identity::IdentityContext,
    store::Store,
    wrapper::{self, Context},
};

use crate::{
    call::Wrapper,
    convert::{Process, failure, invalid, now, text_property},
};

/// The values that all requests of this gateway share.
#[napi]
pub struct Gateway {
    decides: wrapper::Gateway,
    home: Option<String>,
    namespace: Option<String>,
}

#[napi]
impl Gateway {
    /// `host_name` leaves the process as a hash only. `home` is the user's home directory. `git_hints` enables repository
    /// hints. `namespace` becomes part of every session id and separates gateways with the same paths.
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

    /// Decides the identity of a stream wrapper's calls. `context` is the hook's context, with the model's id as `modelId`. `env` is `process.env`, and is read
    /// only if the context is not enough.
    ///
    /// # Errors
    /// A getter of `context` throws. The workspace is relative and the current directory is missing. There is neither a
    /// session source nor a home directory.
    #[napi(catch_unwind, strict)]
    pub fn identity(&self, context: Object<'_>, env: Object<'_>) -> Result<Identity> {
        let workspace_dir = text_property(&context, c"workspaceDir")?;
        let agent_dir = text_property(&context, c"agentDir")?;
        let agent_id = text_property(&context, c"agentId")?;
        let conversation = text_property(&context, c"conversationId")?;
        let provider = text_property(&context, c"provider")?;
        let model_id = text_property(&context, c"modelId")?;
        let context = Context {
            identity: IdentityContext {
                workspace_dir: workspace_dir.as_deref(),
                agent_dir: agent_dir.as_deref(),
                agent_id: agent_id.as_deref(),
                conversation: conversation.as_deref(),
            },
            provider: provider.as_deref(),
            model_id: model_id.as_deref(),
        };
        let wrapper = self.decides.wrapper(&context, &self.process(&env));
        wrapper.map(Identity::of).map_err(failure)
    }

    /// Answers a gateway method. `params`, `facts` and the answer are JSON texts. `facts` describe the host's configuration.
    ///
    /// # Errors
    /// The error has the code `InvalidArg` if the method does not exist or does not accept `params`. The message says what
    /// the method accepts.
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

/// The identity of a stream wrapper's calls.
#[napi(object, object_from_js = false, use_nullable = true)]
pub struct Identity {
    /// Stands for the identity in the functions for a call.
    pub handle: External<Wrapper>,
    /// The affinity session id, `oc:` and 16 hex digits.
    pub session_id: String,
    /// The kind of source of the session id, without its value.
    pub source: &'static str,
    /// The agent id, or `null`.
    pub agent_id: Option<String>,
    /// The headers of every request, as the JSON text of an object.
    pub headers: String,
    /// Whether the same `workspaceDir`, `agentDir`, `agentId`, `conversationId`, `provider` and `modelId` always have this
    /// identity, and are short enough to be remembered.
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
    /// The scope that a client must have.
    pub scope: &'static str,
}

/// Every gateway method.
#[napi(catch_unwind)]
#[must_use]
pub fn methods() -> Vec<Method> {
    let methods = ask::METHODS.iter();
    methods.map(|&(name, scope, ..)| Method { name, scope }).collect()
}
