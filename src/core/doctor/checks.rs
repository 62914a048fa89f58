//! The checks: what follows from the facts, the environment and the recorded calls.

use super::{Level, Owned, Provider, Rule, markers, workspaces};
use crate::surroundings::variable;

const OBSOLETE_VARIABLES: [&str; 3] = [
    "TAAS_REQUESTER_BRIDGE_PLUGIN_ENABLED",
    "TAAS_REQUESTER_BRIDGE_LEASE_URL",
    "TAAS_REQUESTER_BRIDGE_POLL_INTERVAL_MS",
];

/// Every check, the most important first.
pub(super) const RULES: [Rule; 14] = [
    Rule {
        id: "facts",
        level: Level::Warning,
        ok: "",
        advice: |_| "report a bug of the plugin, or of the program that embeds OpenClaw".into(),
        problems: |known| {
            let problem = "the gateway's configuration could not be read, so the checks that need it were skipped";
            known.providers().is_none().then(|| vec![problem.to_owned()])
        },
    },
    Rule {
        id: "ownership",
        level: Level::Fault,
        ok: "no other plugin is known to own or hook the providers",
        advice: |_| {
            "disable the other plugin. For CloudSigma's plugin, and for the order of plugins, see \
                 docs/beside-cloudsigma.md"
                .into()
        },
        problems: |known| {
            let problems = known.facts?.owned.iter().map(|Owned { provider, plugins }| {
                if plugins.is_empty() {
                    return format!("another plugin owns or hooks the provider {provider} first");
                }
                format!("the provider {provider} belongs to the plugin {}", plugins.join(", "))
            });
            Some(problems.collect())
        },
    },
    Rule {
        id: "unseen-calls",
        level: Level::Fault,
        ok: "no provider's latest call bypassed this plugin",
        advice: |_| {
            "see whether another plugin hooks the provider, and whether the provider's entry names an api that \
                 OpenClaw knows: openai-completions, openai-responses or anthropic-messages".into()
        },
        problems: |known| {
            let problems = known.facts?.unasked.iter().map(|(provider, count)| {
                let calls = if *count == 1 { "call" } else { "calls" };
                format!("{count} model {calls} of {provider} bypassed this plugin")
            });
            Some(problems.collect())
        },
    },
    Rule {
        id: "binary",
        level: Level::Warning,
        ok: "the native addon and the package have the same version",
        advice: |_| "restart the gateway. If this warning stays, install the package again".into(),
        problems: |known| {
            let facts = known.facts?;
            let [addon, package] = [&facts.binary, &facts.package]
                .map(|version| version.as_deref().unwrap_or("unknown"));
            Some(one_if(addon != package, || {
                format!(
                    "the native addon has version {addon}, but the package has version {package}"
                )
            }))
        },
    },
    Rule {
        id: "provider-entry",
        level: Level::Warning,
        ok: "every provider entry has an API key",
        advice: |_| {
            "write apiKey: \"${TAAS_API_KEY}\" into the entry, and set this variable for the gateway".into()
        },
        problems: |known| {
            let without_key = known.providers()?.iter().filter(|provider| !provider.has_key);
            let problem = |Provider { id, .. }: &_| format!("models.providers.{id} has no apiKey");
            Some(without_key.map(problem).collect())
        },
    },
    Rule {
        id: "pinned-headers",
        level: Level::Warning,
        ok: "no provider entry sets an identity header by hand",
        advice: |_| {
            "remove these headers, which were set by hand, from the entries of the provider and its models. The \
                 plugin keeps headers that are already set, so TaaS treats all agents as one".into()
        },
        problems: |known| {
            let pinning = known.providers()?.iter().filter(|provider| !provider.pinned.is_empty());
            let problem = |Provider { id, pinned, .. }: &_| {
                format!("models.providers.{id} sets {}", pinned.join(", "))
            };
            Some(pinning.map(problem).collect())
        },
    },
    Rule {
        id: "session-variable",
        level: Level::CostlyWarning,
        ok: "OPENCLAW_SESSION_ID is not set",
        advice: |_| {
            "unset OPENCLAW_SESSION_ID. While it is set, all requests without a known workspace share one session".into()
        },
        problems: |known| {
            let is_set = variable(known.surroundings, "OPENCLAW_SESSION_ID").is_some();
            Some(one_if(is_set, || "OPENCLAW_SESSION_ID is set for the whole gateway".to_owned()))
        },
    },
    Rule {
        id: "two-workspaces",
        level: Level::CostlyWarning,
        ok: "no conversation moves between two workspaces",
        advice: |_| {
            "give each agent its own workspace in the configuration. Without a workspace, OpenClaw alternates \
                 between two directories, and the other slot has not cached the agent's prompt. `openclaw taas \
                 status --workspace DIR` shows the id of a directory".into()
        },
        problems: |known| Some(workspaces::moves_between_two(known)),
    },
    Rule {
        id: "cache-markers",
        level: Level::CostlyWarning,
        ok: "no model is known to lack the setting that asks for caching",
        advice: |known| markers::advice(known.usage, known.providers().unwrap_or_default()).into(),
        problems: |known| Some(markers::problems(known.usage, known.providers()?)),
    },
    Rule {
        id: "low-hit-rate",
        level: Level::CostlyWarning,
        ok: "no session with 20 calls or more has a cache hit rate under 20 %",
        advice: |_| {
            "see whether the model's entry asks for caching (\"Turn caching on\" in the README), whether prompts \
                 change near their beginning, and whether the cache expires between calls".into()
        },
        problems: |known| {
            let problems = known.usage.sessions.iter().filter_map(|(id, session)| {
                let (rate, calls) = session.low_hit_rate()?;
                let agent = session.agent_id.as_ref().map(|agent| format!(" of {agent}"));
                let agent = agent.unwrap_or_default();
                // A rate of 19.6 % must not look like the limit of 20 %.
                let rate = (rate * 100.0).floor();
                Some(format!(
                    "{id}{agent} has a cache hit rate of {rate:.0} % in its last {calls} calls"
                ))
            });
            Some(problems.collect())
        },
    },
    Rule {
        id: "anonymous",
        level: Level::CostlyWarning,
        ok: "every call named its agent",
        advice: |_| {
            "give simple completions, such as titles, a model of their own: OpenClaw's setting \
                 agents.defaults.utilityModel. If several agents are configured, OpenClaw does not always say which \
                 agent such a call belongs to".into()
        },
        problems: |known| {
            let anonymous = known.usage.anonymous;
            Some(one_if(anonymous > 0, || format!("calls without an agent id: {anonymous}")))
        },
    },
    Rule {
        id: "autorouter",
        level: Level::Warning,
        ok: "TaaS says which model it chose, or there was no response yet",
        advice: |_| {
            "if your agents name their models on purpose, ignore this: the requests have their identity all the \
                 same. If TaaS is to choose the model, request one of the autorouter's models. If you already do, a \
                 proxy between the gateway and TaaS removes the headers".into()
        },
        problems: |known| {
            let (answers, routed) = (known.usage.totals.answers, known.usage.totals.routed);
            Some(one_if(answers > 0 && routed == 0, || {
                format!("none of {answers} responses has the header X-TaaS-Autorouted: true")
            }))
        },
    },
    Rule {
        id: "config",
        level: Level::Warning,
        ok: "every setting of the plugin is valid",
        advice: |_| {
            "correct plugins.entries.openclaw-taas-affinity.config. Until then, the defaults apply"
                .into()
        },
        problems: |known| {
            // One problem, so that the evidence names every setting.
            let invalid = known.facts?.not_understood.join(", ");
            Some(one_if(!invalid.is_empty(), || format!("invalid settings are ignored: {invalid}")))
        },
    },
    Rule {
        id: "obsolete-variables",
        level: Level::Warning,
        ok: "no obsolete variable is set",
        advice: |_| "unset the variables".into(),
        problems: |known| {
            let names = OBSOLETE_VARIABLES.into_iter();
            let set = names.filter(|name| known.surroundings.variable(name).is_some());
            Some(set.map(|name| format!("{name} is set but has no effect")).collect())
        },
    },
];

fn one_if(is_problem: bool, describe: impl FnOnce() -> String) -> Vec<String> {
    is_problem.then(describe).into_iter().collect()
}
