//! The checks: what follows from the facts, the environment and the recorded calls.

use std::collections::BTreeMap;

use super::{Check, Facts, Level, Owned, Provider, Rule};
use crate::{
    agent,
    store::{Moves, UsageSnapshot},
    surroundings::{Surroundings, variable},
    usage::Tally,
};

const OBSOLETE_VARIABLES: [&str; 3] = [
    "TAAS_REQUESTER_BRIDGE_PLUGIN_ENABLED",
    "TAAS_REQUESTER_BRIDGE_LEASE_URL",
    "TAAS_REQUESTER_BRIDGE_POLL_INTERVAL_MS",
];

pub(super) fn missing_facts() -> Check {
    Check {
        id: "facts",
        level: Level::Warning,
        costs: false,
        evidence:
            "the gateway's configuration could not be read, so the checks that need it were skipped"
                .to_owned(),
        advice: Some("report a bug of the plugin, or of the program that embeds OpenClaw"),
    }
}

pub(super) fn ownership(facts: &Facts) -> Check {
    let problems = facts.owned.iter().map(|Owned { provider, plugins }| {
        if plugins.is_empty() {
            return format!("another plugin owns or hooks the provider {provider} first");
        }
        format!("the provider {provider} belongs to the plugin {}", plugins.join(", "))
    });
    Rule {
        id: "ownership",
        level: Level::Fault,
        costs: false,
        ok: "no other plugin is known to own or hook the providers",
        advice: "disable the other plugin. For CloudSigma's plugin, and for the order of plugins, see \
                 docs/beside-cloudsigma.md",
    }
    .check(problems)
}

pub(super) fn unseen_calls(facts: &Facts) -> Check {
    let problems = (facts.unasked.iter())
        .map(|(provider, count)| format!("{} bypassed this plugin", calls(*count, provider)));
    Rule {
        id: "unseen-calls",
        level: Level::Fault,
        costs: false,
        ok: "no provider's latest call bypassed this plugin",
        advice: "see whether another plugin hooks the provider, and whether the provider's entry names an api that \
                 OpenClaw knows: openai-completions, openai-responses or anthropic-messages",
    }
    .check(problems)
}

fn calls(count: u64, provider: &str) -> String {
    format!("{count} model call{} of {provider}", if count == 1 { "" } else { "s" })
}

pub(super) fn binary(facts: &Facts) -> Check {
    let version =
        |version: &Option<String>| version.clone().unwrap_or_else(|| "unknown".to_owned());
    let problem = (facts.binary != facts.package).then(|| {
        let (addon, package) = (version(&facts.binary), version(&facts.package));
        format!("the native addon has version {addon}, but the package has version {package}")
    });
    Rule {
        id: "binary",
        level: Level::Warning,
        costs: false,
        ok: "the native addon and the package have the same version",
        advice: "restart the gateway. If this warning stays, install the package again",
    }
    .check(problem)
}

pub(super) fn provider_entry(providers: &[Provider]) -> Check {
    let without_key = providers.iter().filter(|provider| !provider.has_key);
    let problems =
        without_key.map(|provider| format!("models.providers.{} has no apiKey", provider.id));
    Rule {
        id: "provider-entry",
        level: Level::Warning,
        costs: false,
        ok: "every provider entry has an API key",
        advice: "set apiKey in models.providers",
    }
    .check(problems)
}

pub(super) fn pinned_headers(providers: &[Provider]) -> Check {
    let problems = providers.iter().filter(|provider| !provider.pinned.is_empty()).map(
        |Provider { id, pinned, .. }| format!("models.providers.{id} sets {}", pinned.join(", ")),
    );
    Rule {
        id: "pinned-headers",
        level: Level::Warning,
        costs: false,
        ok: "no provider entry sets an identity header by hand",
        advice: "remove these headers, which were set by hand, from the entries of the provider and its models. The \
                 plugin keeps headers that are already set, so TaaS treats all agents as one",
    }
    .check(problems)
}

pub(super) fn session_variable(surroundings: &dyn Surroundings) -> Check {
    let problem = variable(surroundings, "OPENCLAW_SESSION_ID")
        .map(|_| "OPENCLAW_SESSION_ID is set for the whole gateway".to_owned());
    Rule {
        id: "session-variable",
        level: Level::Warning,
        costs: true,
        ok: "OPENCLAW_SESSION_ID is not set",
        advice: "unset OPENCLAW_SESSION_ID. While it is set, all requests without a known workspace share one session",
    }
    .check(problem)
}

pub(super) fn two_workspaces(moved: &[Moves], facts: Option<&Facts>) -> Check {
    let without = facts.map_or(&[][..], |facts| &facts.agents_without_workspace);
    let lacks_workspace =
        |name: &str| without.iter().any(|id| agent::normalized(id).as_deref() == Some(name));
    let by_conversation =
        facts.is_some_and(|facts| facts.affinity.as_deref() == Some("conversation"));
    let mut most = BTreeMap::<_, &Moves>::new();
    for moves in moved.iter().filter(|_| !by_conversation) {
        // A single move may follow an edit of the configuration. OpenClaw also moves agents without a workspace.
        if moves.has_returned || lacks_workspace(&moves.agent) {
            let known = most.entry(&moves.agent).or_insert(moves);
            if moves.count > known.count {
                *known = moves;
            }
        }
    }
    let problems = most.values().map(|Moves { agent, latest, other, count, .. }| {
        let other = other.as_deref().unwrap_or_default();
        let times = if *count == 1 { "once".to_owned() } else { format!("{count} times") };
        let mut problem = format!(
            "a conversation of {agent} moved {times} between the workspaces {latest} and {other}"
        );
        if lacks_workspace(agent) {
            problem.push_str(", and the configuration gives the agent no workspace");
        }
        problem
    });
    Rule {
        id: "two-workspaces",
        level: Level::Warning,
        costs: true,
        ok: "no conversation moves between two workspaces",
        advice: "give each agent its own workspace in the configuration. Without a workspace, OpenClaw alternates \
                 between two directories, and the other slot has not cached the agent's prompt. `openclaw taas \
                 status --workspace DIR` shows the id of a directory",
    }
    .check(problems)
}

pub(super) fn low_hit_rate(usage: &UsageSnapshot) -> Check {
    let problems = usage.sessions.iter().filter_map(|(id, session)| {
        let (rate, calls) = session.low_hit_rate()?;
        let agent = session.agent.as_deref().map(|agent| format!(" of {agent}"));
        Some(format!(
            "{id}{} has a cache hit rate of {:.0} % in its last {calls} calls",
            agent.unwrap_or_default(),
            // A rate of 19.6 % must not look like the limit of 20 %.
            (rate * 100.0).floor(),
        ))
    });
    Rule {
        id: "low-hit-rate",
        level: Level::Warning,
        costs: true,
        ok: "no session with 20 calls or more has a cache hit rate under 20 %",
        advice: "see whether the model's entry asks for caching (\"Turn caching on\" in the README), whether prompts \
                 change near their beginning, and whether the cache expires between calls",
    }
    .check(problems)
}

pub(super) fn anonymous(usage: &UsageSnapshot) -> Check {
    let problem =
        (usage.anonymous > 0).then(|| format!("calls without an agent id: {}", usage.anonymous));
    Rule {
        id: "anonymous",
        level: Level::Warning,
        costs: true,
        ok: "every call named its agent",
        advice: "give simple completions, such as titles, a model of their own: OpenClaw's setting \
                 agents.defaults.utilityModel. If several agents are configured, OpenClaw does not always say which \
                 agent such a call belongs to",
    }
    .check(problem)
}

pub(super) fn autorouter(usage: &UsageSnapshot) -> Check {
    let Tally { answers, routed, .. } = usage.totals;
    let problem = (answers > 0 && routed == 0)
        .then(|| format!("none of {answers} responses has the header X-TaaS-Autorouted: true"));
    Rule {
        id: "autorouter",
        level: Level::Warning,
        costs: false,
        ok: "TaaS says which model it chose, or there was no response yet",
        advice: "if your agents name their models on purpose, ignore this: the requests have their identity all the \
                 same. If TaaS is to choose the model, request one of the autorouter's models. If you already do, a \
                 proxy between the gateway and TaaS removes the headers",
    }
    .check(problem)
}

pub(super) fn config(facts: &Facts) -> Check {
    // One problem, so that the evidence names every setting.
    let problem = (!facts.not_understood.is_empty())
        .then(|| format!("invalid settings are ignored: {}", facts.not_understood.join(", ")));
    Rule {
        id: "config",
        level: Level::Warning,
        costs: false,
        ok: "every setting of the plugin is valid",
        advice: "correct plugins.entries.openclaw-taas-affinity.config. Until then, the defaults apply",
    }
    .check(problem)
}

pub(super) fn obsolete_variables(surroundings: &dyn Surroundings) -> Check {
    let problems = (OBSOLETE_VARIABLES.into_iter())
        .filter(|name| surroundings.variable(name).is_some())
        .map(|name| format!("{name} is set but has no effect"));
    Rule {
        id: "obsolete-variables",
        level: Level::Warning,
        costs: false,
        ok: "no obsolete variable is set",
        advice: "unset the variables",
    }
    .check(problems)
}
