//! Converts JavaScript's values to Rust, and Rust's errors to JavaScript.

use std::{
    ffi::CStr,
    fmt::Display,
    time::{SystemTime, UNIX_EPOCH},
};

use napi::{
    Error, Status, ValueType,
    bindgen_prelude::{FromNapiValue, JsObjectValue, JsValue, Object, Result, Unknown},
};
use taas_affinity::surroundings::Surroundings;

/// A property, if its value is a string.
pub fn text_property(of: &Object<'_>, name: &CStr) -> Result<Option<String>> {
    string(of.get_c_named_property(name)?)
}

/// `value`, if it is a string.
pub fn string(value: Unknown<'_>) -> Result<Option<String>> {
    Ok(match value.get_type()? {
        ValueType::String => Some(String::from_unknown(value)?),
        _ => None,
    })
}

/// `value`, if it is an object and not an array.
pub fn object(value: Unknown<'_>) -> Result<Option<Object<'_>>> {
    if value.get_type()? != ValueType::Object || value.is_array()? {
        return Ok(None);
    }
    Object::from_unknown(value).map(Some)
}

/// Which of `keys` an object has. A value of `undefined` counts as missing.
pub fn present<const N: usize>(of: &Object<'_>, keys: [&str; N]) -> Result<[bool; N]> {
    let mut present = [false; N];
    for (present, key) in present.iter_mut().zip(keys) {
        let value: Unknown<'_> = of.get_named_property(key)?;
        *present = value.get_type()? != ValueType::Undefined;
    }
    Ok(present)
}

/// The surroundings of the Node process. The environment is `process.env`, because another thread may change the C
/// environment.
pub struct Process<'a> {
    pub env: &'a Object<'a>,
    pub home: Option<&'a str>,
    pub namespace: Option<&'a str>,
}

impl Surroundings for Process<'_> {
    fn variable(&self, name: &str) -> Option<String> {
        string(self.env.get_named_property(name).ok()?).ok()?
    }

    fn home(&self) -> Option<&str> {
        self.home
    }

    fn namespace(&self) -> Option<&str> {
        self.namespace
    }
}

/// The time in milliseconds since 1970, as `Date.now()` returns it.
pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// An error that the caller did not cause.
pub fn failure(error: impl Display) -> Error {
    Error::new(Status::GenericFailure, error.to_string())
}

/// An error that an argument caused. Its `code` is `InvalidArg`.
pub fn invalid(error: impl Display) -> Error {
    Error::new(Status::InvalidArg, error.to_string())
}
