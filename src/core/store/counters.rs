//! Sums that never decrease, for metrics: by agent and answering model.

use std::collections::{BTreeMap, BTreeSet};

use super::{CallIdentity, LIMIT, usage::MODEL_LIMIT};
use crate::usage::{Ended, Outcome, Tokens};

/// Stands for the agents and the models that came when the counters were full.
pub(crate) const OTHER: &str = "other";

/// How many pairs of an agent and a model have sums of their own. A scrape writes all of them on the gateway's thread.
const PAIR_LIMIT: usize = 1024;

/// Stands for a missing agent or model, and for a model whose name must not be shown.
pub(crate) const UNKNOWN: &str = "unknown";

/// The sums of one agent's calls that one model answered.
#[derive(Debug, Default, Clone)]
pub(crate) struct Sums {
    pub(crate) completed: u64,
    pub(crate) failed: u64,
    /// Calls that their caller gave up.
    pub(crate) aborted: u64,
    pub(crate) tokens: Tokens,
    /// US dollars, of calls with known prices.
    pub(crate) cost: f64,
    /// The same, as if nothing had been cached.
    pub(crate) uncached_cost: f64,
}

/// The counters of one agent.
#[derive(Debug, Default, Clone)]
pub(crate) struct OfAgent {
    pub(crate) models: BTreeMap<String, Sums>,
    /// The model that the autorouter chose for the latest run.
    route: Option<String>,
    route_changes: u64,
}

/// All counters. The first agents and models keep their names for good, because a counter whose name comes and goes would
/// decrease.
#[derive(Debug, Default, Clone)]
pub(crate) struct Counters {
    pub(crate) agents: BTreeMap<String, OfAgent>,
    models: BTreeSet<String>,
    /// The number of pairs of an agent and a model.
    pairs: usize,
    /// Calls without an agent id.
    pub(crate) anonymous: u64,
    pub(crate) algorithm_changes: u64,
}

impl Counters {
    /// Adds a call.
    pub(super) fn add(&mut self, identity: &CallIdentity<'_>, call: &Ended<'_>) {
        self.anonymous += u64::from(identity.agent_id.is_none());
        let agent = identity.agent_id.unwrap_or(UNKNOWN);
        let is_named = self.agents.contains_key(agent) || self.agents.len() < LIMIT.get();
        let agent = if is_named { agent } else { OTHER };
        let model = call.model.filter(|model| !is_place(model)).unwrap_or(UNKNOWN);
        let is_named = self.models.contains(model) || self.models.len() < MODEL_LIMIT.get();
        let model = if is_named { model } else { OTHER };
        if !self.models.contains(model) {
            self.models.insert(model.to_owned());
        }
        let of_agent = self.agents.entry(agent.to_owned()).or_default();
        let is_new = !of_agent.models.contains_key(model);
        let model = if is_new && self.pairs >= PAIR_LIMIT { OTHER } else { model };
        self.pairs += usize::from(is_new);
        if call.is_run && call.routed {
            let previous = of_agent.route.replace(model.to_owned());
            of_agent.route_changes += u64::from(previous.is_some_and(|previous| previous != model));
        }
        let sums = of_agent.models.entry(model.to_owned()).or_default();
        match call.outcome {
            Outcome::Completed => sums.completed += 1,
            Outcome::Failed => sums.failed += 1,
            Outcome::Aborted => sums.aborted += 1,
        }
        sums.tokens.add(call.tokens);
        if let Some(cost) = call.cost {
            sums.cost += cost.prompt + cost.output;
            sums.uncached_cost += cost.uncached + cost.output;
        }
    }

    /// For each agent, how often the autorouter chose another model for a run than for the run before. Left out are the
    /// names [`OTHER`] and [`UNKNOWN`], which stand for several agents.
    pub(crate) fn route_changes(&self) -> impl Iterator<Item = (&str, u64)> {
        let agents = self.agents.iter().map(|(agent, of)| (agent.as_str(), of));
        let named =
            agents.filter(|(agent, of)| ![OTHER, UNKNOWN].contains(agent) && of.route.is_some());
        named.map(|(agent, of)| (agent, of.route_changes))
    }
}

/// Whether a model is named by its path or URL, as local models can be. A path is private, and a URL can have a password.
fn is_place(model: &str) -> bool {
    let has_password = model.split_once(':').is_some_and(|(_, rest)| rest.contains('@'));
    model.starts_with(['/', '\\', '~', '.'])
        || ["//", ":/", ":\\"].iter().any(|sign| model.contains(sign))
        || has_password
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(agent: &str) -> CallIdentity<'_> {
        CallIdentity { agent_id: Some(agent), ..CallIdentity::default() }
    }

    #[test]
    fn calls_of_too_many_agents_and_models_are_summed_and_nothing_decreases() {
        let mut counters = Counters::default();
        let mut add = |agent: &str, model: &str| {
            counters.add(&of(agent), &Ended { model: Some(model), ..Ended::default() });
        };
        for number in 0..400 {
            add(&format!("agent-{number}"), &format!("model-{number}"));
        }
        add("agent-0", "model-0");
        let agents = &counters.agents;
        assert_eq!(agents.len(), LIMIT.get() + 1);
        assert_eq!(agents["agent-0"].models["model-0"].aborted, 2);
        assert_eq!(agents["agent-100"].models[OTHER].aborted, 1);
        assert_eq!(agents[OTHER].models[OTHER].aborted, 400 - 256);
        assert_eq!(counters.models.len(), MODEL_LIMIT.get() + 1);
        let all = agents.values().flat_map(|of| of.models.values()).map(|sums| sums.aborted);
        assert_eq!(all.sum::<u64>(), 401);
    }

    #[test]
    fn the_number_of_series_is_bounded() {
        let mut counters = Counters::default();
        for agent in 0..LIMIT.get() {
            for model in 0..MODEL_LIMIT.get() {
                let (agent, model) = (format!("agent-{agent}"), format!("model-{model}"));
                let call = Ended { model: Some(&model), ..Ended::default() };
                counters.add(&of(&agent), &call);
                counters.add(&of(&agent), &call);
            }
        }
        let pairs = || counters.agents.values().flat_map(|of| of.models.values());
        assert!(pairs().count() <= PAIR_LIMIT + LIMIT.get(), "{}", pairs().count());
        let all: u64 = pairs().map(|sums| sums.aborted).sum();
        assert_eq!(all, 2 * 256 * 64);
        assert_eq!(counters.agents["agent-0"].models["model-0"].aborted, 2);
        assert_eq!(counters.agents["agent-255"].models[OTHER].aborted, 2 * 64);
    }

    #[test]
    fn a_route_change_is_another_routed_model_of_the_agents_runs() {
        let mut counters = Counters::default();
        let run =
            |model| Ended { model: Some(model), is_run: true, routed: true, ..Ended::default() };
        let title = Ended { is_run: false, ..run("tiny") };
        let requested = Ended { routed: false, ..run("auto") };
        for call in [run("a"), run("a"), title, requested, run("b"), run("a")] {
            counters.add(&of("main"), &call);
            counters.add(&CallIdentity::default(), &call);
        }
        counters.add(&of("new"), &run("b"));
        counters.add(&of("titles"), &title);
        assert_eq!(counters.route_changes().collect::<Vec<_>>(), [("main", 2), ("new", 0)]);
    }

    #[test]
    fn a_model_that_is_named_by_its_path_or_url_is_unknown() {
        let mut counters = Counters::default();
        let names = ["anthropic/claude-sonnet-4.5", "llama3:8b", "a \"b\" \\ c"];
        let places = [
            "/home/me/model.gguf",
            "~/model.gguf",
            "../model.gguf",
            "C:\\models\\x.gguf",
            "\\\\server\\models\\x",
            "file:/models/x",
            "https://me:secret@models.example/x",
        ];
        for model in names.into_iter().chain(places) {
            counters.add(&of("main"), &Ended { model: Some(model), ..Ended::default() });
        }
        let models = &counters.agents["main"].models;
        assert_eq!(models.len(), names.len() + 1);
        assert!(names.iter().all(|name| models.contains_key(*name)));
        assert_eq!(models[UNKNOWN].aborted, 7);
    }
}
