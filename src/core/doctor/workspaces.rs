//! Finds conversations that move between workspaces.

use std::collections::BTreeMap;

use super::Known;
use crate::{agent, store::Conversation};

pub(super) fn moves_between_two(known: &Known<'_>) -> Vec<String> {
    let lacks_workspace = |name: &str| {
        let mut without = known.facts.iter().flat_map(|facts| &facts.agents_without_workspace);
        without.any(|id| agent::normalized(id).as_deref() == Some(name))
    };
    if known.facts.is_some_and(|facts| facts.affinity.as_deref() == Some("conversation")) {
        return Vec::new();
    }
    // A single move may follow an edit of the configuration. OpenClaw also moves agents without a workspace.
    let is_problem = |one: &&Conversation| one.has_returned || lacks_workspace(&one.agent);
    let mut moved: Vec<_> = known.moved.iter().filter(is_problem).collect();
    moved.sort_by_key(|conversation| conversation.moves);
    // Of each agent, the conversation that moved most.
    let most: BTreeMap<_, _> = moved.iter().map(|one| (&one.agent, one)).collect();
    let problems = most.into_iter().map(|(agent, Conversation { latest, other, moves, .. })| {
        let times = if *moves == 1 { "once".to_owned() } else { format!("{moves} times") };
        let mut problem = format!(
            "a conversation of {agent} moved {times} between the workspaces {latest} and {other}"
        );
        if lacks_workspace(agent) {
            problem += ", and the configuration gives the agent no workspace";
        }
        problem
    });
    problems.collect()
}
