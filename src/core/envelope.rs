//! What a request gets: the keys of `payload.metadata` and the headers.

use serde_json::{Map, Value, json};

use crate::{
    identity::Identity,
    repo::Hints,
    text::{NAME_LIMIT, bounded, is_header_safe},
};

/// The keys of `payload.metadata` that are ours to add, in the order in which they are added.
pub const METADATA_KEYS: [&str; 4] = [
    "session_id",
    "sticky_key",
    "requester_runtime",
    "openclaw_correlation",
];

const SOURCE: &str = "openclaw-taas-affinity";

/// What is known of a request beside its identity.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// [`host_id`](crate::identity::host_id) of the gateway's host.
    pub host_id: &'a str,
    /// The version of the package, as its users see it.
    pub plugin_version: &'a str,
    /// The provider id.
    pub provider: Option<&'a str>,
    /// The model id.
    pub model_id: Option<&'a str>,
}

/// Everything that the requests of one stream wrapper are given.
#[derive(Debug)]
pub struct Envelope {
    /// The text of the metadata up to the repository hints, and from there on.
    text: (String, String),
    headers: Vec<(&'static str, String)>,
}

impl Envelope {
    /// The envelope of the requests of `identity`.
    ///
    /// ```
    /// use taas_affinity::{envelope::{Envelope, Facts}, identity::{Identity, SessionSource}};
    ///
    /// let source = SessionSource::Session("sess-123".to_owned());
    /// let session_id = source.session_id();
    /// let identity = Identity { source, session_id, agent_id: Some("main".to_owned()) };
    /// let envelope = Envelope::new(&identity, Facts {
    ///     host_id: "host:f2d2a571e35f4071",
    ///     plugin_version: "1.0.0",
    ///     provider: Some("cloudsigma"),
    ///     model_id: None,
    /// });
    /// assert_eq!(envelope.headers()[0], ("X-Session-Id", "oc:3451aa385a62dc7b".to_owned()));
    /// let all = envelope.additions([false; 4], None).unwrap();
    /// assert!(all.starts_with(r#"{"session_id":"oc:3451aa385a62dc7b","sticky_key":"#));
    /// assert_eq!(envelope.additions([true; 4], None), None);
    /// ```
    #[must_use]
    pub fn new(identity: &Identity, facts: Facts<'_>) -> Self {
        let text = Value::Object(metadata(identity, facts)).to_string();
        // The hints follow the host id, the only key of its name: what is quoted in a value is escaped.
        let key = format!("\"requester_host_id\":{},", json!(facts.host_id));
        let at = text.find(&key).map_or(0, |start| start + key.len());
        let (before, after) = text.split_at(at);
        Self {
            text: (before.to_owned(), after.to_owned()),
            headers: headers(identity, facts.plugin_version),
        }
    }

    /// The JSON object of the keys to add to `payload.metadata`, given which of
    /// [`METADATA_KEYS`] the caller has; `None` where the caller has them all.
    #[must_use]
    pub fn additions(
        &self,
        present: [bool; METADATA_KEYS.len()],
        hints: Option<&Hints>,
    ) -> Option<String> {
        if present == [true; METADATA_KEYS.len()] {
            return None;
        }
        let (before, after) = &self.text;
        let text = [before, &*hints.map(hints_text).unwrap_or_default(), after].concat();
        if present == [false; METADATA_KEYS.len()] {
            return Some(text);
        }
        let mut all: Map<String, Value> = serde_json::from_str(&text).ok()?;
        for (key, _) in METADATA_KEYS
            .iter()
            .zip(present)
            .filter(|(_, present)| *present)
        {
            all.shift_remove(*key);
        }
        Some(Value::Object(all).to_string())
    }

    /// The headers that do not change between requests, by name. A value that cannot be sent is
    /// not among them.
    #[must_use]
    pub fn headers(&self) -> &[(&'static str, String)] {
        &self.headers
    }
}

fn metadata(identity: &Identity, facts: Facts<'_>) -> Map<String, Value> {
    let session_id = &identity.session_id;
    let source_hint = identity.source.hint();
    let name = |value: Option<&str>| value.and_then(|value| bounded(value, NAME_LIMIT));
    let (provider, model_id) = (name(facts.provider), name(facts.model_id));

    let runtime = known([
        ("schema_version", Some(json!("2026-06-04"))),
        ("source", Some(json!(SOURCE))),
        ("session_key", Some(json!(session_id))),
        ("openclaw_session_id", Some(json!(session_id))),
        ("requester_host_id", Some(json!(facts.host_id))),
        // The hints about the workspace's repository go in here, request by request.
        ("provider", provider.as_ref().map(|value| json!(value))),
        ("model_id", model_id.as_ref().map(|value| json!(value))),
        ("session_source_hint", Some(json!(source_hint))),
        ("tool_execution", Some(json!("direction_2_gateway"))),
        (
            "metadata_classification",
            Some(json!({
                "identifiers": "hashed",
                "repository": "name_branch_dirty_only",
                "local_paths": "omitted_by_default",
            })),
        ),
        (
            "redaction_policy",
            Some(json!(
                "no_secrets;no_raw_local_paths;no_env_values;no_git_remotes;\
                 no_status_or_diffs;no_extra_params"
            )),
        ),
    ]);
    let correlation = known([
        ("schema_version", Some(json!("2026-06-05"))),
        ("source", Some(json!(SOURCE))),
        (
            "plugin_version",
            name(Some(facts.plugin_version)).map(Value::String),
        ),
        ("session_id", Some(json!(session_id))),
        ("sticky_key", Some(json!(session_id))),
        ("session_source_hint", Some(json!(source_hint))),
        (
            "agent_id",
            name(identity.agent_id.as_deref()).map(Value::String),
        ),
        ("provider", provider.map(Value::String)),
        ("model_id", model_id.map(Value::String)),
    ]);
    let [session_key, sticky_key, runtime_key, correlation_key] = METADATA_KEYS;
    known([
        (session_key, Some(json!(session_id))),
        (sticky_key, Some(json!(session_id))),
        (runtime_key, Some(Value::Object(runtime))),
        (correlation_key, Some(Value::Object(correlation))),
    ])
}

/// An object of the keys whose value is known: an unknown one is left out, never `null` or `""`.
fn known<const N: usize>(entries: [(&str, Option<Value>); N]) -> Map<String, Value> {
    entries
        .into_iter()
        .filter_map(|(key, value)| Some((key.to_owned(), value?)))
        .collect()
}

/// The members of the hints that are known, each with a comma behind it.
fn hints_text(hints: &Hints) -> String {
    let members = known([
        (
            "repo_name",
            hints.repo_name.as_ref().map(|name| json!(name)),
        ),
        (
            "git_branch_hint",
            hints.branch.as_ref().map(|name| json!(name)),
        ),
        ("git_dirty_hint", hints.dirty.map(Value::Bool)),
    ]);
    let mut text = Value::Object(members).to_string();
    // Without the braces; what was one is now a comma, unless there is no member at all.
    text.remove(0);
    text.pop();
    if !text.is_empty() {
        text.push(',');
    }
    text
}

fn headers(identity: &Identity, plugin_version: &str) -> Vec<(&'static str, String)> {
    [
        ("X-Session-Id", Some(identity.session_id.as_str())),
        ("X-OpenClaw-Session-Id", Some(&identity.session_id)),
        ("X-OpenClaw-Agent-Id", identity.agent_id.as_deref()),
        ("X-OpenClaw-Plugin-Version", Some(plugin_version)),
    ]
    .into_iter()
    .filter_map(|(name, value)| {
        value
            .filter(|value| is_header_safe(value))
            .map(|value| (name, value.to_owned()))
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::SessionSource;

    const FACTS: Facts<'_> = Facts {
        host_id: "host:1a2b3c4d5e6f7890",
        plugin_version: "9.8.7",
        provider: Some("cloudsigma"),
        model_id: Some("cloudsigma/auto"),
    };

    fn identity(agent_id: Option<&str>) -> Identity {
        Identity {
            source: SessionSource::Session("sess-123".to_owned()),
            session_id: "oc:0123456789abcdef".to_owned(),
            agent_id: agent_id.map(str::to_owned),
        }
    }

    fn all(identity: &Identity, facts: Facts<'_>) -> Value {
        let text = Envelope::new(identity, facts)
            .additions([false; 4], None)
            .expect("all four keys");
        serde_json::from_str(&text).expect("JSON")
    }

    #[test]
    fn the_whole_envelope_in_its_order() {
        let text = Envelope::new(&identity(Some("new-agent-2")), FACTS).additions([false; 4], None);
        let expected = r#"{"session_id":"oc:0123456789abcdef","sticky_key":"oc:0123456789abcdef",
            "requester_runtime":{"schema_version":"2026-06-04","source":"openclaw-taas-affinity",
            "session_key":"oc:0123456789abcdef","openclaw_session_id":"oc:0123456789abcdef",
            "requester_host_id":"host:1a2b3c4d5e6f7890","provider":"cloudsigma",
            "model_id":"cloudsigma/auto","session_source_hint":"source:3451aa385a62dc7b",
            "tool_execution":"direction_2_gateway","metadata_classification":{
            "identifiers":"hashed","repository":"name_branch_dirty_only",
            "local_paths":"omitted_by_default"},"redaction_policy":"no_secrets;no_raw_local_paths;no_env_values;no_git_remotes;no_status_or_diffs;no_extra_params"},
            "openclaw_correlation":{"schema_version":"2026-06-05","source":"openclaw-taas-affinity",
            "plugin_version":"9.8.7","session_id":"oc:0123456789abcdef",
            "sticky_key":"oc:0123456789abcdef","session_source_hint":"source:3451aa385a62dc7b",
            "agent_id":"new-agent-2","provider":"cloudsigma","model_id":"cloudsigma/auto"}}"#;
        let expected: String = expected.lines().map(str::trim_start).collect();
        assert_eq!(text.as_deref(), Some(expected.as_str()));
    }

    #[test]
    fn what_is_not_known_is_left_out() {
        let value = all(
            &identity(None),
            Facts {
                provider: None,
                model_id: Some("\n"),
                ..FACTS
            },
        );
        for part in ["requester_runtime", "openclaw_correlation"] {
            for key in ["agent_id", "provider", "model_id"] {
                assert_eq!(value[part].get(key), None, "{part}.{key}");
            }
        }
    }

    #[test]
    fn names_are_bounded_and_clean() {
        let long = format!("a\n{}", "日".repeat(300));
        let value = all(
            &identity(Some(&long)),
            Facts {
                provider: Some(&long),
                model_id: Some(&long),
                ..FACTS
            },
        );
        let expected = format!("a{}", "日".repeat(119));
        for (part, key) in [
            ("requester_runtime", "provider"),
            ("requester_runtime", "model_id"),
            ("openclaw_correlation", "agent_id"),
            ("openclaw_correlation", "model_id"),
        ] {
            assert_eq!(value[part][key], expected.as_str(), "{part}.{key}");
        }
    }

    #[test]
    fn only_missing_keys_are_added() {
        let envelope = Envelope::new(&identity(None), FACTS);
        let everything = all(&identity(None), FACTS);
        for bits in 0_u8..16 {
            let present: [bool; 4] = std::array::from_fn(|index| bits & (1 << index) != 0);
            let added = envelope.additions(present, None);
            let added: Map<String, Value> = added
                .map(|text| serde_json::from_str(&text).expect("a JSON object"))
                .unwrap_or_default();
            let keys: Vec<&str> = added.keys().map(String::as_str).collect();
            let expected: Vec<&str> = (0..4)
                .filter(|i| !present[*i])
                .map(|i| METADATA_KEYS[i])
                .collect();
            assert_eq!(keys, expected);
            for (key, value) in &added {
                assert_eq!(value, &everything[key]);
            }
        }
    }

    #[test]
    fn hints_stand_between_host_and_provider_and_unknown_ones_nowhere() {
        let envelope = Envelope::new(&identity(None), FACTS);
        let runtime = |hints: &Hints| -> Map<String, Value> {
            let text = envelope
                .additions([false; 4], Some(hints))
                .expect("all four keys");
            let value: Value = serde_json::from_str(&text).expect("JSON");
            value["requester_runtime"]
                .as_object()
                .expect("an object")
                .clone()
        };
        let hints = Hints {
            repo_name: Some("a \"quoted\" name".to_owned()),
            branch: Some("feature/ü".to_owned()),
            dirty: Some(false),
            ..Hints::default()
        };
        let all = runtime(&hints);
        let keys: Vec<&str> = all.keys().map(String::as_str).skip(4).take(5).collect();
        assert_eq!(
            keys,
            [
                "requester_host_id",
                "repo_name",
                "git_branch_hint",
                "git_dirty_hint",
                "provider"
            ]
        );
        assert_eq!(all["repo_name"], "a \"quoted\" name");
        assert_eq!(all["git_branch_hint"], "feature/ü");
        assert_eq!(all["git_dirty_hint"], false);

        let none = runtime(&Hints::default());
        for key in ["repo_name", "git_branch_hint", "git_dirty_hint"] {
            assert!(!none.contains_key(key), "{key}");
        }
        let partial = envelope.additions([true, true, false, true], Some(&hints));
        let partial: Value = serde_json::from_str(&partial.expect("one key")).expect("JSON");
        assert_eq!(partial["requester_runtime"], Value::Object(all));
        assert_eq!(partial.as_object().map(Map::len), Some(1));
    }

    #[test]
    fn a_value_that_cannot_be_sent_is_no_header() {
        let names = |agent| -> Vec<&'static str> {
            let envelope = Envelope::new(&identity(agent), FACTS);
            envelope.headers().iter().map(|(name, _)| *name).collect()
        };
        let without = [
            "X-Session-Id",
            "X-OpenClaw-Session-Id",
            "X-OpenClaw-Plugin-Version",
        ];
        let mut with = without.to_vec();
        with.insert(2, "X-OpenClaw-Agent-Id");
        assert_eq!(names(Some("new-agent-2")), with);
        for agent in [
            None,
            Some("日本"),
            Some("a\r\nX-Evil: 1"),
            Some(&*"x".repeat(201)),
        ] {
            assert_eq!(names(agent), without, "{agent:?}");
        }
    }
}
