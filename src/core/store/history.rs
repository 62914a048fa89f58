//! The latest responses of each session: routes and failures.

use std::{cmp::Reverse, collections::VecDeque, num::NonZeroUsize, sync::Arc};

use lru::LruCache;
use serde::Serialize;

use super::CallIdentity;
use crate::{route::Capture, usage::Tokens};

/// How many responses of each session are kept.
pub(crate) const HISTORY_LIMIT: usize = 16;

/// The kinds of calls: a run of an agent, and a completion, such as a title. Another plugin's calls count as runs, because
/// OpenClaw announces only calls of runs.
pub(crate) const KINDS: [&str; 2] = ["run", "completion"];

/// One response.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HistoryEntry {
    /// Orders the entries. Their times do not, because a clock can be set back.
    #[serde(skip)]
    serial: u64,
    pub(crate) agent_id: Option<Arc<str>>,
    pub(crate) conversation_id: Option<Arc<str>>,
    #[serde(skip)]
    pub(crate) workspace: Option<Arc<str>>,
    pub(crate) status: Option<u16>,
    /// One of [`KINDS`].
    pub(crate) kind: &'static str,
    /// The tokens of the call, after its end.
    #[serde(skip)]
    pub(crate) tokens: Option<Tokens>,
    #[serde(flatten)]
    pub(crate) capture: Arc<Capture>,
}

/// Entries share a limit by session. An observed request may name no session: then by agent, else by conversation.
type Group = (&'static str, Option<Arc<str>>);

#[derive(Debug)]
pub(super) struct History {
    /// The newest entry of each group is the first.
    groups: LruCache<Group, VecDeque<HistoryEntry>>,
    next_serial: u64,
}

impl History {
    pub(super) fn new(limit: NonZeroUsize) -> Self {
        Self { groups: LruCache::new(limit), next_serial: 0 }
    }

    pub(super) fn add(
        &mut self,
        identity: &CallIdentity<'_>,
        capture: Arc<Capture>,
        status: Option<u16>,
    ) {
        self.next_serial += 1;
        let entry = HistoryEntry {
            serial: self.next_serial,
            agent_id: identity.agent_id.map(Arc::from),
            conversation_id: identity.conversation.map(Arc::from),
            workspace: identity.workspace.map(Arc::from),
            status,
            kind: KINDS[usize::from(!identity.is_run)],
            tokens: None,
            capture,
        };
        let group = match (&entry.capture.session_id, &entry.agent_id) {
            (Some(session), _) => ("session", Some(Arc::from(session.as_str()))),
            (None, Some(agent)) => ("agent", Some(Arc::clone(agent))),
            (None, None) => ("conversation", entry.conversation_id.clone()),
        };
        let entries = self.groups.get_or_insert_mut(group, VecDeque::new);
        entries.truncate(HISTORY_LIMIT - 1);
        entries.push_front(entry);
    }

    /// Records the tokens of the call that `capture` belongs to.
    pub(super) fn used(&mut self, capture: &Arc<Capture>, tokens: Tokens) {
        let session = capture.session_id.as_deref().map(Arc::from);
        let entries = self.groups.peek_mut(&("session", session)).into_iter().flatten();
        let mut its = entries.filter(|entry| Arc::ptr_eq(&entry.capture, capture));
        if let Some(entry) = its.next() {
            entry.tokens = Some(tokens);
        }
    }

    pub(super) fn has_session(&self, session: &str) -> bool {
        self.groups.contains(&("session", Some(Arc::from(session))))
    }

    /// The agents of all entries.
    pub(super) fn agents(&self) -> impl Iterator<Item = &str> {
        let entries = self.groups.iter().flat_map(|(_, entries)| entries);
        entries.filter_map(|entry| entry.agent_id.as_deref())
    }

    /// All entries, the newest first.
    pub(super) fn all(&self) -> Vec<HistoryEntry> {
        let mut all: Vec<_> =
            self.groups.iter().flat_map(|(_, entries)| entries).cloned().collect();
        all.sort_by_key(|entry| Reverse(entry.serial));
        all
    }
}
