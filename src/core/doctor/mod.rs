//! The doctor: checks the setup and the calls for problems that cause no error.

use serde::Serialize;

use crate::{
    store::{Moves, UsageSnapshot},
    surroundings::Surroundings,
};

mod checks;
mod facts;
mod markers;

pub use facts::{Facts, Model, Owned, Provider};

/// How many problems the evidence of a check names.
const NAMED_PROBLEMS: usize = 3;

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// No problem was found.
    Ok,
    /// Something may be wrong, or costs more than necessary.
    Warning,
    /// The plugin does not work.
    Fault,
}

/// One row of the doctor. Its texts contain no path, key, host or prompt.
#[derive(Debug, Clone, Serialize)]
pub struct Check {
    /// The name of the check.
    pub id: &'static str,
    /// How bad the result is.
    pub level: Level,
    /// Whether this kind of problem makes model calls more expensive.
    pub costs: bool,
    /// What was found.
    pub evidence: String,
    /// What to do. `None` if there is no problem.
    pub advice: Option<&'static str>,
}

/// The fixed parts of a check.
struct Rule {
    id: &'static str,
    level: Level,
    costs: bool,
    /// The evidence if there is no problem.
    ok: &'static str,
    advice: &'static str,
}

impl Rule {
    fn check(self, problems: impl IntoIterator<Item = String>) -> Check {
        let Self { id, level, costs, ok, advice } = self;
        let mut problems: Vec<_> = problems.into_iter().collect();
        if problems.is_empty() {
            return Check { id, level: Level::Ok, costs, evidence: ok.to_owned(), advice: None };
        }
        if problems.len() > NAMED_PROBLEMS {
            let others = problems.split_off(NAMED_PROBLEMS).len();
            problems.push(format!("and {others} more"));
        }
        Check { id, level, costs, evidence: problems.join("; "), advice: Some(advice) }
    }
}

/// All checks, the most important first. A check without its facts is left out, and one warning says so.
pub(crate) fn checks(
    usage: &UsageSnapshot,
    moved: &[Moves],
    facts: Option<&Facts>,
    surroundings: &dyn Surroundings,
) -> Vec<Check> {
    let providers = facts.and_then(|facts| facts.providers.as_deref());
    let all = [
        providers.is_none().then(checks::missing_facts),
        facts.map(checks::ownership),
        facts.map(checks::unseen_calls),
        facts.map(checks::binary),
        providers.map(checks::provider_entry),
        providers.map(checks::pinned_headers),
        Some(checks::session_variable(surroundings)),
        Some(checks::two_workspaces(moved, facts)),
        providers.map(|providers| markers::cache_markers(usage, providers)),
        Some(checks::low_hit_rate(usage)),
        Some(checks::anonymous(usage)),
        Some(checks::autorouter(usage)),
        facts.map(checks::config),
        Some(checks::obsolete_variables(surroundings)),
    ];
    all.into_iter().flatten().collect()
}
