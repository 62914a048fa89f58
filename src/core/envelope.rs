//! The metadata and the headers that a request gets.

use serde::Serialize;

use crate::{
    identity::Identity,
    text::{NAME_LIMIT, bounded, is_header_safe},
};

/// The keys that the plugin adds to `payload.metadata`, in their order.
pub const METADATA_KEYS: [&str; 4] =
    ["session_id", "sticky_key", "requester_runtime", "openclaw_correlation"];

/// The headers that are the same for all requests of one identity.
pub const HEADERS: [&str; 4] =
    ["X-Session-Id", "X-OpenClaw-Session-Id", "X-OpenClaw-Agent-Id", "X-OpenClaw-Plugin-Version"];

const SOURCE: &str = "openclaw-taas-affinity";

/// Facts about a request, other than its identity.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// [`host_id`](crate::identity::host_id) of the gateway's host.
    pub host_id: &'a str,
    /// The version of the npm package.
    pub plugin_version: &'a str,
    /// The provider id.
    pub provider: Option<&'a str>,
    /// The model id.
    pub model_id: Option<&'a str>,
}

/// The result of a probe: facts about the workspace's git repository.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Hints {
    /// The repository's name.
    pub repo_name: Option<String>,
    /// The short name of the branch.
    pub branch: Option<String>,
    /// Whether tracked files differ from the last commit.
    pub dirty: Option<bool>,
}

/// The metadata and headers for all requests of one identity.
#[derive(Debug)]
pub struct Envelope {
    session_id: String,
    source_hint: String,
    host_id: String,
    plugin_version: Option<String>,
    agent_id: Option<String>,
    provider: Option<String>,
    model_id: Option<String>,
    headers: [Option<String>; HEADERS.len()],
}

/// [`METADATA_KEYS`], in their order. Unknown values are left out, never `null` or `""`.
#[derive(Serialize)]
struct Metadata<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    session_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sticky_key: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    requester_runtime: Option<Runtime<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    openclaw_correlation: Option<Correlation<'a>>,
}

#[derive(Serialize)]
struct Runtime<'a> {
    schema_version: &'static str,
    source: &'static str,
    session_key: &'a str,
    openclaw_session_id: &'a str,
    requester_host_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    repo_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    git_branch_hint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    git_dirty_hint: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    model_id: Option<&'a str>,
    session_source_hint: &'a str,
    tool_execution: &'static str,
    metadata_classification: Classification,
    redaction_policy: &'static str,
}

#[derive(Serialize)]
struct Classification {
    identifiers: &'static str,
    repository: &'static str,
    local_paths: &'static str,
}

#[derive(Serialize)]
struct Correlation<'a> {
    schema_version: &'static str,
    source: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    plugin_version: Option<&'a str>,
    session_id: &'a str,
    sticky_key: &'a str,
    session_source_hint: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    agent_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    model_id: Option<&'a str>,
}

impl Envelope {
    /// Makes the envelope for the requests of `identity`.
    ///
    /// ```
    /// use taas_affinity::{envelope::{Envelope, Facts, Hints}, identity::{Identity, SessionSource}};
    ///
    /// let source = SessionSource::Session("sess-123".to_owned());
    /// let identity = Identity {
    ///     session_id: source.session_id(None),
    ///     source_hint: source.hint(None),
    ///     source,
    ///     agent_id: Some("main".to_owned()),
    ///     workspace: None,
    /// };
    /// let envelope = Envelope::new(&identity, Facts {
    ///     host_id: "host:f2d2a571e35f4071",
    ///     plugin_version: "1.0.0",
    ///     provider: Some("cloudsigma"),
    ///     model_id: None,
    /// });
    /// assert_eq!(envelope.headers()[0].as_deref(), Some("oc:3451aa385a62dc7b"));
    /// let all = envelope.additions([false; 4], &Hints::default()).unwrap();
    /// assert!(all.starts_with(r#"{"session_id":"oc:3451aa385a62dc7b","sticky_key":"#));
    /// assert_eq!(envelope.additions([true; 4], &Hints::default()), None);
    /// ```
    #[must_use]
    pub fn new(identity: &Identity, facts: Facts<'_>) -> Self {
        Self {
            session_id: identity.session_id.clone(),
            source_hint: identity.source_hint.clone(),
            host_id: facts.host_id.to_owned(),
            plugin_version: name(Some(facts.plugin_version)),
            agent_id: name(identity.agent_id.as_deref()),
            provider: name(facts.provider),
            model_id: name(facts.model_id),
            headers: headers(identity, facts.plugin_version),
        }
    }

    /// The JSON object of the keys to add to `payload.metadata`. `present` says which of [`METADATA_KEYS`] the caller
    /// has. Returns `None` if the caller has them all.
    #[must_use]
    pub fn additions(&self, present: [bool; METADATA_KEYS.len()], hints: &Hints) -> Option<String> {
        if present == [true; METADATA_KEYS.len()] {
            return None;
        }
        let [session_id, sticky_key, runtime, correlation] = present.map(|present| !present);
        let metadata = Metadata {
            session_id: session_id.then_some(&self.session_id),
            sticky_key: sticky_key.then_some(&self.session_id),
            requester_runtime: runtime.then(|| self.runtime(hints)),
            openclaw_correlation: correlation.then(|| self.correlation()),
        };
        // Strings and booleans always have a JSON form.
        serde_json::to_string(&metadata).ok()
    }

    /// The values of [`HEADERS`]. A value is `None` if it is unknown or cannot be sent.
    #[must_use]
    pub fn headers(&self) -> &[Option<String>; HEADERS.len()] {
        &self.headers
    }

    fn runtime(&self, hints: &Hints) -> Runtime<'_> {
        Runtime {
            schema_version: "2026-06-04",
            source: SOURCE,
            session_key: &self.session_id,
            openclaw_session_id: &self.session_id,
            requester_host_id: &self.host_id,
            repo_name: name(hints.repo_name.as_deref()),
            git_branch_hint: name(hints.branch.as_deref()),
            git_dirty_hint: hints.dirty,
            provider: self.provider.as_deref(),
            model_id: self.model_id.as_deref(),
            session_source_hint: &self.source_hint,
            tool_execution: "direction_2_gateway",
            metadata_classification: Classification {
                identifiers: "hashed",
                repository: "name_branch_dirty_only",
                local_paths: "omitted_by_default",
            },
            redaction_policy: "no_secrets;no_raw_local_paths;no_env_values;no_git_remotes;\
                               no_status_or_diffs;no_extra_params",
        }
    }

    fn correlation(&self) -> Correlation<'_> {
        Correlation {
            schema_version: "2026-06-05",
            source: SOURCE,
            plugin_version: self.plugin_version.as_deref(),
            session_id: &self.session_id,
            sticky_key: &self.session_id,
            session_source_hint: &self.source_hint,
            agent_id: self.agent_id.as_deref(),
            provider: self.provider.as_deref(),
            model_id: self.model_id.as_deref(),
        }
    }
}

/// A name without control characters, cut to [`NAME_LIMIT`].
fn name(value: Option<&str>) -> Option<String> {
    bounded(value?, NAME_LIMIT)
}

fn headers(identity: &Identity, plugin_version: &str) -> [Option<String>; HEADERS.len()] {
    [
        Some(identity.session_id.as_str()),
        Some(&identity.session_id),
        identity.agent_id.as_deref(),
        Some(plugin_version),
    ]
    .map(|value| value.filter(|value| is_header_safe(value)).map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::SessionSource;
    use serde_json::{Map, Value};

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
            source_hint: "source:3451aa385a62dc7b".to_owned(),
            agent_id: agent_id.map(str::to_owned),
            workspace: None,
        }
    }

    fn all(identity: &Identity, facts: Facts<'_>) -> Value {
        let text = Envelope::new(identity, facts)
            .additions([false; 4], &Hints::default())
            .expect("all four keys");
        serde_json::from_str(&text).expect("JSON")
    }

    #[test]
    fn the_metadata_has_all_keys_in_their_order() {
        let text = Envelope::new(&identity(Some("new-agent-2")), FACTS)
            .additions([false; 4], &Hints::default());
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
    fn unknown_values_are_left_out() {
        let value = all(&identity(None), Facts { provider: None, model_id: Some("\n"), ..FACTS });
        for part in ["requester_runtime", "openclaw_correlation"] {
            for key in ["agent_id", "provider", "model_id"] {
                assert_eq!(value[part].get(key), None, "{part}.{key}");
            }
        }
    }

    #[test]
    fn names_are_cut_and_have_no_control_characters() {
        let long = format!("a\n{}", "日".repeat(300));
        let value = all(
            &identity(Some(&long)),
            Facts { provider: Some(&long), model_id: Some(&long), ..FACTS },
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
    fn only_keys_that_the_caller_lacks_are_added() {
        let envelope = Envelope::new(&identity(None), FACTS);
        let everything = all(&identity(None), FACTS);
        for bits in 0_u8..16 {
            let present: [bool; 4] = std::array::from_fn(|index| bits & (1 << index) != 0);
            let added = envelope.additions(present, &Hints::default());
            let added: Map<String, Value> = added
                .map(|text| serde_json::from_str(&text).expect("a JSON object"))
                .unwrap_or_default();
            let keys: Vec<&str> = added.keys().map(String::as_str).collect();
            let expected: Vec<&str> =
                (0..4).filter(|i| !present[*i]).map(|i| METADATA_KEYS[i]).collect();
            assert_eq!(keys, expected);
            for (key, value) in &added {
                assert_eq!(value, &everything[key]);
            }
        }
    }

    #[test]
    fn known_hints_stand_between_host_and_provider() {
        let envelope = Envelope::new(&identity(None), FACTS);
        let runtime = |hints: &Hints| -> Map<String, Value> {
            let text = envelope.additions([false; 4], hints).expect("all four keys");
            let value: Value = serde_json::from_str(&text).expect("JSON");
            value["requester_runtime"].as_object().expect("an object").clone()
        };
        let hints = Hints {
            repo_name: Some("a \"quoted\" name".to_owned()),
            branch: Some("feature/ü".to_owned()),
            dirty: Some(false),
        };
        let all = runtime(&hints);
        let keys: Vec<&str> = all.keys().map(String::as_str).skip(4).take(5).collect();
        assert_eq!(
            keys,
            ["requester_host_id", "repo_name", "git_branch_hint", "git_dirty_hint", "provider"]
        );
        assert_eq!(all["repo_name"], "a \"quoted\" name");
        assert_eq!(all["git_branch_hint"], "feature/ü");
        assert_eq!(all["git_dirty_hint"], false);

        let none = runtime(&Hints::default());
        for key in ["repo_name", "git_branch_hint", "git_dirty_hint"] {
            assert!(!none.contains_key(key), "{key}");
        }
        let partial = envelope.additions([true, true, false, true], &hints);
        let partial: Value = serde_json::from_str(&partial.expect("one key")).expect("JSON");
        assert_eq!(partial["requester_runtime"], Value::Object(all));
        assert_eq!(partial.as_object().map(Map::len), Some(1));
    }

    #[test]
    fn a_value_that_cannot_be_sent_is_left_out_of_the_headers() {
        let names = |agent| -> Vec<&'static str> {
            let envelope = Envelope::new(&identity(agent), FACTS);
            let values = HEADERS.iter().zip(envelope.headers());
            values.filter_map(|(name, value)| value.as_ref().and(Some(*name))).collect()
        };
        let without = ["X-Session-Id", "X-OpenClaw-Session-Id", "X-OpenClaw-Plugin-Version"];
        let mut with = without.to_vec();
        with.insert(2, "X-OpenClaw-Agent-Id");
        assert_eq!(names(Some("new-agent-2")), with);
        for agent in [None, Some("日本"), Some("a\r\nX-Evil: 1"), Some(&*"x".repeat(201))] {
            assert_eq!(names(agent), without, "{agent:?}");
        }
    }
}
