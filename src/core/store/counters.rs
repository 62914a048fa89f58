//! Sums that never decrease, for metrics: by agent and routed model.

use std::collections::{BTreeMap, BTreeSet};

use super::{CallIdentity, LIMIT, usage::MODEL_LIMIT};
use crate::usage::{Ended, Outcome, Tokens};

/// Stands for the agents and the models that came when the counters were full.
pub(crate) const OTHER: &str = "other";

/// Stands for a missing agent or model.
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

/// All counters. The first agents and models keep their names for good, because a counter whose name comes and goes would
/// decrease.
#[derive(Debug, Default, Clone)]
pub(crate) struct Counters {
    /// By agent, then by model.
    pub(crate) sums: BTreeMap<String, BTreeMap<String, Sums>>,
    models: BTreeSet<String>,
    /// Calls without an agent id.
    pub(crate) anonymous: u64,
    pub(crate) algorithm_changes: u64,
}

impl Counters {
    /// Adds a call.
    pub(super) fn add(&mut self, identity: &CallIdentity<'_>, call: &Ended<'_>) {
        self.anonymous += u64::from(identity.agent_id.is_none());
        let (agent, model) = (identity.agent_id.unwrap_or(UNKNOWN), call.model.unwrap_or(UNKNOWN));
        let is_named = self.sums.contains_key(agent) || self.sums.len() < LIMIT.get();
        let agent = if is_named { agent } else { OTHER };
        let is_named = self.models.contains(model) || self.models.len() < MODEL_LIMIT.get();
        let model = if is_named { model } else { OTHER };
        if !self.models.contains(model) {
            self.models.insert(model.to_owned());
        }
        let models = self.sums.entry(agent.to_owned()).or_default();
        let sums = models.entry(model.to_owned()).or_default();
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_of_too_many_agents_and_models_are_summed_and_nothing_decreases() {
        let mut counters = Counters::default();
        let mut add = |agent: &str, model: &str| {
            let identity = CallIdentity { agent_id: Some(agent), ..CallIdentity::default() };
            counters.add(&identity, &Ended { model: Some(model), ..Ended::default() });
        };
        for number in 0..400 {
            add(&format!("agent-{number}"), &format!("model-{number}"));
        }
        add("agent-0", "model-0");
        let sums = &counters.sums;
        assert_eq!(sums.len(), LIMIT.get() + 1);
        assert_eq!(sums["agent-0"]["model-0"].aborted, 2);
        assert_eq!(sums["agent-100"][OTHER].aborted, 1);
        assert_eq!(sums[OTHER][OTHER].aborted, 400 - 256);
        assert_eq!(counters.models.len(), MODEL_LIMIT.get() + 1);
        let all = sums.values().flat_map(BTreeMap::values).map(|sums| sums.aborted);
        assert_eq!(all.sum::<u64>(), 401);
    }
}
