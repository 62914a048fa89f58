//! `taas.affinity.routes`, and the notices of changed routes.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use taas_affinity::{
    route::Response,
    store::{CallIdentity, LIMIT, Store},
};

use crate::{CLAUDE, OTHER, SESSION, error_of, identity, record_response, routes};

#[test]
fn routes_and_failures_are_listed_newest_first_and_limited_for_each_session() {
    let store = Store::new(LIMIT);
    let main = CallIdentity { conversation: Some("96b334dd"), ..identity(SESSION, Some("main")) };
    assert!(record_response(&store, &main, 200.0, "first", 1));
    assert!(!record_response(&store, &identity(OTHER, Some("ops")), 429.0, "limited", 2));
    for (status, request_id) in
        [(100.0, "informational"), (304.0, "redirect"), (f64::NAN, "no number")]
    {
        assert!(!record_response(&store, &main, status, request_id, 3));
    }
    assert!(record_response(&store, &main, 200.0, "last", 3));
    let all = routes(&store, &json!(null));
    let ids = |result: &Value| -> Vec<Value> {
        let routes = result["routes"].as_array().expect("routes").iter();
        routes.map(|route| route["taasRequestId"].clone()).collect()
    };
    assert_eq!(ids(&all), ["last", "limited", "first"]);
    assert_eq!(all["total"], 3);
    assert_eq!(
        (&all["routes"][1]["status"], &all["routes"][1]["agentId"]),
        (&json!(429), &json!("ops"))
    );
    assert_eq!(all["routes"][2]["autorouterModel"], CLAUDE);
    assert_eq!(all["routes"][2]["sessionId"], SESSION);
    assert_eq!(ids(&routes(&store, &json!({ "limit": 1 }))), ["last"]);
    for params in [
        json!({ "agentId": "Main" }),
        json!({ "sessionId": SESSION }),
        json!({ "localSessionId": "96b334dd" }),
    ] {
        assert_eq!(ids(&routes(&store, &params)), ["last", "first"], "{params}");
    }
    assert_eq!(store.by_agent("ops"), None, "a failure is not a route");
    for number in 0..100 {
        record_response(&store, &main, 503.0, &number.to_string(), 4);
    }
    let newest: Vec<_> = (84..100).rev().map(|number| number.to_string()).collect();
    assert_eq!(ids(&routes(&store, &json!({ "sessionId": SESSION, "limit": 4096 }))), newest);
    for limit in [json!(0), json!(4097), json!(-1), json!(1.5), json!("9"), json!(null), json!(1e9)]
    {
        let error = error_of(&store, "taas.affinity.routes", &json!({ "limit": limit }));
        assert!(error.starts_with("limit must be a whole number between 1 and 4096"), "{error}");
        let got = format!(", got {limit}; accepted keys: ");
        assert_eq!(error.contains(&got), limit.is_number(), "{error}");
    }
}

#[test]
fn observed_responses_without_a_session_are_kept_by_agent_or_conversation() {
    let store = Store::new(LIMIT);
    let agents = ["main", "one", "two", "three", "four", "five"];
    let observed = |agent_id, conversation| CallIdentity {
        agent_id: Some(agent_id),
        conversation,
        observed: true,
        ..CallIdentity::default()
    };
    for number in 0..3 {
        for agent in agents {
            assert!(record_response(&store, &observed(agent, Some(agent)), 200.0, agent, number));
        }
    }
    let total = |params: Value| routes(&store, &params)["total"].clone();
    assert_eq!(total(json!({})), 18);
    // Calls of other conversations and agents do not evict them.
    for number in 0..40 {
        record_response(&store, &observed("one", Some("another conversation")), 200.0, "r", number);
        record_response(&store, &observed("one", None), 503.0, "r", number);
        record_response(&store, &observed("two", None), 503.0, "r", number);
    }
    for agent in ["main", "three", "four", "five"] {
        assert_eq!(total(json!({ "agentId": agent })), 3, "{agent}");
        assert_eq!(total(json!({ "conversationId": agent })), 3, "{agent}");
    }
    assert_eq!(total(json!({ "agentId": "one" })), 16, "however many conversations it has");
    assert_eq!(total(json!({ "agentId": "two" })), 16);
    let newest = routes(&store, &json!({ "limit": 1 }))["routes"][0].clone();
    assert_eq!((&newest["agentId"], &newest["sessionId"]), (&json!("two"), &Value::Null));
    // A session, a conversation and an agent with the same name are kept apart.
    let named = CallIdentity { session_id: "main", ..observed("main", Some("main")) };
    for number in 0..40 {
        record_response(&store, &named, 200.0, "r", number);
    }
    assert_eq!(total(json!({ "agentId": "main" })), 3 + 16);
}

#[test]
fn the_history_of_many_sessions_conversations_and_agents_has_one_limit() {
    let store = Store::new(LIMIT);
    for number in 0..1_000 {
        let id = format!("id-{number}");
        for conversation in [Some(id.as_str()), None] {
            let identity = CallIdentity {
                agent_id: Some(&id),
                conversation,
                observed: true,
                ..CallIdentity::default()
            };
            record_response(&store, &identity, 200.0, "r", number);
        }
    }
    let all = routes(&store, &json!({ "limit": 4096 }));
    assert_eq!(all["total"], 512, "256 agents with two responses each");
    assert_eq!(all["routes"][0]["agentId"], "id-999");
}

#[test]
fn the_session_of_an_observed_request_can_be_selected_after_a_failure_too() {
    let store = Store::new(LIMIT);
    let observed =
        CallIdentity { session_id: "of another plugin", observed: true, ..CallIdentity::default() };
    store.answered(&Response { status: Some(429.0), ..Response::default() }, &observed, 1);
    assert_eq!(routes(&store, &json!({ "sessionId": "of another plugin" }))["total"], 1);
    assert!(
        error_of(&store, "taas.affinity.routes", &json!({ "sessionId": "nobody's" }))
            .contains("sessionId must be oc: and 16")
    );
}

#[test]
fn a_changed_model_is_reported_once_and_at_most_once_a_minute() {
    let store = Store::new(LIMIT);
    let start = Instant::now();
    let route = |model: &'static str, ms| {
        let change = store.route_change("MAIN", model, start + Duration::from_millis(ms));
        change.map_or_else(String::new, |change| format!("{} to {}", change.from, change.to))
    };
    assert_eq!(route("a", 0), "", "the first model is not a change");
    assert_eq!(route("a", 1), "");
    assert_eq!(route("b", 2), "a to b");
    assert_eq!(route("a", 3), "", "within a minute");
    assert_eq!(route("a", 60_002), "b to a", "after a minute, the model is still another");
    assert_eq!(route("b", 60_003), "");
    assert_eq!(route("a", 200_000), "", "the model changed back before it could be reported");
}
