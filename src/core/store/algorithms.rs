//! The autorouter algorithms that operators set, for sessions and agents.

use std::{collections::BTreeMap, str::FromStr};

/// How many settings there can be. A new setting never evicts another one.
pub const ALGORITHM_LIMIT: usize = 256;

/// An algorithm of the autorouter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// The model that fits the request best.
    BestFit,
    /// The best model for its price.
    PricePerformance,
    /// The highest saving that keeps the quality.
    SavingsCurve,
    /// The cheapest model.
    Cost,
    /// The shortest time to the first token.
    Ttft,
    /// The most tokens per second.
    Tps,
}

impl Algorithm {
    /// Every algorithm.
    pub const ALL: [Self; 6] = [
        Self::BestFit,
        Self::PricePerformance,
        Self::SavingsCurve,
        Self::Cost,
        Self::Ttft,
        Self::Tps,
    ];

    /// The value of the request header.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::BestFit => "best_fit",
            Self::PricePerformance => "price_performance",
            Self::SavingsCurve => "savings_curve",
            Self::Cost => "cost",
            Self::Ttft => "ttft",
            Self::Tps => "tps",
        }
    }
}

/// The text is not the name of an algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownAlgorithm;

impl FromStr for Algorithm {
    type Err = UnknownAlgorithm;

    fn from_str(text: &str) -> Result<Self, UnknownAlgorithm> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == text).ok_or(UnknownAlgorithm)
    }
}

/// What an algorithm is set for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum AlgorithmTarget {
    /// An affinity session id.
    Session(String),
    /// A normalized agent id.
    Agent(String),
}

/// [`ALGORITHM_LIMIT`] is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full;

#[derive(Debug, Default)]
pub(super) struct Algorithms(BTreeMap<AlgorithmTarget, Algorithm>);

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
        if self.0.is_empty() {
            return None;
        }
        let sessions = sessions.into_iter().flatten().map(str::to_owned);
        let agent = agent.map(str::to_owned).map(AlgorithmTarget::Agent);
        let mut targets = sessions.map(AlgorithmTarget::Session).chain(agent);
        targets.find_map(|target| self.0.get(&target)).copied()
    }

    pub(super) fn all(&self) -> Vec<(AlgorithmTarget, Algorithm)> {
        self.0.iter().map(|(target, algorithm)| (target.clone(), *algorithm)).collect()
    }
}
