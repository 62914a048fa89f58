//! The doctor: checks the setup and the calls for problems that cause no error.

use std::borrow::Cow;

use serde::Serialize;

use crate::{
    store::{Conversation, Usage},
    surroundings::Surroundings,
};

mod checks;
mod facts;
mod markers;
mod workspaces;

pub use facts::{Facts, Model, Owned, Provider};

/// How many problems the evidence of a check names.
const NAMED_PROBLEMS: usize = 3;

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Level {
    /// No problem was found.
    Ok,
    /// Something may be wrong.
    Warning,
    /// Something makes model calls more expensive than necessary.
    #[serde(rename = "warning")]
    CostlyWarning,
    /// The plugin does not work.
    Fault,
}

/// One row of the doctor. Its texts contain no path, key, host or prompt.
#[derive(Debug, Serialize)]
pub(crate) struct Check {
    pub(crate) id: &'static str,
    pub(crate) level: Level,
    /// Whether this kind of problem makes model calls more expensive.
    costs: bool,
    /// What was found.
    pub(crate) evidence: String,
    /// What to do. `None` if there is no problem.
    pub(crate) advice: Option<Cow<'static, str>>,
}

impl Check {
    /// Whether there is no problem.
    pub(crate) fn is_ok(&self) -> bool {
        self.level == Level::Ok
    }
}

/// Everything that the checks judge.
pub(crate) struct Known<'a> {
    pub(crate) usage: &'a Usage,
    pub(crate) moved: &'a [Conversation],
    pub(crate) facts: Option<&'a Facts>,
    pub(crate) surroundings: &'a dyn Surroundings,
}

impl<'a> Known<'a> {
    fn providers(&self) -> Option<&'a [Provider]> {
        self.facts?.providers.as_deref()
    }
}

/// How a check is made.
struct Rule {
    id: &'static str,
    /// The level of a problem.
    level: Level,
    /// The evidence if there is no problem.
    ok: &'static str,
    /// What to do about the problems.
    advice: fn(&Known<'_>) -> Cow<'static, str>,
    /// Describes each problem. Without the facts that the check needs, the answer is `None`, and the check is left out.
    problems: fn(&Known<'_>) -> Option<Vec<String>>,
}

impl Rule {
    fn check(&self, known: &Known<'_>) -> Option<Check> {
        let mut problems = (self.problems)(known)?;
        let others = problems.split_off(problems.len().min(NAMED_PROBLEMS)).len();
        if others > 0 {
            problems.push(format!("and {others} more"));
        }
        let is_ok = problems.is_empty();
        Some(Check {
            id: self.id,
            level: if is_ok { Level::Ok } else { self.level },
            costs: self.level == Level::CostlyWarning,
            evidence: if is_ok { self.ok.to_owned() } else { problems.join("; ") },
            advice: (!is_ok).then(|| (self.advice)(known)),
        })
    }
}

/// All checks, the most important first. A check without its facts is left out, and one warning says so.
pub(crate) fn checks(known: &Known<'_>) -> Vec<Check> {
    checks::RULES.iter().filter_map(|rule| rule.check(known)).collect()
}
