//! What may be wrong without a word: each thing that is looked at, what was found, and what to do.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    agent,
    store::{Moves, OfModel, Used},
    surroundings::{Surroundings, variable},
    usage::Tally,
};

/// What is known of the gateway that the addon cannot see. It names no path, key or host.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Facts {
    /// `workspace` or `conversation`.
    pub affinity: Option<String>,
    /// What is not understood of the plugin's configuration.
    pub not_understood: Vec<String>,
    /// The version of the package's own binary.
    pub binary: Option<String>,
    /// The version of the package.
    pub package: Option<String>,
    /// Providers that another plugin owns or hooks first.
    pub owned: Vec<Owned>,
    /// How many calls of a provider passed this plugin by, where its latest one did.
    pub unasked: BTreeMap<String, u64>,
    /// The entries of the providers that are served, where the host's configuration can be read.
    pub providers: Option<Vec<Provider>>,
    /// Those of several agents that have no workspace of their own.
    pub agents_without_workspace: Vec<String>,
}

impl Facts {
    /// What JSON text says, where it can be read.
    pub(crate) fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }
}

/// A provider that another plugin has.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Owned {
    /// Its id.
    pub provider: String,
    /// The plugins, where they are known.
    pub plugins: Vec<String>,
}

/// The entry of a provider in the host's configuration.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Provider {
    /// Its id.
    pub id: String,
    /// Whether there is a key, as far as that can be told.
    pub has_key: bool,
    /// A hash of the base URL.
    pub base_url: Option<String>,
    /// Names of headers that pin by hand.
    pub pinned: Vec<String>,
    /// Its models.
    pub models: Vec<Model>,
}

/// The entry of a model in the host's configuration.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Model {
    /// Its id.
    pub id: String,
    /// The API that it is called over.
    pub api: Option<String>,
    /// `compat.cacheControlFormat: "anthropic"`.
    pub cache_control: bool,
    /// `compat.supportsPromptCacheKey: true`.
    pub prompt_cache_key: bool,
    /// `cacheRetention`.
    pub retention: Option<String>,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Nothing is wrong.
    Ok,
    /// Something may be wrong, or costs something.
    Warning,
    /// The plugin does not do what it is there for.
    Fault,
}

/// One thing that was looked at. Its texts name no path, key, host or prompt.
#[derive(Debug, Clone, Serialize)]
pub struct Check {
    /// What was looked at.
    pub id: &'static str,
    /// How bad it is.
    pub level: Level,
    /// Whether it makes model calls more expensive than they have to be.
    pub costs: bool,
    /// What was found.
    pub evidence: String,
    /// What to do about it.
    pub advice: Option<&'static str>,
}

/// How many examples evidence names at most.
const EXAMPLES: usize = 3;

const OBSOLETE_VARIABLES: [&str; 3] = [
    "TAAS_REQUESTER_BRIDGE_PLUGIN_ENABLED",
    "TAAS_REQUESTER_BRIDGE_LEASE_URL",
    "TAAS_REQUESTER_BRIDGE_POLL_INTERVAL_MS",
];

/// Everything that is looked at, in the order of its weight. What cannot be looked at has no row that says it is
/// well, but one that says so.
pub(crate) fn checks(
    used: &Used,
    moved: &[Moves],
    facts: Option<&Facts>,
    surroundings: &dyn Surroundings,
) -> Vec<Check> {
    let entries = facts.and_then(|facts| facts.providers.as_deref());
    let all = [
        entries.is_none().then(unread),
        facts.map(ownership),
        facts.map(unseen_calls),
        facts.map(binary),
        entries.map(provider_entry),
        entries.map(pinned_headers),
        Some(session_variable(surroundings)),
        Some(two_workspaces(moved, facts)),
        entries.map(|entries| cache_markers(used, entries)),
        Some(low_hit_rate(used)),
        Some(anonymous(used)),
        Some(autorouter(used)),
        facts.map(config),
        Some(obsolete_variables(surroundings)),
    ];
    all.into_iter().flatten().collect()
}

fn unread() -> Check {
    Check {
        id: "facts",
        level: Level::Warning,
        costs: false,
        evidence: "the gateway's configuration could not be read, so that nothing was judged by it"
            .to_owned(),
        advice: Some("report it: this is a fault of the plugin, or of how OpenClaw is embedded"),
    }
}

/// A check with what was found, if anything was; else what is right.
struct Looked {
    id: &'static str,
    level: Level,
    costs: bool,
    right: &'static str,
    advice: &'static str,
}

impl Looked {
    fn found(self, found: &[String]) -> Check {
        let Self { id, level, costs, right, advice } = self;
        if found.is_empty() {
            return Check { id, level: Level::Ok, costs, evidence: right.to_owned(), advice: None };
        }
        let mut named: Vec<_> = found.iter().take(EXAMPLES).cloned().collect();
        if found.len() > EXAMPLES {
            named.push(format!("and {} more", found.len() - EXAMPLES));
        }
        let evidence = named.join("; ");
        Check { id, level, costs, evidence, advice: Some(advice) }
    }
}

fn ownership(facts: &Facts) -> Check {
    let found: Vec<_> = (facts.owned.iter())
        .map(|Owned { provider, plugins }| match plugins.as_slice() {
            [] => format!("another plugin owns or hooks the provider {provider} first"),
            plugins => {
                format!("the provider {provider} belongs to the plugin {}", plugins.join(", "))
            }
        })
        .collect();
    Looked {
        id: "ownership",
        level: Level::Fault,
        costs: false,
        right: "no other plugin is known to own or hook the providers",
        advice: "disable the other plugin; loading this one before it helps only where that one hooks an alias \
                 (hookAliases): a plugin that registers the provider's own id always comes first; for CloudSigma's \
                 own plugin see docs/beside-cloudsigma.md",
    }
    .found(&found)
}

fn unseen_calls(facts: &Facts) -> Check {
    let found: Vec<_> = (facts.unasked.iter())
        .map(|(provider, count)| {
            format!("{count} model calls of {provider} went by without this plugin")
        })
        .collect();
    Looked {
        id: "unseen-calls",
        level: Level::Fault,
        costs: false,
        right: "no provider's latest model call passed this plugin by",
        advice: "another plugin hooks the provider, or its entry names an api that OpenClaw does not know: use \
                 openai-completions, openai-responses or anthropic-messages",
    }
    .found(&found)
}

fn binary(facts: &Facts) -> Check {
    let said = |version: &Option<String>| version.clone().unwrap_or_else(|| "unknown".to_owned());
    let differs = facts.binary != facts.package;
    let found = differs
        .then(|| format!("binary {}, package {}", said(&facts.binary), said(&facts.package)));
    Looked {
        id: "binary",
        level: Level::Warning,
        costs: false,
        right: "the binary and the package are of one version",
        advice: "restart the gateway; if that does not help, install the package again",
    }
    .found(found.as_slice())
}

fn provider_entry(entries: &[Provider]) -> Check {
    let mut found: Vec<_> = (entries.iter())
        .filter(|provider| !provider.has_key)
        .map(|provider| format!("the entry of {} has no apiKey", provider.id))
        .collect();
    let urls: Vec<_> = entries.iter().filter_map(|provider| provider.base_url.as_deref()).collect();
    if urls.iter().any(|url| Some(url) != urls.first()) {
        let ids: Vec<_> = entries.iter().map(|provider| provider.id.as_str()).collect();
        found.push(format!(
            "{} have different base URLs, so that no pin of one holds for the other",
            ids.join(" and ")
        ));
    }
    Looked {
        id: "provider-entry",
        level: Level::Warning,
        costs: false,
        right: "every provider entry has a key, and all have the same base URL",
        advice: "look at baseUrl and apiKey in models.providers; where one of them is a staging system on purpose, \
                 nothing is wrong",
    }
    .found(&found)
}

fn pinned_headers(entries: &[Provider]) -> Check {
    let found: Vec<_> = (entries.iter())
        .filter(|provider| !provider.pinned.is_empty())
        .map(|provider| format!("the entry of {} sets {}", provider.id, provider.pinned.join(", ")))
        .collect();
    Looked {
        id: "pinned-headers",
        level: Level::Warning,
        costs: false,
        right: "no provider entry sets a header of identity by hand",
        advice: "take the headers out of the provider's and its models' entries: what is set by hand stays as it is, \
                 so that TaaS takes all agents for one",
    }
    .found(&found)
}

fn session_variable(surroundings: &dyn Surroundings) -> Check {
    let found = variable(surroundings, "OPENCLAW_SESSION_ID")
        .map(|_| "OPENCLAW_SESSION_ID is set for the whole gateway".to_owned());
    Looked {
        id: "session-variable",
        level: Level::Warning,
        costs: true,
        right: "OPENCLAW_SESSION_ID is not set",
        advice: "unset it: requests whose workspace is not known share one session for all agents with it",
    }
    .found(found.as_slice())
}

fn two_workspaces(moved: &[Moves], facts: Option<&Facts>) -> Check {
    let without = facts.map_or(&[][..], |facts| &facts.agents_without_workspace);
    let lacks_workspace =
        |name: &str| without.iter().any(|id| agent::normalized(id).as_deref() == Some(name));
    // By conversation a workspace pins nothing.
    let is_pinned = facts.and_then(|facts| facts.affinity.as_deref()) != Some("conversation");
    let mut worst = BTreeMap::new();
    for moves in moved.iter().filter(|_| is_pinned) {
        // OpenClaw gives an agent that lacks one two in turn: there a single move is not an edit.
        if moves.has_returned || lacks_workspace(&moves.agent) {
            let known = worst.entry(&moves.agent).or_insert(moves);
            if moves.count > known.count {
                *known = moves;
            }
        }
    }
    let found: Vec<_> = (worst.values())
        .map(|Moves { agent, latest, other, count, .. }| {
            let explicit = if lacks_workspace(agent) {
                ", and has no workspace of its own in the configuration"
            } else {
                ""
            };
            let other = other.as_deref().unwrap_or_default();
            format!(
                "a conversation of {agent} was seen under {latest} and {other}, and moved so often: {count}{explicit}"
            )
        })
        .collect();
    Looked {
        id: "two-workspaces",
        level: Level::Warning,
        costs: true,
        right: "no agent's pin moves between two workspaces",
        advice: "give each of several agents a workspace of its own in the configuration: without one, OpenClaw gives \
                 an agent two directories in turn, and its pin moves between them",
    }
    .found(&found)
}

/// A model's name as evidence has it. What looks like a path or an address is told by its end alone.
fn shown(name: &str) -> &str {
    let is_place = name.starts_with(['/', '~', '.']) || name.contains("//") || name.contains('\\');
    if is_place { name.rsplit(['/', '\\']).next().unwrap_or_default() } else { name }
}

/// What has to be in the entry of the model that was asked for, so that `model` is cached; `None` where it is.
fn marker_missing(model: &str, entry: &Model) -> Option<&'static str> {
    let model = model.to_ascii_lowercase();
    let api = entry.api.as_deref().unwrap_or_default();
    if model.contains("claude") {
        return match api {
            "anthropic-messages" => (entry.retention.as_deref() == Some("none"))
                .then_some("a cacheRetention other than \"none\""),
            _ => (!entry.cache_control).then_some("compat.cacheControlFormat: \"anthropic\""),
        };
    }
    let is_gpt = model.contains("gpt") && api != "anthropic-messages";
    (is_gpt && !entry.prompt_cache_key).then_some("compat.supportsPromptCacheKey: true")
}

fn cache_markers(used: &Used, entries: &[Provider]) -> Check {
    let entry = |model: &OfModel| {
        let (provider, id) = model.asked.as_ref()?;
        let provider = entries.iter().find(|entry| *entry.id == **provider)?;
        let bare = id.strip_prefix(provider.id.as_str()).and_then(|id| id.strip_prefix('/'));
        let is_it = |entry: &&Model| *entry.id == **id || Some(entry.id.as_str()) == bare;
        Some((provider, provider.models.iter().find(is_it)?))
    };
    let found: Vec<_> = (used.models.iter())
        .filter(|(_, model)| model.is_uncached())
        .filter_map(|(name, model)| {
            let (provider, entry) = entry(model)?;
            let missing = marker_missing(name, entry)?;
            Some(format!(
                "no token of {} calls to {} came from a cache; write {missing} into the entry of the model {} in \
                 models.providers.{}",
                model.tally.prompts,
                shown(name),
                shown(&entry.id),
                provider.id
            ))
        })
        .collect();
    Looked {
        id: "cache-markers",
        level: Level::Warning,
        costs: true,
        right: "no model was seen that needs cache markers and lacks them",
        advice: "a warm slot is worth nothing without cache markers: see the README, \"Turn caching on\"",
    }
    .found(&found)
}

fn low_hit_rate(used: &Used) -> Check {
    let found: Vec<_> = (used.sessions.iter())
        .filter_map(|(id, session)| {
            let (rate, calls) = session.low_hit_rate()?;
            let agent = session.agent.as_deref().map(|agent| format!(" of {agent}"));
            Some(format!(
                "{id}{} has a hit rate of {:.0} % over its last {calls} calls",
                agent.unwrap_or_default(),
                // 19.6 % is under 20 %, and has to look so.
                (rate * 100.0).floor(),
            ))
        })
        .collect();
    Looked {
        id: "low-hit-rate",
        level: Level::Warning,
        costs: true,
        right: "no session of 20 calls or more has a hit rate under 20 %",
        advice: "see whether cache markers are missing, whether prompts change at their beginning from call to call, and \
                 whether calls are further apart than a cache is kept",
    }
    .found(&found)
}

fn anonymous(used: &Used) -> Check {
    let found =
        (used.anonymous > 0).then(|| format!("calls that named no agent: {}", used.anonymous));
    Looked {
        id: "anonymous",
        level: Level::Warning,
        costs: true,
        right: "every call named its agent",
        advice: "OpenClaw does not say whose some simple completions are where it configures several agents: give them a \
                 model of their own, or call them with an agent",
    }
    .found(found.as_slice())
}

fn autorouter(used: &Used) -> Check {
    let Tally { answers, routed, .. } = used.totals;
    let found = (answers > 0 && routed == 0)
        .then(|| format!("none of {answers} answers said X-TaaS-Autorouted: true"));
    Looked {
        id: "autorouter",
        level: Level::Warning,
        costs: false,
        right: "TaaS says which model it routed to, or nothing was asked yet",
        advice: "ask for a model that the autorouter serves; if you do, something between TaaS and the gateway takes the \
                 headers away",
    }
    .found(found.as_slice())
}

fn config(facts: &Facts) -> Check {
    // All of it: whoever corrects one would meet the next.
    let found = (!facts.not_understood.is_empty()).then(|| {
        format!("{} is not understood", facts.not_understood.join(" is not understood; "))
    });
    Looked {
        id: "config",
        level: Level::Warning,
        costs: false,
        right: "all of the plugin's configuration is understood",
        advice: "correct it in plugins.entries.openclaw-taas-affinity.config; until then the default counts",
    }
    .found(found.as_slice())
}

fn obsolete_variables(surroundings: &dyn Surroundings) -> Check {
    let set = OBSOLETE_VARIABLES.into_iter().filter(|name| surroundings.variable(name).is_some());
    let found: Vec<_> = set.map(|name| format!("{name} is set, which has no effect")).collect();
    Looked {
        id: "obsolete-variables",
        level: Level::Warning,
        costs: false,
        right: "no variable is set that has no effect",
        advice: "unset them",
    }
    .found(&found)
}
