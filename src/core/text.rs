//! Bounds for the strings that come from elsewhere: names, header values, response fields.

use serde::Serialize;

/// The longest name that goes into a request's metadata, in characters.
pub const NAME_LIMIT: usize = 120;

/// The longest value that goes into a request header, in characters.
pub const HEADER_LIMIT: usize = 200;

/// `value` without control characters and cut to `limit` characters; `None` where nothing is left.
///
/// ```
/// use taas_affinity::text::bounded;
///
/// assert_eq!(bounded("new\nagent", 120).as_deref(), Some("newagent"));
/// ```
#[must_use]
pub fn bounded(value: &str, limit: usize) -> Option<String> {
    // Nearly every value is short and plain, and need not be taken apart. All bytes are looked at,
    // whatever the first is like, which the compiler does many at a time.
    let plain = |all: bool, byte: u8| all & matches!(byte, b' '..=b'~');
    if value.len() <= limit && value.bytes().fold(true, plain) {
        return (!value.is_empty()).then(|| value.to_owned());
    }
    let mut text: String = value.chars().filter(|c| !c.is_control()).take(limit).collect();
    // It is kept for long.
    text.shrink_to_fit();
    (!text.is_empty()).then_some(text)
}

/// JSON text of strings, numbers and structures of them: there is nothing in it that is no JSON.
pub(crate) fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// `value` where it holds anything but blanks, as it is.
#[must_use]
pub fn non_blank(value: &str) -> Option<&str> {
    (!value.trim().is_empty()).then_some(value)
}

/// Whether `value` arrives unchanged when it is sent as a header.
///
/// Node and `fetch` send one byte a character, so anything past U+00FF throws; both strip outer
/// blanks, and a control character ends the header or the request.
#[must_use]
pub fn is_header_safe(value: &str) -> bool {
    !value.is_empty()
        && value.chars().count() <= HEADER_LIMIT
        && value.chars().all(|c| c <= '\u{ff}' && !c.is_control())
        && !value.starts_with(' ')
        && !value.ends_with(' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounded_cuts_on_a_character_and_drops_controls() {
        assert_eq!(bounded(&"日".repeat(121), NAME_LIMIT), Some("日".repeat(120)));
        assert_eq!(bounded("a\u{0}b\nc\u{85}", NAME_LIMIT).as_deref(), Some("abc"));
        assert_eq!(bounded("\u{0}\n", NAME_LIMIT), None);
        assert_eq!(bounded("", NAME_LIMIT), None);
    }

    #[test]
    fn a_header_value_is_safe_only_if_it_arrives_unchanged() {
        for safe in ["new-agent-2", "wörk", "a b", &"x".repeat(200)] {
            assert!(is_header_safe(safe), "{safe:?}");
        }
        for unsafe_value in
            ["", "a\r\nX-Evil: 1", "日本", " a", "a ", "\t", "a\u{7f}", "\u{85}", &"x".repeat(201)]
        {
            assert!(!is_header_safe(unsafe_value), "{unsafe_value:?}");
        }
    }
}
