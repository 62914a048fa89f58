//! Finds models that are never cached because their entry in the configuration does not ask for caching.

use super::{Model, Provider};
use crate::store::{OfModel, Usage};

pub(super) fn missing(usage: &Usage, providers: &[Provider]) -> Vec<String> {
    let uncached = usage.models.iter().filter(|(_, model)| model.is_uncached());
    let problems = uncached.filter_map(|(name, model)| {
        let (provider, entry) = requested(model, providers)?;
        let missing = missing_marker(name, entry)?;
        Some(format!(
            "no prompt token of {} calls to {} came from a cache: add {missing} to the model {} in models.providers.{}",
            model.tally.prompts,
            without_path(name),
            without_path(&entry.id),
            provider.id
        ))
    });
    problems.collect()
}

/// The entries of the provider and the model that the latest call to `model` requested.
fn requested<'a>(model: &OfModel, providers: &'a [Provider]) -> Option<(&'a Provider, &'a Model)> {
    let (provider, id) = model.requested.as_ref()?;
    let provider = providers.iter().find(|entry| entry.id == *provider)?;
    let bare = id.strip_prefix(provider.id.as_str()).and_then(|id| id.strip_prefix('/'));
    let mut models = provider.models.iter();
    let entry = models.find(|entry| entry.id == *id || Some(entry.id.as_str()) == bare)?;
    Some((provider, entry))
}

/// The setting that `entry` lacks to make the model `name` cacheable.
fn missing_marker(name: &str, entry: &Model) -> Option<&'static str> {
    let name = name.to_ascii_lowercase();
    let is_anthropic = entry.api.as_deref() == Some("anthropic-messages");
    let (is_missing, marker) = if name.contains("claude") && is_anthropic {
        (entry.retention.as_deref() == Some("none"), "a cacheRetention other than \"none\"")
    } else if name.contains("claude") {
        (!entry.cache_control, "compat.cacheControlFormat: \"anthropic\"")
    } else {
        let is_gpt = name.contains("gpt") && !is_anthropic;
        (is_gpt && !entry.prompt_cache_key, "compat.supportsPromptCacheKey: true")
    };
    is_missing.then_some(marker)
}

/// A model's name, or only its last segment if the name looks like a path or an address.
fn without_path(name: &str) -> &str {
    let is_path = name.starts_with(['/', '~', '.']) || name.contains("//") || name.contains('\\');
    if is_path { name.rsplit(['/', '\\']).next().unwrap_or_default() } else { name }
}
