//! The gateway methods. A new method is a file in this directory and a row of [`METHODS`].

use thiserror::Error;

use crate::{
    doctor::{Check, Facts, Known, checks},
    metrics, page,
    store::{Store, Usage},
    surroundings::Surroundings,
    text::without_directions,
};

mod last_route;
mod params;
mod routes;
mod selectors;
mod set_algorithm;
mod status;
mod usage_line;

pub use params::{Fault, Params};

/// A query, and everything that its answer depends on.
#[derive(Clone, Copy)]
pub struct Question<'a> {
    /// The store of this process.
    pub store: &'a Store,
    /// JSON text of an object, or `null` for no params.
    pub params: &'a str,
    /// The process environment and the home directory.
    pub surroundings: &'a dyn Surroundings,
    /// JSON text of [`Facts`], if they are known.
    pub facts: Option<&'a str>,
    /// Milliseconds since 1970.
    pub now: i64,
}

impl Question<'_> {
    /// The facts, if they are known.
    pub(crate) fn facts(&self) -> Option<Facts> {
        serde_json::from_str(self.facts?).ok()
    }

    /// The doctor's checks.
    pub(crate) fn checks(&self, usage: &Usage, facts: Option<&Facts>) -> Vec<Check> {
        let moved = &self.store.moved();
        checks(&Known { usage, moved, facts, surroundings: self.surroundings })
    }
}

/// Answers one query with the JSON text of an object, or with the text of a surface.
type Method = fn(&Question<'_>, &Params) -> Result<String, Fault>;

const READ: &str = "operator.read";
const WRITE: &str = "operator.write";

/// Every gateway method: its name, the scope that a client needs, the keys that it accepts, and the function that answers.
///
/// CloudSigma's own plugin may take the name `taas.autorouter.lastRoute`, so the method has a second name.
pub const METHODS: [(&str, &str, &str, Method); 5] = [
    ("taas.autorouter.lastRoute", READ, selectors::KEYS, last_route::last_route),
    ("taas.affinity.lastRoute", READ, selectors::KEYS, last_route::last_route),
    ("taas.affinity.status", READ, selectors::KEYS, status::status),
    ("taas.affinity.routes", READ, routes::KEYS, routes::routes),
    ("taas.autorouter.setAlgorithm", WRITE, set_algorithm::KEYS, set_algorithm::set_algorithm),
];

/// What the plugin shows elsewhere than by gateway method: a name, the keys that it accepts, and the function that answers.
const SURFACES: [(&str, &str, Method); 3] = [
    ("metrics", metrics::KEYS, metrics::metrics),
    ("usageLine", usage_line::KEYS, usage_line::usage_line),
    ("page", page::KEYS, page::page),
];

/// Why a query failed. The text says what is wrong and what is accepted.
#[derive(Debug, Error)]
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
        keys: &'static str,
    },
}

/// Answers a query of `method`, which is a gateway method or a surface.
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
    let methods = METHODS.into_iter().map(|(name, _, keys, answer)| (name, keys, answer));
    let found = methods.chain(SURFACES).find(|(name, ..)| *name == method);
    let (_, keys, answer) = found.ok_or(AskError::UnknownMethod)?;
    Params::read(question.params, keys)
        .and_then(|params| answer(question, &params))
        .map(without_directions)
        .map_err(|fault| AskError::Params { fault, keys })
}
