//! Queries the gateway methods in the same way as the binding.

use serde_json::{Value, json};
use taas_affinity::{
    ask::{Question, ask},
    route::{HEADERS, Response},
    store::{CallIdentity, Store},
    surroundings::Surroundings,
    usage::{Ended, Outcome, Tokens},
};

mod algorithms;
mod doctor;
mod page;
mod routes;
mod status;

#[derive(Clone, Copy)]
struct Env(&'static [(&'static str, &'static str)]);

impl Surroundings for Env {
    fn variable(&self, name: &str) -> Option<String> {
        let mut all = self.0.iter();
        all.find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
    }

    fn home(&self) -> Option<&str> {
        Some("/home/cloudsigma")
    }
}

const SESSION: &str = "oc:4ae2870a2e73027c";
const OTHER: &str = "oc:583c4ba8ac9a207f";
const CLAUDE: &str = "anthropic/claude-sonnet";

fn identity<'a>(session_id: &'a str, agent_id: Option<&'a str>) -> CallIdentity<'a> {
    CallIdentity {
        session_id,
        source: "workspaceDir",
        agent_id,
        workspace: Some(session_id),
        place: Some(session_id),
        provider: Some("cloudsigma"),
        model_id: Some("auto"),
        ..CallIdentity::default()
    }
}

fn record_usage(store: &Store, identity: &CallIdentity<'_>, model: Option<&str>, counts: [f64; 4]) {
    let tokens = Tokens::counted(counts);
    let routed = model.is_some();
    store.ended(
        &Ended { at: 5, model, routed, status: Some(200), tokens, ..Ended::default() },
        identity,
    );
}

fn record_failure(store: &Store, identity: &CallIdentity<'_>, status: u16) {
    store.ended(
        &Ended { at: 6, status: Some(status), outcome: Outcome::Failed, ..Ended::default() },
        identity,
    );
}

fn error_of(store: &Store, method: &str, params: &Value) -> String {
    let question = Question {
        store,
        params: &params.to_string(),
        surroundings: &Env(&[]),
        facts: None,
        now: 9,
    };
    ask(method, &question).expect_err("a refusal").to_string()
}

fn query(store: &Store, method: &str, params: &Value, facts: &Value, env: Env) -> Value {
    let (params, facts) = (params.to_string(), facts.to_string());
    let question =
        Question { store, params: &params, surroundings: &env, facts: Some(&facts), now: 9 };
    serde_json::from_str(&ask(method, &question).expect("a result")).expect("JSON")
}

fn status(store: &Store, params: &Value) -> Value {
    query(store, "taas.affinity.status", params, &json!({}), Env(&[]))
}

fn routes(store: &Store, params: &Value) -> Value {
    query(store, "taas.affinity.routes", params, &json!({}), Env(&[]))
}

fn set_algorithm(store: &Store, params: &Value) -> Value {
    query(store, "taas.autorouter.setAlgorithm", params, &json!({}), Env(&[]))
}

fn level(store: &Store, id: &str, facts: &Value, env: Env) -> Value {
    let status = query(store, "taas.affinity.status", &json!({}), facts, env);
    let checks = status["checks"].as_array().expect("checks").clone();
    let check = checks.iter().find(|check| check["id"] == id).expect(id).clone();
    let is_warned = status["warnings"].as_array().expect("warnings").contains(&check);
    assert_eq!(is_warned, check["level"] != "ok", "{check}");
    assert_eq!(check["advice"].is_null(), check["level"] == "ok", "{check}");
    check["level"].clone()
}

fn record_response(
    store: &Store,
    identity: &CallIdentity<'_>,
    status: f64,
    request_id: &str,
    at: i64,
) -> bool {
    let values = HEADERS.map(|name| match name {
        "x-taas-autorouted" => Some("true"),
        "x-request-id" => Some(request_id),
        "x-taas-autorouter-model" => Some(CLAUDE),
        _ => None,
    });
    store.answered(&Response { status: Some(status), values, ..Response::default() }, identity, at)
}
