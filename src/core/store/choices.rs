//! Which algorithm the autorouter is asked to choose by, for sessions and agents that someone chose one for.

use std::{collections::BTreeMap, str::FromStr};

/// How many choices there may be. One that someone made never makes room for another one.
pub const CHOICE_LIMIT: usize = 256;

/// An algorithm of the autorouter, as TaaS names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// The model that fits the request best.
    BestFit,
    /// The best for its price.
    PricePerformance,
    /// As much saved as quality allows.
    SavingsCurve,
    /// The cheapest.
    Cost,
    /// The quickest to its first token.
    Ttft,
    /// The most tokens a second.
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

    /// As the header says it.
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

/// The text names no algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoAlgorithm;

impl FromStr for Algorithm {
    type Err = NoAlgorithm;

    fn from_str(text: &str) -> Result<Self, NoAlgorithm> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == text).ok_or(NoAlgorithm)
    }
}

/// For whom one is chosen.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Chooser {
    /// An affinity session.
    Session(String),
    /// An agent, by the name that tells agents apart.
    Agent(String),
}

/// There is no room for another choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full;

#[derive(Debug, Default)]
pub(super) struct Choices(BTreeMap<Chooser, Algorithm>);

impl Choices {
    /// Makes a choice, or takes it back, and says what was chosen before.
    pub(super) fn set(
        &mut self,
        chooser: Chooser,
        algorithm: Option<Algorithm>,
    ) -> Result<Option<Algorithm>, Full> {
        let Some(algorithm) = algorithm else {
            return Ok(self.0.remove(&chooser));
        };
        if self.0.len() >= CHOICE_LIMIT && !self.0.contains_key(&chooser) {
            return Err(Full);
        }
        Ok(self.0.insert(chooser, algorithm))
    }

    /// What was chosen for a session, for its workspace's one, or for an agent: the first that is.
    pub(super) fn of(&self, sessions: [Option<&str>; 2], agent: Option<&str>) -> Option<Algorithm> {
        if self.0.is_empty() {
            return None;
        }
        let sessions = sessions.into_iter().flatten().map(str::to_owned).map(Chooser::Session);
        let agent = agent.map(str::to_owned).map(Chooser::Agent);
        let mut choosers = sessions.chain(agent);
        choosers.find_map(|chooser| self.0.get(&chooser)).copied()
    }

    pub(super) fn all(&self) -> Vec<(Chooser, Algorithm)> {
        self.0.iter().map(|(chooser, algorithm)| (chooser.clone(), *algorithm)).collect()
    }
}
