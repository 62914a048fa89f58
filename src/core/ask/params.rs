//! Params as the client sent them: what may be in them is text, and everything else is named.

use std::{collections::BTreeMap, ops::RangeInclusive};

use serde_json::value::RawValue;

use super::Fault;
use crate::text::{NAME_LIMIT, bounded, non_blank};

/// The longest text that is read, in characters: no path is longer on any platform.
pub const TEXT_LIMIT: usize = 32_767;

/// The keys of an object and their values, none of which has been looked into: a value that nobody
/// wants may be as deep or as long as it likes.
#[derive(Debug)]
pub struct Params<'a> {
    values: BTreeMap<String, &'a RawValue>,
}

impl<'a> Params<'a> {
    /// Reads the JSON text of an object with no keys but `keys`, or of `null` for none at all.
    ///
    /// # Errors
    /// [`Fault`], where it is something else.
    pub fn read(text: &'a str, keys: &[&'static str]) -> Result<Self, Fault> {
        let params: &RawValue = serde_json::from_str(text).map_err(|_| Fault::NoJson)?;
        let values: BTreeMap<String, &RawValue> = match kind(params) {
            "null" => BTreeMap::new(),
            // All else is JSON by now.
            "an object" => serde_json::from_str(params.get()).map_err(|_| Fault::UnreadableKey)?,
            found => return Err(Fault::NoObject { found }),
        };
        match values.keys().find(|key| !keys.contains(&key.as_str())) {
            Some(key) => Err(Fault::UnknownKey { key: quoted(key) }),
            None => Ok(Self { values }),
        }
    }

    /// The non-blank text under `key`, where there is anything under it.
    ///
    /// # Errors
    /// [`Fault`], where it is something else, or has more than `limit` characters.
    pub fn text(&self, key: &'static str, limit: usize) -> Result<Option<String>, Fault> {
        let Some(value) = self.values.get(key) else {
            return Ok(None);
        };
        let no_text = |found| Fault::NoText { key, found };
        if kind(value) != "a string" {
            return Err(no_text(kind(value)));
        }
        let text: String = serde_json::from_str(value.get())
            .map_err(|_| no_text("a string with a lone surrogate"))?;
        if non_blank(&text).is_none() {
            return Err(no_text("blank"));
        }
        if text.chars().count() > limit {
            return Err(Fault::TooLong { key, limit });
        }
        Ok(Some(text))
    }

    /// Whether there is a `null` under `key`.
    #[must_use]
    pub fn is_null(&self, key: &str) -> bool {
        self.values.get(key).is_some_and(|value| kind(value) == "null")
    }

    /// The whole number under `key`, where there is anything under it.
    ///
    /// # Errors
    /// [`Fault`], where it is something else, or out of `range`.
    pub fn number(
        &self,
        key: &'static str,
        range: RangeInclusive<u64>,
    ) -> Result<Option<u64>, Fault> {
        let Some(value) = self.values.get(key) else {
            return Ok(None);
        };
        if kind(value) != "a number" {
            return Err(Fault::NoNumber { key, found: kind(value).to_owned() });
        }
        let number = value.get().parse().ok().filter(|number| range.contains(number));
        let found = || bounded(value.get(), NAME_LIMIT).unwrap_or_default();
        number.map(Some).ok_or_else(|| Fault::NoNumber { key, found: found() })
    }
}

/// What a value is, with its article.
fn kind(value: &RawValue) -> &'static str {
    match value.get().as_bytes().first() {
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        Some(b'"') => "a string",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        _ => "a number",
    }
}

/// `text` in quotation marks, of which nobody has to read more than [`NAME_LIMIT`] characters.
pub(super) fn quoted(text: &str) -> String {
    let clean = bounded(text, NAME_LIMIT).unwrap_or_default();
    let escaped: String = clean.chars().flat_map(char::escape_debug).collect();
    format!("\"{}\"", bounded(&escaped, NAME_LIMIT).unwrap_or_default())
}
