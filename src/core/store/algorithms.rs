//! The autorouter algorithms that operators set, for sessions and agents.

use std::collections::BTreeMap;

/// How many settings there can be. A new setting never evicts another one.
pub const ALGORITHM_LIMIT: usize = 256;

/// Every algorithm of the autorouter, as the request header names them. `docs/status.md` explains them.
pub const ALGORITHMS: [Algorithm; 6] =
    ["best_fit", "price_performance", "savings_curve", "cost", "ttft", "tps"];

/// One of [`ALGORITHMS`].
pub type Algorithm = &'static str;

/// What an algorithm is set for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum AlgorithmTarget {
    /// An affinity session id.
    Session(String),
    /// A normalized agent id.
    Agent(String),
}

/// [`ALGORITHM_LIMIT`] is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Full;

#[derive(Debug, Default)]
pub(super) struct Algorithms(pub(super) BTreeMap<AlgorithmTarget, Algorithm>);

impl Algorithms {
    /// Sets or clears an algorithm, and returns the previous one.
    pub(super) fn set(
        &mut self,
        target: AlgorithmTarget,
        algorithm: Option<Algorithm>,
    ) -> Result<Option<Algorithm>, Full> {
        let Some(algorithm) = algorithm else {
            return Ok(self.0.remove(&target));
        };
        if self.0.len() >= ALGORITHM_LIMIT && !self.0.contains_key(&target) {
            return Err(Full);
        }
        Ok(self.0.insert(target, algorithm))
    }

    /// The algorithm of a call: of the first of its `sessions` that has one, else of its agent.
    pub(super) fn of(&self, sessions: [Option<&str>; 2], agent: Option<&str>) -> Option<Algorithm> {
        let sessions = sessions.into_iter().flatten().map(str::to_owned);
        let agent = agent.map(str::to_owned).map(AlgorithmTarget::Agent);
        let mut targets = sessions.map(AlgorithmTarget::Session).chain(agent);
        targets.find_map(|target| self.0.get(&target)).copied()
    }
}
