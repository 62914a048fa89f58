//! The latest answers of each session: what was routed, and what failed.

use std::{collections::VecDeque, num::NonZeroUsize, sync::Arc};

use lru::LruCache;

use super::{Whose, upsert};
use crate::route::Capture;

/// How many answers of each session are remembered.
pub const SESSION_LIMIT: usize = 16;

/// How many bytes their texts have at most, together. Where there are more, the session that was
/// answered least lately forgets its oldest.
const BYTE_LIMIT: usize = 1 << 20;

/// One answer, packed: there may be thousands.
#[derive(Debug)]
struct Event {
    /// Tells which of two came first.
    serial: u64,
    at: i64,
    status: Option<u16>,
    window: Option<i64>,
    observed: bool,
    /// The texts in the order of [`Event::read`], which have no line feed in them, joined by those.
    text: Box<str>,
}

/// An answer as people see it.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    serial: u64,
    pub(crate) agent_id: Option<String>,
    pub(crate) conversation: Option<String>,
    pub(crate) workspace: Option<Arc<str>>,
    pub(crate) status: Option<u16>,
    pub(crate) capture: Capture,
}

#[derive(Debug, Default)]
struct OfSession {
    workspace: Option<Arc<str>>,
    /// The newest last.
    events: VecDeque<Event>,
}

#[derive(Debug)]
pub(super) struct History {
    sessions: LruCache<Arc<str>, OfSession>,
    next_serial: u64,
    bytes: usize,
}

impl History {
    pub(super) fn new(limit: NonZeroUsize) -> Self {
        Self { sessions: LruCache::new(limit), next_serial: 0, bytes: 0 }
    }

    /// Remembers an answer. One that names no session is kept with the others that name none.
    pub(super) fn add(&mut self, whose: &Whose<'_>, capture: &Capture, status: Option<u16>) {
        self.next_serial += 1;
        let event = Event::new(self.next_serial, whose, capture, status);
        let session = capture.session_id.as_deref().unwrap_or_default();
        if self.sessions.len() == self.sessions.cap().get() && !self.sessions.contains(session) {
            self.forget_oldest(SESSION_LIMIT);
        }
        self.bytes += event.text.len();
        let forgotten = upsert(&mut self.sessions, session, |session| {
            if session.workspace.as_deref() != whose.workspace {
                session.workspace = whose.workspace.map(Arc::from);
            }
            session.events.push_back(event);
            if session.events.len() > SESSION_LIMIT { session.events.pop_front() } else { None }
        });
        self.bytes -= forgotten.map_or(0, |event| event.text.len());
        while self.bytes > BYTE_LIMIT {
            self.forget_oldest(1);
        }
    }

    /// Forgets so many answers of the session that was answered least lately.
    fn forget_oldest(&mut self, count: usize) {
        let Some((_, session)) = self.sessions.peek_lru() else {
            return;
        };
        let count = count.min(session.events.len());
        let bytes: usize = session.events.iter().take(count).map(|event| event.text.len()).sum();
        self.bytes -= bytes;
        if count == session.events.len() {
            self.sessions.pop_lru();
        } else if let Some((name, _)) = self.sessions.peek_lru() {
            let name = Arc::clone(name);
            if let Some(session) = self.sessions.peek_mut(&name) {
                session.events.drain(..count);
            }
        }
    }

    pub(super) fn has(&self, session: &str) -> bool {
        self.sessions.contains(session)
    }

    /// All of them, the newest first.
    pub(super) fn all(&self) -> Vec<Answer> {
        let mut all: Vec<Answer> = (self.sessions.iter())
            .flat_map(|(name, session)| {
                session.events.iter().map(|event| event.read(name, session.workspace.as_ref()))
            })
            .collect();
        all.sort_by_key(|answer| std::cmp::Reverse(answer.serial));
        all
    }
}

impl Event {
    fn new(serial: u64, whose: &Whose<'_>, capture: &Capture, status: Option<u16>) -> Self {
        let texts = [
            whose.agent_id,
            whose.conversation,
            capture.taas_request_id.as_deref(),
            capture.taas_trace_id.as_deref(),
            capture.openclaw_turn_id.as_deref(),
            capture.openclaw_attempt.as_deref(),
            capture.autorouter_model.as_deref(),
            capture.autorouter_algo.as_deref(),
            capture.autorouter_algo_source.as_deref(),
            capture.thinking_applied.as_deref(),
        ];
        Self {
            serial,
            at: capture.captured_at,
            status,
            window: capture.routed_context_window,
            observed: capture.observed,
            text: texts.map(Option::unwrap_or_default).join("\n").into_boxed_str(),
        }
    }

    fn read(&self, session: &str, workspace: Option<&Arc<str>>) -> Answer {
        let mut texts = self.text.split('\n');
        let mut text = || texts.next().filter(|text| !text.is_empty()).map(str::to_owned);
        Answer {
            serial: self.serial,
            agent_id: text(),
            conversation: text(),
            workspace: workspace.cloned(),
            status: self.status,
            capture: Capture {
                session_id: (!session.is_empty()).then(|| session.to_owned()),
                captured_at: self.at,
                taas_request_id: text(),
                taas_trace_id: text(),
                openclaw_turn_id: text(),
                openclaw_attempt: text(),
                autorouter_model: text(),
                autorouter_algo: text(),
                autorouter_algo_source: text(),
                thinking_applied: text(),
                routed_context_window: self.window,
                observed: self.observed,
            },
        }
    }
}
