//! What JavaScript knows of the gateway and the doctor needs. No field holds a path, key or host.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The facts of one query.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Facts {
    /// The setting `affinity`: `workspace` or `conversation`.
    pub affinity: Option<String>,
    /// The plugin's settings that are ignored because they are invalid.
    pub not_understood: Vec<String>,
    /// The version that the loaded addon was built for.
    pub binary: Option<String>,
    /// The version of the package.
    pub package: Option<String>,
    /// Providers that another plugin owns or hooks first.
    pub owned: Vec<Owned>,
    /// Number of calls that bypassed this plugin, by provider id.
    pub unasked: BTreeMap<String, u64>,
    /// The provider entries, or `None` if the host's configuration could not be read.
    pub providers: Option<Vec<Provider>>,
    /// Ids of the configured agents, or `None` if they are unknown or too many.
    pub agents: Option<Vec<String>>,
    /// Ids of agents without a workspace of their own, if there are several agents.
    pub agents_without_workspace: Vec<String>,
}

/// A provider that another plugin owns or hooks first.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Owned {
    /// The provider id.
    pub provider: String,
    /// Ids of the other plugins, if they are known.
    pub plugins: Vec<String>,
}

/// A provider entry of the host's configuration.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Provider {
    /// The provider id.
    pub id: String,
    /// Whether the entry has, or may have, an API key.
    pub has_key: bool,
    /// Names of identity headers that the entry sets.
    pub pinned: Vec<String>,
    /// The models of the entry.
    pub models: Vec<Model>,
}

/// A model of a provider entry.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Model {
    /// The model id.
    pub id: String,
    /// The API of the model, such as `openai-completions`.
    pub api: Option<String>,
    /// Whether `compat.cacheControlFormat` is `"anthropic"`.
    pub cache_control: bool,
    /// Whether `compat.supportsPromptCacheKey` is `true`.
    pub prompt_cache_key: bool,
    /// `cacheRetention`.
    pub retention: Option<String>,
}
