//! Bounds and checks for text from outside: names, header values, response fields.

/// The longest name in a request's metadata, in characters.
pub const NAME_LIMIT: usize = 120;

/// The longest value of a request header, in characters.
pub const HEADER_LIMIT: usize = 200;

/// Removes control characters and cuts the text to `limit` characters. Returns `None` if nothing is left.
///
/// ```
/// use taas_affinity::text::bounded;
///
/// assert_eq!(bounded("new\nagent", 120).as_deref(), Some("newagent"));
/// ```
#[must_use]
pub fn bounded(value: &str, limit: usize) -> Option<String> {
    // Fast path. The fold checks all bytes, because the compiler then checks many at a time.
    let plain = |all: bool, byte: u8| all & matches!(byte, b' '..=b'~');
    if value.len() <= limit && value.bytes().fold(true, plain) {
        return (!value.is_empty()).then(|| value.to_owned());
    }
    let mut text: String = value.chars().filter(|c| !c.is_control()).take(limit).collect();
    // The text is kept for long.
    text.shrink_to_fit();
    (!text.is_empty()).then_some(text)
}

/// Whether a character can be seen: it is neither a control character nor a format character, which only changes how
/// others are shown (Unicode's `Cc`, `Cf`, `Zl` and `Zp`).
pub(crate) fn is_visible(c: char) -> bool {
    let is_format = matches!(
        c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
    );
    !c.is_control() && !is_format
}

/// Removes the characters that change the direction of the text after them. On a screen, such text reads as other text.
pub(crate) fn without_directions(text: String) -> String {
    let turns = |c: char| matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if text.contains(turns) { text.replace(turns, "") } else { text }
}

/// Returns `value` unchanged, or `None` if it is blank.
#[must_use]
pub fn non_blank(value: &str) -> Option<&str> {
    (!value.trim().is_empty()).then_some(value)
}

/// Whether `value` arrives unchanged as a header.
///
/// Node and `fetch` send one byte per character, so a character above U+00FF throws. Both strip outer blanks. A control
/// character could end the header or the request.
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
    fn bounded_text_is_cut_between_characters_and_has_no_control_characters() {
        assert_eq!(bounded(&"日".repeat(121), NAME_LIMIT), Some("日".repeat(120)));
        assert_eq!(bounded("a\u{0}b\nc\u{85}", NAME_LIMIT).as_deref(), Some("abc"));
        assert_eq!(bounded("\u{0}\n", NAME_LIMIT), None);
        assert_eq!(bounded("", NAME_LIMIT), None);
    }

    #[test]
    fn a_header_value_is_safe_if_it_arrives_unchanged() {
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
