//! What the store learns along the path of a call: begin, payload, response, end.

use std::{sync::Arc, time::Instant};

use super::{Algorithm, CallIdentity, RouteChange, State, Store};
use crate::{
    agent,
    envelope::Hints,
    route::{Capture, Response},
    usage::Ended,
};

/// What is known of a call that begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Begun {
    /// Its number in this store.
    pub call: u32,
    /// How many times its request has been sent, counting this one.
    pub attempt: u32,
    /// The algorithm that an operator set for it.
    pub algorithm: Option<Algorithm>,
}

impl State {
    /// What made room is returned, so that its memory need not be given back under the lock.
    fn keep(
        &mut self,
        capture: &Arc<Capture>,
        identity: &CallIdentity<'_>,
        status: Option<u16>,
        is_route: bool,
    ) -> impl Sized + use<> {
        self.conversations.record(identity);
        self.history.add(identity, Arc::clone(capture), status);
        is_route.then(|| self.captures.insert(identity, capture))
    }
}

impl Store {
    /// Remembers what a response says, at `now` in milliseconds since 1970: its route if it succeeded and was
    /// autorouted, which `true` says; else its failure, if it failed.
    pub fn answered(&self, response: &Response<'_>, identity: &CallIdentity<'_>, now: i64) -> bool {
        let (session_id, status) = (identity.session_id, response.status_code());
        let capture = if identity.observed {
            Capture::observed(response, Some(session_id), now)
        } else {
            Capture::of(response, session_id, now)
        };
        let is_captured = capture.is_some();
        let kept =
            capture.or_else(|| Capture::failed(response, session_id, identity.observed, now));
        let kept = kept.map(Arc::new);
        let captured = kept.as_ref().filter(|_| is_captured);
        identity.normalized(|identity| {
            let mut state = self.state.lock();
            let call = identity.call.and_then(|call| state.calls.get(call));
            let conversation = call.and_then(|call| {
                call.status = status;
                call.capture = captured.cloned();
                call.conversation.clone()
            });
            let conversation = conversation.as_deref().or(identity.conversation);
            let identity = CallIdentity { conversation, ..*identity };
            if let Some(capture) = &kept {
                let evicted = state.keep(capture, &identity, status, is_captured);
                drop(state);
                // Memory is given back outside the lock.
                drop(evicted);
            }
        });
        is_captured
    }

    /// Remembers `capture` as the latest of all that it belongs to. Where the store is full, the session or
    /// agent identity capture is oldest makes room.
    ///
    /// ```
    /// # use taas_affinity::{route::{Capture, HEADERS, Response}, store::{LIMIT, Store, CallIdentity}};
    /// # let values = HEADERS.map(|name| (name == "x-taas-autorouted").then_some("true"));
    /// # let response = Response { values, ..Response::default() };
    /// # let capture = Capture::of(&response, "oc:0123456789abcdef", 0).unwrap();
    /// let store = Store::new(LIMIT);
    /// store.remember(capture, &CallIdentity { agent_id: Some("Main"), ..CallIdentity::default() });
    /// assert_eq!(store.by_agent("main"), store.by_session("oc:0123456789abcdef"));
    /// assert_eq!(store.by_agent("other"), None);
    /// ```
    pub fn remember(&self, capture: Capture, identity: &CallIdentity<'_>) {
        let capture = Arc::new(capture);
        identity.normalized(|identity| self.state.lock().keep(&capture, identity, None, true));
    }

    /// Counts a call that has ended.
    pub fn ended(&self, call: &Ended<'_>, identity: &CallIdentity<'_>) {
        identity.normalized(|identity| {
            let mut state = self.state.lock();
            state.conversations.record(identity);
            state.usage.add(identity, call);
        });
    }

    /// A call begins. `request_id` is the host's id of its request, if the host gives one.
    /// `now` is of a clock that is never set.
    pub fn begin(
        &self,
        identity: &CallIdentity<'_>,
        request_id: Option<&str>,
        now: Instant,
    ) -> Begun {
        identity.normalized(|identity| {
            let mut state = self.state.lock();
            let (call, attempt) = state.calls.begin(identity, request_id, now);
            let sessions = [Some(identity.session_id), identity.workspace];
            Begun { call, attempt, algorithm: state.algorithms.of(sessions, identity.agent_id) }
        })
    }

    /// The hints of a call, which the first payload of its request fixes: `known` then, and the same for each time that
    /// the request is sent again.
    pub fn hints(&self, call: u32, known: Hints) -> Arc<Hints> {
        self.state.lock().calls.hints(call, known)
    }

    /// Counts a call that has ended, with what its response said. If `is_good`, it has a good answer, and the next
    /// request of its run is not a retry. Returns the model that its route names.
    pub fn end(
        &self,
        call: u32,
        end: &Ended<'_>,
        is_good: bool,
        identity: &CallIdentity<'_>,
    ) -> Option<String> {
        let begun = self.state.lock().calls.end(call, is_good).unwrap_or_default();
        let routed = begun.capture.is_some();
        let route = begun.capture.as_ref().and_then(|capture| capture.autorouter_model.as_deref());
        let model = route.or(end.model);
        let conversation = begun.conversation.as_deref();
        let end = Ended { model, routed, status: begun.status, ..*end };
        self.ended(&end, &CallIdentity { conversation, ..*identity });
        route.map(str::to_owned)
    }

    /// Notes that `model` has answered an agent, and returns whether the log was told of another one last: told once,
    /// and at most once a minute. `now` is of a clock that is never set.
    pub fn route_change(&self, agent_id: &str, model: &str, now: Instant) -> Option<RouteChange> {
        let agent_id = agent::normalized(agent_id)?;
        self.state.lock().notices.change(&agent_id, model, now)
    }
}
