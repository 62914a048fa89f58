//! Reads the params of a method. Each method declares its keys as a `serde` struct of [`Given`] values.

use std::ops::RangeInclusive;

use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::value::RawValue;

use super::Fault;
use crate::text::{NAME_LIMIT, bounded, non_blank};

/// The longest accepted text, in characters. No platform has longer paths.
pub const TEXT_LIMIT: usize = 32_767;

/// The JSON text of one value, if the client sent its key. `null` counts as sent.
///
/// The value is parsed only by the method that needs it, so the error can name the key.
#[derive(Debug, Default)]
pub struct Given(Option<Box<RawValue>>);

impl<'de> Deserialize<'de> for Given {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Box::deserialize(deserializer).map(|value| Self(Some(value)))
    }
}

/// Reads JSON text: an object, or `null` for an empty object.
///
/// # Errors
/// [`Fault::NotAnObject`] or [`Fault::UnknownKey`].
pub fn read<T: DeserializeOwned>(text: &str) -> Result<T, Fault> {
    let text = match text.trim() {
        "null" => "{}",
        text => text,
    };
    // serde also reads a struct from an array of its values.
    if !text.starts_with('{') {
        return Err(Fault::NotAnObject);
    }
    serde_json::from_str(text).map_err(|error| {
        let message = error.to_string();
        let key = message
            .strip_prefix("unknown field `")
            .and_then(|rest| rest.rsplit_once("`, expected "));
        key.map_or(Fault::NotAnObject, |(key, _)| Fault::UnknownKey { key: quoted(key) })
    })
}

impl Given {
    /// The text, or `None` if the client did not send `key`.
    ///
    /// # Errors
    /// [`Fault::Value`] if the value is not a non-blank string of at most `limit` characters.
    pub fn text(&self, key: &'static str, limit: usize) -> Result<Option<String>, Fault> {
        let Some(value) = &self.0 else {
            return Ok(None);
        };
        let text = serde_json::from_str(value.get()).ok();
        let text = text
            .filter(|text: &String| non_blank(text).is_some() && text.chars().nth(limit).is_none());
        let accepted = || format!("a non-blank string of at most {limit} characters");
        text.map(Some).ok_or_else(|| Fault::Value { key, accepted: accepted(), got: None })
    }

    /// The whole number, or `None` if the client did not send `key`.
    ///
    /// # Errors
    /// [`Fault::Value`] if the value is not a whole number in `range`.
    pub fn number(
        &self,
        key: &'static str,
        range: RangeInclusive<u64>,
    ) -> Result<Option<u64>, Fault> {
        let Some(value) = &self.0 else {
            return Ok(None);
        };
        let value = value.get();
        let number = value.parse().ok().filter(|number| range.contains(number));
        number.map(Some).ok_or_else(|| Fault::Value {
            key,
            accepted: format!("a whole number between {} and {}", range.start(), range.end()),
            got: value.parse::<f64>().ok().and_then(|_| bounded(value, NAME_LIMIT)),
        })
    }

    /// Whether the value is `null`.
    #[must_use]
    pub fn is_null(&self) -> bool {
        self.0.as_ref().is_some_and(|value| value.get() == "null")
    }
}

/// `text` in quotation marks, escaped and cut to [`NAME_LIMIT`] characters.
pub(super) fn quoted(text: &str) -> String {
    let clean = bounded(text, NAME_LIMIT).unwrap_or_default();
    let escaped: String = clean.chars().flat_map(char::escape_debug).collect();
    format!("\"{}\"", bounded(&escaped, NAME_LIMIT).unwrap_or_default())
}
