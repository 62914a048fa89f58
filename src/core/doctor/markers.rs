//! Finds models that are never cached because their entry in the configuration does not ask for caching.

use std::collections::BTreeSet;

use super::{Model, NAMED_PROBLEMS, Provider};
use crate::store::{OfModel, Usage};

/// What was found, for each model that is never cached.
pub(super) fn problems(usage: &Usage, providers: &[Provider]) -> Vec<String> {
    let describe = |Missing { name, model, place, marker, .. }| {
        format!(
            "no prompt token of {} calls to {} came from a cache, and {place} {}",
            model.tally.prompts,
            without_path(name),
            match marker {
                Marker::CacheControl => "lacks compat.cacheControlFormat: \"anthropic\"",
                Marker::CacheKey => "lacks compat.supportsPromptCacheKey: true",
                Marker::Retention => "has cacheRetention \"none\"",
            }
        )
    };
    missing(usage, providers).map(describe).collect()
}

/// What to write into the configuration, and where.
pub(super) fn advice(usage: &Usage, providers: &[Provider]) -> String {
    let describe = |Missing { model, provider, entry, place, marker, .. }| {
        let is_any_family =
            model.tally.routed > 0 && entry.api.as_deref() != Some("openai-responses");
        match marker {
            Marker::Retention => format!(
                "set params.cacheRetention of \"{provider}/{}\" in agents.defaults.models to \"short\" or \"long\"",
                without_path(&entry.id),
            ),
            _ if is_any_family => format!(
                "give {place} compat: {{ supportsPromptCacheKey: true, cacheControlFormat: \"anthropic\" }}, because \
                 the autorouter may choose GPT, which needs the first, or Claude, which needs the second"
            ),
            Marker::CacheControl => {
                format!("give {place} compat: {{ cacheControlFormat: \"anthropic\" }}")
            }
            Marker::CacheKey => format!("give {place} compat: {{ supportsPromptCacheKey: true }}"),
        }
    };
    // The models that an autorouter chooses often have one entry.
    let actions: BTreeSet<String> = missing(usage, providers).map(describe).collect();
    let actions: Vec<_> = actions.into_iter().take(NAMED_PROBLEMS).collect();
    format!("in openclaw.json, {}. Until then, the plugin saves nothing", actions.join("; "))
}

/// A model that is never cached.
struct Missing<'a> {
    name: &'a str,
    model: &'a OfModel,
    /// The provider and the model that are asked for.
    provider: &'a str,
    entry: &'a Model,
    /// The entry's place in the configuration, in words.
    place: String,
    marker: Marker,
}

/// What an entry lacks, or has too much.
enum Marker {
    CacheControl,
    CacheKey,
    Retention,
}

fn missing<'a>(usage: &'a Usage, providers: &'a [Provider]) -> impl Iterator<Item = Missing<'a>> {
    let uncached = usage.models.iter().filter(|(_, model)| model.is_uncached());
    uncached.filter_map(move |(name, model)| {
        let (provider, entry) = requested(model, providers)?;
        let marker = missing_marker(name, entry)?;
        let provider = provider.id.as_str();
        let place =
            format!("the model \"{}\" in models.providers.{provider}", without_path(&entry.id));
        Some(Missing { name, model, provider, entry, place, marker })
    })
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

/// What `entry` lacks to make the model `name` cacheable.
fn missing_marker(name: &str, entry: &Model) -> Option<Marker> {
    let name = name.to_ascii_lowercase();
    let is_anthropic = entry.api.as_deref() == Some("anthropic-messages");
    let (is_missing, marker) = if name.contains("claude") && is_anthropic {
        (entry.retention.as_deref() == Some("none"), Marker::Retention)
    } else if name.contains("claude") {
        (!entry.cache_control, Marker::CacheControl)
    } else {
        let is_gpt = name.contains("gpt") && !is_anthropic;
        (is_gpt && !entry.prompt_cache_key, Marker::CacheKey)
    };
    is_missing.then_some(marker)
}

/// A model's name, or only its last segment if the name looks like a path or an address.
fn without_path(name: &str) -> &str {
    let is_path = name.starts_with(['/', '~', '.']) || name.contains("//") || name.contains('\\');
    if is_path { name.rsplit(['/', '\\']).next().unwrap_or_default() } else { name }
}
