//! The gateway methods. A new method is a file in this directory and a row of [`METHODS`].

use std::io;

use thiserror::Error;

use crate::{
    store::Store,
    surroundings::{NoHome, Surroundings},
};

mod last_route;
mod params;
mod routes;
mod selectors;
mod set_algorithm;
mod status;

/// A query, and everything that its answer depends on.
#[derive(Clone, Copy)]
pub struct Question<'a> {
    /// The store of this process.
    pub store: &'a Store,
    /// JSON text of an object, or `null` for no params.
    pub params: &'a str,
    /// The process environment and the home directory.
    pub surroundings: &'a dyn Surroundings,
    /// JSON text of [`Facts`](crate::doctor::Facts), if they are known.
    pub facts: Option<&'a str>,
    /// Milliseconds since 1970.
    pub now: i64,
}

/// Answers one query with the JSON text of an object.
pub type Method = fn(&Question<'_>) -> Result<String, AskError>;

const READ: &str = "operator.read";
const WRITE: &str = "operator.write";

/// Every gateway method: its name, the scope that a client needs, and the function that answers.
///
/// CloudSigma's own plugin may take the name `taas.autorouter.lastRoute`, so the method has a second name.
pub const METHODS: [(&str, &str, Method); 5] = [
    ("taas.autorouter.lastRoute", READ, last_route::last_route),
    ("taas.affinity.lastRoute", READ, last_route::last_route),
    ("taas.affinity.status", READ, status::status),
    ("taas.affinity.routes", READ, routes::routes),
    ("taas.autorouter.setAlgorithm", WRITE, set_algorithm::set_algorithm),
];

/// Why a query failed. The text says what is wrong and what is accepted.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum AskError {
    /// The method does not exist.
    #[error("there is no such method")]
    UnknownMethod,
    /// The method does not accept the params.
    #[error("{fault}; accepted keys: {keys}")]
    Params {
        /// What is wrong.
        fault: Fault,
        /// The keys that the method accepts.
        keys: String,
    },
}

/// What is wrong with params. Quotes of params are short.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Fault {
    /// The params are not an object, or not JSON.
    #[error("params must be a JSON object")]
    NotAnObject,
    /// The method has no such key.
    #[error("unknown key {key}")]
    UnknownKey {
        /// The key, in quotation marks.
        key: String,
    },
    /// The method does not accept the value of a key.
    #[error("{key} must be {accepted}{}", got.as_ref().map(|got| format!(", got {got}")).unwrap_or_default())]
    Value {
        /// The key.
        key: &'static str,
        /// The values that the method accepts.
        accepted: String,
        /// The value, if it can be shown.
        got: Option<String>,
    },
    /// An algorithm is set for an agent or a session, and neither is given.
    #[error("an agent or a session must be given")]
    NoSelector,
    /// Too many algorithms are set.
    #[error("{limit} algorithms are already set: clear one first")]
    Full {
        /// How many algorithms can be set.
        limit: usize,
    },
    /// `workspaceDir` begins with `~`, and the home directory is unknown.
    #[error("workspaceDir begins with ~, but the home directory is unknown: give an absolute path")]
    NoHome(#[from] NoHome),
    /// `workspaceDir` is relative, and the current directory cannot be used.
    #[error("workspaceDir is relative, but the current directory cannot be used: {source}")]
    NoDirectory {
        /// What the operating system says.
        #[from]
        source: io::Error,
    },
}

/// Answers a query of `method`.
///
/// # Errors
/// [`AskError`] if the method does not exist or does not accept the params. A miss is not an error.
///
/// ```
/// use taas_affinity::{ask::{Question, ask}, store::{LIMIT, Store}, surroundings::Surroundings};
///
/// struct Nothing;
/// impl Surroundings for Nothing {
///     fn variable(&self, _: &str) -> Option<String> { None }
///     fn home(&self) -> Option<&str> { None }
/// }
///
/// let store = Store::new(LIMIT);
/// let ask = |params| {
///     let question =
///         Question { store: &store, params, surroundings: &Nothing, facts: None, now: 0 };
///     ask("taas.affinity.lastRoute", &question)
/// };
/// let answer = ask(r#"{"agentId":"main"}"#).unwrap();
/// assert_eq!(answer, r#"{"agentId":"main","sessionId":null,"capture":null}"#);
/// let error = ask(r#"{"agent":"main"}"#).unwrap_err();
/// assert!(error.to_string().starts_with("unknown key \"agent\"; accepted keys: agentId, "));
/// ```
pub fn ask(method: &str, question: &Question<'_>) -> Result<String, AskError> {
    let (_, _, answer) =
        METHODS.iter().find(|(name, ..)| *name == method).ok_or(AskError::UnknownMethod)?;
    answer(question)
}
