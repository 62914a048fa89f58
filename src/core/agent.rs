//! Agent ids: what is one, where a path names one, and which two are the same.

use std::{borrow::Cow, path::Path};

/// The longest agent id that the host allows, in characters.
pub const ID_LIMIT: usize = 64;

/// Whether `value` has the form that the host allows: ASCII letters and digits, `_` and `-`, of
/// which the first is a letter or a digit, at most [`ID_LIMIT`] of them.
///
/// ```
/// use taas_affinity::agent::is_id;
///
/// assert!(is_id("Ops-Bot_2"));
/// assert!(!is_id("..") && !is_id("-x") && !is_id("日本"));
/// ```
#[must_use]
pub fn is_id(value: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    value.len() <= ID_LIMIT
        && value.as_bytes().first().is_some_and(u8::is_ascii_alphanumeric)
        && value.bytes().all(allowed)
}

/// The one way of writing an agent id by which the host tells agents apart: outer blanks dropped,
/// lower case. `None` where `value` is no agent id, so that no agent can be meant.
///
/// ```
/// use taas_affinity::agent::normalized;
///
/// assert_eq!(normalized(" Ops-Bot").as_deref(), Some("ops-bot"));
/// assert_eq!(normalized("agent:main:main"), None);
/// ```
#[must_use]
pub fn normalized(value: &str) -> Option<Cow<'_, str>> {
    let value = value.trim();
    if !is_id(value) {
        return None;
    }
    let is_lower = !value.bytes().any(|byte| byte.is_ascii_uppercase());
    Some(if is_lower { Cow::Borrowed(value) } else { Cow::Owned(value.to_ascii_lowercase()) })
}

/// `<id>` of `…/agents/<id>/agent`, whatever its form. The last segment is `agent` for every agent
/// and says nothing.
#[must_use]
pub fn of_agent_dir(dir: &str) -> Option<&str> {
    let mut segments = Path::new(dir).components().rev().map(|part| part.as_os_str().to_str());
    let (last, id, parent) = (segments.next()??, segments.next()??, segments.next()??);
    (last == "agent" && parent == "agents").then_some(id)
}

/// What a workspace directory is named after, whatever its form: `main` for `workspace`, `<id>` for
/// `workspace-<id>`, and the last segment itself for anything else.
#[must_use]
pub fn of_workspace(path: &str) -> Option<&str> {
    let name = Path::new(path).file_name()?.to_str()?;
    if name == "workspace" {
        return Some("main");
    }
    match name.strip_prefix("workspace-") {
        Some(id) if !id.is_empty() => Some(id),
        _ => Some(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_host_s_form_is_an_id() {
        for id in ["main", "0", "Ops-Bot", "a_b-", &"x".repeat(64)] {
            assert!(is_id(id), "{id}");
        }
        for no_id in [
            "",
            " ",
            " main",
            "..",
            "-a",
            "_a",
            "a.b",
            "a b",
            "日本",
            "wörk",
            "a\r\nX-Evil: 1",
            "/home/me",
            "C:\\agents\\x",
            "agent:main:main",
            &"x".repeat(65),
        ] {
            assert!(!is_id(no_id), "{no_id:?}");
        }
    }

    #[test]
    fn ids_that_the_host_takes_for_one_are_one() {
        for same in ["ops-bot", "Ops-Bot", "OPS-BOT", " ops-bot\n"] {
            assert_eq!(normalized(same).as_deref(), Some("ops-bot"), "{same:?}");
        }
        assert_eq!(normalized("ops bot"), None);
        assert_eq!(normalized(" "), None);
    }

    #[test]
    #[cfg(unix)]
    fn the_agent_of_a_directory() {
        for (dir, id) in [
            ("/s/agents/main/agent", Some("main")),
            ("/s/agents/main/agent/", Some("main")),
            ("/s/agents/../agent", Some("..")),
            ("/s/agents/main", None),
            ("/s/main/agent", None),
            ("/s/agents/agent", None),
            ("C:\\s\\agents\\main\\agent", None),
            ("agent", None),
            ("", None),
        ] {
            assert_eq!(of_agent_dir(dir), id, "{dir}");
        }
        for (dir, id) in [
            ("/w/workspace", "main"),
            ("/w/workspace-x-1", "x-1"),
            ("/w/workspace-", "workspace-"),
            ("/w/myworkspace", "myworkspace"),
            ("/w/日本", "日本"),
        ] {
            assert_eq!(of_workspace(dir), Some(id), "{dir}");
        }
        assert_eq!(of_workspace("/"), None);
    }

    #[test]
    #[cfg(windows)]
    fn the_agent_of_a_directory_of_windows() {
        assert_eq!(of_agent_dir("C:\\s\\agents\\main\\agent"), Some("main"));
        assert_eq!(of_agent_dir("C:/s/agents/main/agent/"), Some("main"));
        assert_eq!(of_workspace("C:\\s\\workspace-x"), Some("x"));
    }
}
