//! Agent ids: their form, how paths name them, and how they are compared.

use std::{borrow::Cow, ffi::OsStr, path::Path};

/// The longest agent id that OpenClaw allows, in characters.
const ID_LIMIT: usize = 64;

/// The form of an agent id, in words.
pub(crate) const FORM: &str =
    "up to 64 ASCII letters, digits, _ and -, and start with a letter or digit";

/// Whether `value` has the form that OpenClaw allows: at most 64 ASCII letters, digits, `_` and `-`, beginning
/// with a letter or a digit.
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

/// Normalizes an agent id as OpenClaw does: without outer blanks, in lower case. Returns `None` if `value` is not an
/// agent id.
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

/// Returns `<id>` of `…/agents/<id>/agent`, whatever its form. The last segment is `agent` for every agent.
pub(crate) fn of_agent_dir(dir: &str) -> Option<&str> {
    let mut segments = Path::new(dir).components().rev().map(|part| part.as_os_str().to_str());
    let (last, id, parent) = (segments.next()??, segments.next()??, segments.next()??);
    (last == "agent" && parent == "agents").then_some(id)
}

/// Returns the agent that a workspace directory is named after, whatever its form: `main` for `workspace`, `<id>` for
/// `workspace-<id>`, else the last segment.
pub(crate) fn of_workspace(path: &str) -> Option<&str> {
    let name = Path::new(path).file_name()?.to_str()?;
    if name == "workspace" {
        return Some("main");
    }
    Some(name.strip_prefix("workspace-").filter(|id| !id.is_empty()).unwrap_or(name))
}

/// Whether OpenClaw made the workspace for a conversation. Such paths are `<state>/worktrees/<hash>/<name>` and
/// `<state>/sandboxes/<name>`.
pub(crate) fn is_made_by_host(workspace: &str, state_dir: Option<&str>) -> bool {
    let below = state_dir.and_then(|dir| Path::new(workspace).strip_prefix(dir).ok());
    let names: Vec<_> = below.into_iter().flatten().map(OsStr::to_str).collect();
    matches!(names[..], [Some("worktrees"), _, _, ..] | [Some("sandboxes"), _, ..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_form_that_openclaw_allows_is_an_agent_id() {
        for id in ["main", "0", "Ops-Bot", "a_b-", &"x".repeat(64)] {
            assert!(is_id(id), "{id}");
        }
        for invalid in [
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
            assert!(!is_id(invalid), "{invalid:?}");
        }
    }

    #[test]
    fn ids_that_differ_in_case_and_outer_blanks_are_the_same_agent() {
        for same in ["ops-bot", "Ops-Bot", "OPS-BOT", " ops-bot\n"] {
            assert_eq!(normalized(same).as_deref(), Some("ops-bot"), "{same:?}");
        }
        assert_eq!(normalized("ops bot"), None);
        assert_eq!(normalized(" "), None);
    }

    #[test]
    #[cfg(unix)]
    fn an_agent_directory_and_a_workspace_name_their_agent() {
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
    fn an_agent_directory_and_a_workspace_name_their_agent_on_windows() {
        assert_eq!(of_agent_dir("C:\\s\\agents\\main\\agent"), Some("main"));
        assert_eq!(of_agent_dir("C:/s/agents/main/agent/"), Some("main"));
        assert_eq!(of_workspace("C:\\s\\workspace-x"), Some("x"));
    }
}
