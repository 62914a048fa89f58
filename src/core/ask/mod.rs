//! What can be asked over the gateway. A method is a file in here and a row of [`METHODS`].

use std::io;

use thiserror::Error;

use crate::{
    store::Store,
    surroundings::{NoHome, Surroundings},
};

mod last_route;
pub mod params;
mod routes;
pub mod selectors;
mod set_algorithm;
mod status;

/// A question, and what is at hand to answer it.
#[derive(Clone, Copy)]
pub struct Question<'a> {
    /// What is remembered.
    pub store: &'a Store,
    /// JSON text of an object, or of `null` for no params at all.
    pub params: &'a str,
    /// The process environment and the home directory.
    pub surroundings: &'a dyn Surroundings,
    /// JSON text of [`Facts`](crate::doctor::Facts), where they are known.
    pub facts: Option<&'a str>,
    /// Milliseconds since 1970.
    pub now: i64,
}

/// Answers a question, with the JSON text of an object.
pub type Answer = fn(&Question<'_>) -> Result<String, AskError>;

const READ: &str = "operator.read";
const WRITE: &str = "operator.write";

/// Every method: its name, the scope that a client needs, and what answers it.
///
/// `taas.autorouter.lastRoute` may belong to CloudSigma's own plugin; the other name is ours alone.
pub const METHODS: [(&str, &str, Answer); 5] = [
    ("taas.autorouter.lastRoute", READ, last_route::answer),
    ("taas.affinity.lastRoute", READ, last_route::answer),
    ("taas.affinity.status", READ, status::answer),
    ("taas.affinity.routes", READ, routes::answer),
    ("taas.autorouter.setAlgorithm", WRITE, set_algorithm::answer),
];

/// Why a question cannot be answered. Its text says what was wrong and what is accepted.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum AskError {
    /// There is no such method.
    #[error("there is no such method")]
    UnknownMethod,
    /// The params are not what the method accepts.
    #[error("{fault}; {accepted}")]
    Params {
        /// What is wrong with them.
        fault: Fault,
        /// What the method accepts.
        accepted: String,
    },
}

/// What is wrong with params. Nothing is quoted at length.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Fault {
    /// The params are no JSON text.
    #[error("params are no JSON, no object")]
    NoJson,
    /// The params are no JSON object.
    #[error("params are {found}, no object")]
    NoObject {
        /// What they are instead.
        found: &'static str,
    },
    /// A key that is no valid Unicode.
    #[error("unknown key with a lone surrogate")]
    UnreadableKey,
    /// A key that says nothing to the method.
    #[error("unknown key {key}")]
    UnknownKey {
        /// The key, in quotation marks.
        key: String,
    },
    /// The value of a key is no non-blank string.
    #[error("{key} is {found}, no non-blank string")]
    NoText {
        /// The key.
        key: &'static str,
        /// What its value is instead.
        found: &'static str,
    },
    /// The value of a key has too many characters.
    #[error("{key} has more than {limit} characters")]
    TooLong {
        /// The key.
        key: &'static str,
        /// How many characters it may have.
        limit: usize,
    },
    /// The value of a key is no number within its bounds.
    #[error("{key} is {found}, no number that is accepted")]
    NoNumber {
        /// The key.
        key: &'static str,
        /// What its value is.
        found: String,
    },
    /// A key that has to be there is not.
    #[error("{key} is missing")]
    Missing {
        /// The key.
        key: &'static str,
    },
    /// There is no such algorithm.
    #[error("algorithm is {text}, which the autorouter does not know")]
    NoAlgorithm {
        /// Its name, in quotation marks.
        text: String,
    },
    /// `agentId` has not the form of one.
    #[error("agentId is {text}, no agent id")]
    NoAgentId {
        /// The id, in quotation marks.
        text: String,
    },
    /// There is nothing to choose an algorithm for.
    #[error("neither an agent nor a session is named")]
    NoSelector,
    /// There are too many choices.
    #[error("{limit} algorithms are set already: clear one of them first")]
    Full {
        /// How many there may be.
        limit: usize,
    },
    /// `sessionId` is another kind of id.
    #[error(
        "sessionId is {text}, no affinity session id, which is oc: and 16 lower-case hexadecimal \
         digits, such as oc:583c4ba8ac9a207f"
    )]
    NoSessionId {
        /// The id, in quotation marks.
        text: String,
    },
    /// `workspaceDir` begins with a `~` for which there is no home directory.
    #[error("workspaceDir begins with ~, and no home directory is known: give the whole path")]
    NoHome(#[from] NoHome),
    /// `workspaceDir` is relative, and the current directory cannot be used.
    #[error("workspaceDir is relative, and the current directory cannot be used: {source}")]
    NoDirectory {
        /// What the operating system says.
        #[from]
        source: io::Error,
    },
}

/// The answer of `method` to a question.
///
/// # Errors
/// [`AskError`], where there is no such method or the params are not what it accepts. That nothing
/// is remembered of what is asked for is no error.
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
/// assert!(error.to_string().starts_with("unknown key \"agent\"; accepted is one of agentId"));
/// ```
pub fn ask(method: &str, question: &Question<'_>) -> Result<String, AskError> {
    let (_, _, answer) =
        METHODS.iter().find(|(name, _, _)| *name == method).ok_or(AskError::UnknownMethod)?;
    answer(question)
}
