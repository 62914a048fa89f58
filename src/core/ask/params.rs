//! Reads the params of a method, and says what is wrong with them.

use std::{collections::BTreeMap, io};

use serde_json::value::RawValue;
use thiserror::Error;

use crate::{
    store::ALGORITHM_LIMIT,
    text::{NAME_LIMIT, bounded, non_blank},
};

/// The longest accepted path or session id, in characters. No platform has longer paths.
pub const TEXT_LIMIT: usize = 32_767;

/// What is wrong with params. Quotes of params are short.
#[derive(Debug, Error)]
pub enum Fault {
    /// The params are not an object, or not JSON.
    #[error("params must be a JSON object")]
    NotAnObject,
    /// The method has no such key.
    #[error("unknown key {0}")]
    UnknownKey(String),
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
    #[error("{ALGORITHM_LIMIT} algorithms are already set: clear one first")]
    Full,
    /// `workspaceDir` begins with `~`, and the home directory is unknown.
    #[error("workspaceDir begins with ~, but the home directory is unknown: give an absolute path")]
    NoHome,
    /// `workspaceDir` is relative, and the current directory cannot be used.
    #[error("workspaceDir is relative, but the current directory cannot be used: {0}")]
    NoDirectory(#[from] io::Error),
}

impl Fault {
    /// The value `got` of `key` is not accepted.
    pub(super) fn value(key: &'static str, accepted: &str, got: Option<&str>) -> Self {
        Self::Value { key, accepted: accepted.to_owned(), got: got.map(quoted) }
    }
}

/// The JSON text of each value that the client sent, by its key. `null` counts as sent.
///
/// The method parses the values that it needs, so that an error can name the key.
#[derive(Debug)]
pub struct Params(BTreeMap<String, Box<RawValue>>);

impl Params {
    /// Reads JSON text: an object, or `null` for an empty object. `keys` are the accepted keys.
    pub(super) fn read(text: &str, keys: &str) -> Result<Self, Fault> {
        let given: Option<BTreeMap<String, _>> =
            serde_json::from_str(text).map_err(|_| Fault::NotAnObject)?;
        let given = given.unwrap_or_default();
        match given.keys().find(|key| !keys.split(", ").any(|accepted| accepted == *key)) {
            Some(unknown) => Err(Fault::UnknownKey(quoted(unknown))),
            None => Ok(Self(given)),
        }
    }

    /// A non-blank string of at most `limit` characters, or `None` if the client did not send `key`.
    pub(crate) fn text(&self, key: &'static str, limit: usize) -> Result<Option<String>, Fault> {
        let Some(value) = self.0.get(key) else {
            return Ok(None);
        };
        let fits = |text: &String| non_blank(text).is_some() && text.chars().nth(limit).is_none();
        let text = serde_json::from_str(value.get()).ok().filter(fits);
        let accepted = format!("a non-blank string of at most {limit} characters");
        text.map(Some).ok_or_else(|| Fault::value(key, &accepted, None))
    }

    /// A whole number between 1 and `most`, or `None` if the client did not send `key`.
    pub(crate) fn number(&self, key: &'static str, most: usize) -> Result<Option<usize>, Fault> {
        let Some(value) = self.0.get(key).map(|value| value.get()) else {
            return Ok(None);
        };
        let number = value.parse().ok().filter(|number| (1..=most).contains(number));
        number.map(Some).ok_or_else(|| Fault::Value {
            key,
            accepted: format!("a whole number between 1 and {most}"),
            got: value.parse::<f64>().ok().and_then(|_| bounded(value, NAME_LIMIT)),
        })
    }

    /// One of `accepted`, or `None` if the client did not send `key`.
    pub(crate) fn one_of(
        &self,
        key: &'static str,
        accepted: &[&'static str],
    ) -> Result<Option<&'static str>, Fault> {
        let Some(text) = self.text(key, TEXT_LIMIT)? else {
            return Ok(None);
        };
        let found = accepted.iter().find(|name| **name == text).copied();
        let names = format!("one of {}", accepted.join(", "));
        found.map(Some).ok_or_else(|| Fault::value(key, &names, Some(&text)))
    }

    /// Whether the value of `key` is `null`.
    pub(super) fn is_null(&self, key: &str) -> bool {
        self.0.get(key).is_some_and(|value| value.get() == "null")
    }
}

/// `text` in quotation marks, escaped and cut to [`NAME_LIMIT`] characters.
fn quoted(text: &str) -> String {
    let clean = bounded(text, NAME_LIMIT).unwrap_or_default();
    let escaped: String = clean.escape_debug().take(NAME_LIMIT).collect();
    format!("\"{escaped}\"")
}
