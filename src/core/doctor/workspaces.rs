//! Finds conversations that move between workspaces.

use std::collections::BTreeMap;

use super::Known;
use crate::{agent, store::Moves};

pub(super) fn moves_between_two(known: &Known<'_>) -> Vec<String> {
    let lacks_workspace = |name: &str| {
        let mut without = known.facts.iter().flat_map(|facts| &facts.agents_without_workspace);
        without.any(|id| agent::normalized(id).as_deref() == Some(name))
    };
    if known.facts.is_some_and(|facts| facts.affinity.as_deref() == Some("conversation")) {
        return Vec::new();
    }
    // A single move may follow an edit of the configuration. OpenClaw also moves agents without a workspace.
    let is_problem = |moves: &&Moves| moves.has_returned || lacks_workspace(&moves.agent);
    let mut problems: Vec<_> = known.moved.iter().filter(is_problem).collect();
    problems.sort_by_key(|moves| moves.count);
    // Of each agent, the conversation that moved most.
    let problems: BTreeMap<_, _> = problems.iter().map(|moves| (&moves.agent, moves)).collect();
    let described = problems.into_iter().map(|(agent, Moves { latest, other, count, .. })| {
        let other = other.as_deref().unwrap_or_default();
        let times = if *count == 1 { "once".to_owned() } else { format!("{count} times") };
        let mut problem = format!(
            "a conversation of {agent} moved {times} between the workspaces {latest} and {other}"
        );
        if lacks_workspace(agent) {
            problem += ", and the configuration gives the agent no workspace";
        }
        problem
    });
    described.collect()
}
