//! Which algorithm the autorouter is asked to choose by, for sessions and agents that someone chose one for.

use std::{collections::BTreeMap, str::FromStr};

use serde::{Deserialize, Serialize};

/// How many choices there may be. One that someone made never makes room for another one.
pub const CHOICE_LIMIT: usize = 256;

/// An algorithm of the autorouter, as TaaS names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Chooser {
    /// An affinity session.
    Session(String),
    /// An agent, by the name that tells agents apart.
    Agent(String),
}

/// There is no room for another choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full;

/// A choice that was made, or taken back, and when.
pub(super) type Made = (Chooser, Option<Algorithm>, i64);

#[derive(Debug, Default)]
pub(super) struct Choices {
    chosen: BTreeMap<Chooser, (Algorithm, i64)>,
    /// What was taken back last, so that it does not come back from a store that still has it.
    cleared: BTreeMap<Chooser, i64>,
}

impl Choices {
    /// Makes a choice, or takes it back, and says what was chosen before.
    pub(super) fn set(
        &mut self,
        chooser: Chooser,
        algorithm: Option<Algorithm>,
        now: i64,
    ) -> Result<Option<Algorithm>, Full> {
        // Later than what it takes the place of, whatever the clock says.
        let at = self.made_at(&chooser).map_or(now, |before| now.max(before.saturating_add(1)));
        if algorithm.is_none() && !self.chosen.contains_key(&chooser) {
            return Ok(None);
        }
        self.put(chooser, algorithm, at)
    }

    /// When something was chosen or taken back last.
    fn made_at(&self, chooser: &Chooser) -> Option<i64> {
        let chosen = self.chosen.get(chooser).map(|(_, at)| at);
        chosen.or_else(|| self.cleared.get(chooser)).copied()
    }

    fn put(
        &mut self,
        chooser: Chooser,
        algorithm: Option<Algorithm>,
        at: i64,
    ) -> Result<Option<Algorithm>, Full> {
        let previous = if let Some(algorithm) = algorithm {
            if self.chosen.len() >= CHOICE_LIMIT && !self.chosen.contains_key(&chooser) {
                return Err(Full);
            }
            self.cleared.remove(&chooser);
            self.chosen.insert(chooser, (algorithm, at))
        } else {
            let previous = self.chosen.remove(&chooser);
            self.cleared.insert(chooser, at);
            if self.cleared.len() > CHOICE_LIMIT {
                let oldest = self.cleared.iter().min_by_key(|(_, at)| **at);
                let oldest = oldest.map(|(chooser, _)| chooser.clone());
                oldest.and_then(|chooser| self.cleared.remove(&chooser));
            }
            previous
        };
        Ok(previous.map(|(algorithm, _)| algorithm))
    }

    /// What was chosen for a session, for its workspace's one, or for an agent: the first that is.
    pub(super) fn of(&self, sessions: [Option<&str>; 2], agent: Option<&str>) -> Option<Algorithm> {
        if self.chosen.is_empty() {
            return None;
        }
        let sessions = sessions.into_iter().flatten().map(str::to_owned).map(Chooser::Session);
        let agent = agent.map(str::to_owned).map(Chooser::Agent);
        let mut choosers = sessions.chain(agent);
        choosers.find_map(|chooser| self.chosen.get(&chooser)).map(|(algorithm, _)| *algorithm)
    }

    pub(super) fn len(&self) -> usize {
        self.chosen.len()
    }

    pub(super) fn all(&self) -> Vec<(Chooser, Algorithm)> {
        let chosen = self.chosen.iter();
        chosen.map(|(chooser, (algorithm, _))| (chooser.clone(), *algorithm)).collect()
    }

    /// All that was chosen or taken back.
    pub(super) fn made(&self) -> Vec<Made> {
        let chosen = self.chosen.iter();
        let chosen = chosen.map(|(chooser, (algorithm, at))| (chooser, Some(*algorithm), *at));
        let cleared = self.cleared.iter().map(|(chooser, at)| (chooser, None, *at));
        chosen.chain(cleared).map(|(chooser, made, at)| (chooser.clone(), made, at)).collect()
    }

    /// Takes in what was chosen or taken back elsewhere; what was done last counts. What there is no room for
    /// is left where it was.
    pub(super) fn merge(&mut self, made: Vec<Made>) {
        for (chooser, algorithm, at) in made {
            if self.made_at(&chooser).is_none_or(|own| own < at) {
                let _ = self.put(chooser, algorithm, at);
            }
        }
    }
}
