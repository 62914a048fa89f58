//! The latest capture of each session, agent, conversation and workspace.

use std::{mem, num::NonZeroUsize, sync::Arc};

use lru::LruCache;

use super::CallIdentity;
use crate::route::Capture;

/// Captures by id. A new capture evicts the oldest one.
type Latest = LruCache<String, Arc<Capture>>;

#[derive(Debug)]
pub(super) struct Captures {
    pub(super) by_session: Latest,
    pub(super) by_agent: Latest,
    /// Without completions, such as titles.
    pub(super) runs_by_agent: Latest,
    /// By OpenClaw's session id.
    pub(super) by_conversation: Latest,
    /// By the affinity id of the workspace, which differs from the session id if `affinity` is `conversation`.
    pub(super) by_workspace: Latest,
    /// The latest of all. An observed capture may have neither session nor agent.
    pub(super) latest: Option<Arc<Capture>>,
}

impl Captures {
    pub(super) fn new(limit: NonZeroUsize) -> Self {
        let [by_session, by_agent, runs_by_agent, by_conversation, by_workspace] =
            [(); 5].map(|()| LruCache::new(limit));
        Self { by_session, by_agent, runs_by_agent, by_conversation, by_workspace, latest: None }
    }

    /// Stores `capture`. Returns what it replaced, so that the caller can free the memory without the lock.
    pub(super) fn insert(
        &mut self,
        identity: &CallIdentity<'_>,
        capture: &Arc<Capture>,
    ) -> impl Sized + use<> {
        let replaced = [
            (&mut self.by_session, capture.session_id.as_deref()),
            (&mut self.by_agent, identity.agent_id),
            (&mut self.runs_by_agent, identity.agent_id.filter(|_| identity.is_run)),
            (&mut self.by_conversation, identity.conversation),
            (&mut self.by_workspace, identity.workspace),
        ]
        .map(|(latest, id)| match latest.get_mut(id?) {
            Some(known) => Some((None, mem::replace(known, Arc::clone(capture)))),
            None => {
                latest.push(id?.to_owned(), Arc::clone(capture)).map(|(id, old)| (Some(id), old))
            }
        });
        (replaced, self.latest.replace(Arc::clone(capture)))
    }
}
