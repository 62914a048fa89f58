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
    let mut most = BTreeMap::<_, &Moves>::new();
    for moves in known.moved {
        // A single move may follow an edit of the configuration. OpenClaw also moves agents without a workspace.
        if moves.has_returned || lacks_workspace(&moves.agent) {
            let known = most.entry(&moves.agent).or_insert(moves);
            if moves.count > known.count {
                *known = moves;
            }
        }
    }
    let problems = most.values().map(|Moves { agent, latest, other, count, .. }| {
        let other = other.as_deref().unwrap_or_default();
        let times = if *count == 1 { "once".to_owned() } else { format!("{count} times") };
        let no_workspace = if lacks_workspace(agent) {
            ", and the configuration gives the agent no workspace"
        } else {
            ""
        };
        format!(
            "a conversation of {agent} moved {times} between the workspaces {latest} and {other}{no_workspace}"
        )
    });
    problems.collect()
}
