//! The answers of the gateway method `taas.autorouter.lastRoute`.

use std::{fmt, io};

use serde_json::{Value, json};

use crate::{
    identity::{Owner, SessionSource, Surroundings, expand_home},
    route::Capture,
    table::CaptureTable,
    text::{NAME_LIMIT, bounded, non_blank},
};

const ACCEPTED: &str = "accepted is one of agentId, sessionId (an oc:... id) or workspaceDir, a non-blank string each, \
     or no params at all for the latest route";

/// Why a question cannot be answered. Its text names what was wrong and what is accepted.
#[derive(Debug)]
#[non_exhaustive]
pub enum QueryError {
    /// The params are no JSON object.
    NoObject {
        /// What they are instead.
        found: &'static str,
    },
    /// A key that selects nothing.
    UnknownKey {
        /// The key, bounded.
        key: String,
    },
    /// A selector whose value is no string, or a blank one.
    NoText {
        /// The selector.
        key: &'static str,
        /// What its value is instead.
        found: &'static str,
    },
    /// A relative `workspaceDir` while the current directory is gone.
    NoDirectory {
        /// What the operating system says.
        source: io::Error,
    },
}

impl fmt::Display for QueryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoObject { found } => write!(f, "params are {found}, no object; {ACCEPTED}"),
            Self::UnknownKey { key } => write!(f, "unknown key {key:?}; {ACCEPTED}"),
            Self::NoText { key, found } => {
                write!(f, "{key} is {found}, no non-blank string; {ACCEPTED}")
            }
            Self::NoDirectory { source } => {
                write!(
                    f,
                    "workspaceDir is relative, and the current directory is gone: {source}"
                )
            }
        }
    }
}

impl std::error::Error for QueryError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::NoDirectory { source } => Some(source),
            _ => None,
        }
    }
}

/// The answer to `params`, a JSON object or `null` for none at all.
///
/// # Errors
/// [`QueryError`], where the params are not what is accepted. A miss is no error.
///
/// ```
/// use serde_json::json;
/// use taas_affinity::{identity::Surroundings, query::last_route, table::{CaptureTable, LIMIT}};
///
/// struct Nothing;
/// impl Surroundings for Nothing {
///     fn variable(&self, _: &str) -> Option<String> { None }
///     fn home(&self) -> &str { "/home/me" }
/// }
///
/// let table = CaptureTable::new(LIMIT);
/// let answer = last_route(&table, &json!({ "agentId": "main" }), &Nothing).unwrap();
/// assert_eq!(answer, json!({ "agentId": "main", "sessionId": null, "capture": null }));
/// let error = last_route(&table, &json!({ "agent": "main" }), &Nothing).unwrap_err();
/// assert!(error.to_string().starts_with("unknown key \"agent\""));
/// ```
pub fn last_route(
    table: &CaptureTable,
    params: &Value,
    surroundings: &impl Surroundings,
) -> Result<Value, QueryError> {
    let [agent_id, session_id, workspace_dir] = selectors(params)?;
    if let Some(agent_id) = agent_id {
        // The table knows an agent by the name that requests carry.
        let capture = bounded(agent_id, NAME_LIMIT).and_then(|name| table.by_agent(&name));
        let session_id = capture.as_ref().map(|capture| capture.session_id.clone());
        return Ok(json!({
            "agentId": agent_id,
            "sessionId": session_id,
            "capture": capture.as_deref().map(to_json),
        }));
    }
    let session_id = match (session_id, workspace_dir) {
        (Some(session_id), _) => Some(session_id.to_owned()),
        (None, Some(dir)) => {
            let dir = expand_home(dir, surroundings.home());
            let owner = Owner {
                workspace_dir: Some(&dir),
                ..Owner::default()
            };
            let source = SessionSource::of(owner, surroundings)
                .map_err(|source| QueryError::NoDirectory { source })?;
            Some(source.session_id())
        }
        (None, None) => None,
    };
    let capture = match &session_id {
        Some(session_id) => table.by_session(session_id),
        None => table.latest(),
    };
    let session_id =
        session_id.or_else(|| capture.as_ref().map(|capture| capture.session_id.clone()));
    Ok(json!({ "sessionId": session_id, "capture": capture.as_deref().map(to_json) }))
}

/// The values of `agentId`, `sessionId` and `workspaceDir`.
fn selectors(params: &Value) -> Result<[Option<&str>; 3], QueryError> {
    const KEYS: [&str; 3] = ["agentId", "sessionId", "workspaceDir"];
    let params = match params {
        Value::Object(params) => params,
        Value::Null => return Ok([None; KEYS.len()]),
        other => return Err(QueryError::NoObject { found: kind(other) }),
    };
    if let Some(key) = params.keys().find(|key| !KEYS.contains(&key.as_str())) {
        return Err(QueryError::UnknownKey {
            key: bounded(key, NAME_LIMIT).unwrap_or_default(),
        });
    }
    let mut values = [None; KEYS.len()];
    for (slot, key) in values.iter_mut().zip(KEYS) {
        *slot = match params.get(key) {
            None => None,
            Some(Value::String(text)) => Some(non_blank(text).ok_or(QueryError::NoText {
                key,
                found: "blank",
            })?),
            Some(other) => {
                return Err(QueryError::NoText {
                    key,
                    found: kind(other),
                });
            }
        };
    }
    Ok(values)
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// `capture` with the names and types that callers of the gateway method see.
#[must_use]
pub fn to_json(capture: &Capture) -> Value {
    json!({
        "sessionId": capture.session_id,
        "capturedAt": capture.captured_at,
        "taasRequestId": capture.taas_request_id,
        "taasTraceId": capture.taas_trace_id,
        "openclawTurnId": capture.openclaw_turn_id,
        "openclawAttempt": capture.openclaw_attempt,
        "autorouterModel": capture.autorouter_model,
        "autorouterAlgo": capture.autorouter_algo,
        "autorouterAlgoSource": capture.autorouter_algo_source,
        "thinkingApplied": capture.thinking_applied,
        "routedContextWindow": capture.routed_context_window,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        route::{Carried, HEADERS},
        table::LIMIT,
    };

    struct Home;

    impl Surroundings for Home {
        fn variable(&self, name: &str) -> Option<String> {
            panic!("{name} is not asked for: a question names its session")
        }
        fn home(&self) -> &'static str {
            "/home/cloudsigma"
        }
    }

    const SESSION: &str = "oc:4ae2870a2e73027c";

    fn table() -> CaptureTable {
        let table = CaptureTable::new(LIMIT);
        for (session, agent, at) in [(SESSION, Some("new-agent-2"), 1), ("oc:other", None, 2)] {
            let values = HEADERS.map(|name| match name {
                "x-taas-autorouted" => Some("true"),
                "x-request-id" => Some("r"),
                _ => None,
            });
            let capture = Capture::of(&values, Carried::default(), session, at);
            table.insert(capture.expect("autorouted"), agent);
        }
        table
    }

    fn ask(params: &Value) -> Value {
        last_route(&table(), params, &Home).expect("an answer")
    }

    #[test]
    fn each_selector_and_none() {
        let capture = json!({
            "sessionId": SESSION, "capturedAt": 1, "taasRequestId": "r", "taasTraceId": null,
            "openclawTurnId": null, "openclawAttempt": null, "autorouterModel": null,
            "autorouterAlgo": null, "autorouterAlgoSource": null, "thinkingApplied": null,
            "routedContextWindow": null,
        });
        assert_eq!(
            ask(&json!({ "agentId": "new-agent-2" })),
            json!({ "agentId": "new-agent-2", "sessionId": SESSION, "capture": capture })
        );
        let by_session = json!({ "sessionId": SESSION, "capture": capture });
        assert_eq!(ask(&json!({ "sessionId": SESSION })), by_session);
        for dir in [
            "/home/cloudsigma/.openclaw/workspace-new-agent-2",
            "~/.openclaw/x/../workspace-new-agent-2/",
        ] {
            #[cfg(unix)]
            assert_eq!(ask(&json!({ "workspaceDir": dir })), by_session, "{dir}");
        }
        for nothing in [json!({}), json!(null)] {
            assert_eq!(ask(&nothing)["sessionId"], "oc:other");
        }
    }

    #[test]
    fn the_first_selector_counts() {
        let both =
            json!({ "workspaceDir": "/x", "sessionId": "oc:other", "agentId": "new-agent-2" });
        assert_eq!(ask(&both)["sessionId"], SESSION);
        let two = json!({ "workspaceDir": "/x", "sessionId": "oc:other" });
        assert_eq!(ask(&two)["sessionId"], "oc:other");
    }

    #[test]
    fn a_miss_is_no_error() {
        assert_eq!(
            ask(&json!({ "agentId": "nobody" })),
            json!({ "agentId": "nobody", "sessionId": null, "capture": null })
        );
        assert_eq!(
            ask(&json!({ "sessionId": "oc:none" })),
            json!({ "sessionId": "oc:none", "capture": null })
        );
        assert_eq!(
            last_route(&CaptureTable::new(LIMIT), &json!({}), &Home).expect("an answer"),
            json!({ "sessionId": null, "capture": null })
        );
    }

    #[test]
    fn what_is_wrong_is_named_and_so_is_what_is_accepted() {
        for (params, start) in [
            (json!([]), "params are an array"),
            (json!("main"), "params are a string"),
            (json!(7), "params are a number"),
            (json!({ "agent": "main" }), "unknown key \"agent\""),
            (json!({ "agentId": "main", "x\n": 1 }), "unknown key \"x\""),
            (json!({ "agentId": "" }), "agentId is blank"),
            (json!({ "agentId": null }), "agentId is null"),
            (
                json!({ "agentId": "main", "sessionId": 5 }),
                "sessionId is a number",
            ),
            (json!({ "workspaceDir": ["/"] }), "workspaceDir is an array"),
        ] {
            let error = last_route(&table(), &params, &Home)
                .expect_err("an error")
                .to_string();
            assert!(error.starts_with(start), "{params}: {error}");
            assert!(error.ends_with(ACCEPTED), "{params}: {error}");
        }
    }
}
