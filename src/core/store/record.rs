//! Records the steps of a call: begin, payload, response, end.

use std::{sync::Arc, time::Instant};

use super::{Algorithm, CallIdentity, RouteChange, State, Store};
use crate::{
    agent,
    envelope::Hints,
    route::{Capture, Response},
    usage::{Ended, Outcome, Tokens},
};

/// A call that begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Begun {
    /// The number of the call in this store.
    pub call: u32,
    /// How many times the request has been sent, counting this one.
    pub attempt: u32,
    /// The algorithm that an operator set for the call.
    pub algorithm: Option<Algorithm>,
}

impl State {
    /// Records a capture. Returns the evicted captures, so that the caller frees them without the lock.
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

    /// Counts a call that has ended.
    fn count(&mut self, call: &Ended<'_>, identity: &CallIdentity<'_>) {
        self.conversations.record(identity);
        let has_prompt = call.tokens.prompt() > 0;
        let conversation = identity.conversation.filter(|_| has_prompt);
        let is_first = self.conversations.is_first_prompt(conversation);
        let call = Ended { is_first, ..*call };
        self.usage.add(identity, &call);
        self.counters.add(identity, &call);
    }
}

impl Store {
    /// Records the route or the failure that a response reports, and returns whether it reports a route. `now` is in
    /// milliseconds since 1970.
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
        identity.normalized(|identity| {
            let mut state = self.state.lock();
            let call = identity.call.and_then(|call| state.calls.get(call));
            let begun = call.map(|call| {
                call.status = status;
                call.answered_after = Some(call.age());
                call.capture.clone_from(&kept);
                call.is_routed = is_captured;
                (call.conversation.clone(), call.is_run)
            });
            let (conversation, is_run) = begun.unwrap_or((None, identity.is_run));
            let conversation = conversation.as_deref().or(identity.conversation);
            let identity = CallIdentity { conversation, is_run, ..*identity };
            if let Some(capture) = &kept {
                let evicted = state.keep(capture, &identity, status, is_captured);
                drop(state);
                drop(evicted);
            }
        });
        is_captured
    }

    /// Records `capture` as the latest of its session, agent and conversation. A full store evicts the oldest captures.
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
        identity.normalized(|identity| self.state.lock().count(call, identity));
    }

    /// Records that a call begins. `request_id` is the host's id of the request.
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

    /// The hints of a call. The first payload of a request gets the `known` hints, and every later attempt gets the same.
    pub fn hints(&self, call: u32, known: Hints) -> Arc<Hints> {
        self.state.lock().calls.hints(call, known)
    }

    /// Counts a call that has ended, with what its response said. After a complete answer, the next request of the run is
    /// not a retry. Returns the model that the route names.
    pub fn end(&self, call: u32, end: &Ended<'_>, identity: &CallIdentity<'_>) -> Option<String> {
        identity.normalized(|identity| {
            let mut state = self.state.lock();
            let Some(begun) = state.calls.end(call, end.outcome == Outcome::Completed) else {
                state.count(end, identity);
                return None;
            };
            let has_tokens = end.tokens != Tokens::default();
            if let Some(capture) = begun.capture.as_ref().filter(|_| has_tokens) {
                state.history.used(capture, end.tokens);
            }
            let capture = begun.capture.as_deref();
            let route = capture.filter(|_| begun.is_routed);
            let model = route.and_then(|route| route.autorouter_model.as_deref());
            // A call that its caller gave up before the response has no model.
            let is_answered =
                begun.status.is_some() || end.outcome == Outcome::Completed || has_tokens;
            let end = Ended {
                model: model.or(end.model.filter(|_| is_answered)),
                routed: begun.is_routed,
                status: begun.status,
                is_run: begun.is_run,
                request_id: capture.and_then(|capture| capture.taas_request_id.as_deref()),
                answered_after: begun.answered_after,
                ended_after: Some(begun.age()),
                ..*end
            };
            let conversation = begun.conversation.as_deref();
            state.count(&end, &CallIdentity { conversation, ..*identity });
            model.map(str::to_owned)
        })
    }

    /// Records that `model` answered an agent. Returns a change since the latest notice, at most once a minute.
    pub fn route_change(&self, agent_id: &str, model: &str, now: Instant) -> Option<RouteChange> {
        let agent_id = agent::normalized(agent_id)?;
        self.state.lock().notices.change(&agent_id, model, now)
    }
}
