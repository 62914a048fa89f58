//! `taas.affinity.status`: rows of usage and their selection.

use std::time::Instant;

use serde_json::{Value, json};
use taas_affinity::{
    route::{HEADERS, Response},
    store::{CallIdentity, LIMIT, Store},
    usage::{Ended, RECENT_CALLS},
};

use crate::{
    CLAUDE, Env, OTHER, SESSION, error_of, identity, query, record_failure, record_response,
    record_usage, routes, set_algorithm, status,
};

#[test]
fn status_has_a_row_for_each_agent_session_and_model_and_the_totals() {
    let store = Store::new(LIMIT);
    let (main, ops) = (identity(SESSION, Some("Main")), identity(OTHER, Some("ops")));
    record_usage(&store, &main, Some(CLAUDE), [100.0, 0.0, 900.0, 7.0]);
    record_usage(&store, &main, Some(CLAUDE), [100.0, 900.0, 0.0, 8.0]);
    record_failure(&store, &main, 429);
    record_usage(&store, &ops, Some("openai/gpt-5"), [10.0, 0.0, 0.0, 1.0]);
    let all = status(&store, &json!({}));
    let line = all["usageLine"].as_str().expect("the totals as a line");
    assert!(line.starts_with("900 tokens saved, "), "{line}");
    assert_eq!(status(&Store::new(LIMIT), &json!({}))["usageLine"], Value::Null);
    assert_eq!(all["totals"]["requests"], 4);
    assert_eq!(all["totals"]["failuresByStatus"], json!({ "429": 1 }));
    let tokens = json!({ "input": 210, "cached": 900, "written": 900, "output": 16 });
    assert_eq!(all["totals"]["tokens"], tokens);
    assert_eq!(all["agents"].as_array().map(Vec::len), Some(2));
    let row = &all["agents"][1];
    assert_eq!(row["agentId"], "main");
    assert_eq!(row["sessionId"], SESSION);
    assert_eq!(row["source"], "workspaceDir");
    assert_eq!(row["model"], CLAUDE, "a failure does not change the model");
    assert_eq!((&row["requests"], &row["failures"]), (&json!(3), &json!(1)));
    assert_eq!(row["hitRate"], 0.45);
    assert_eq!((&row["firstUse"], &row["lastUse"]), (&json!(5), &json!(6)));
    assert_eq!(all["models"].as_array().map(Vec::len), Some(2));
    assert_eq!(all["sessions"][0].get("calls"), None);

    for (params, agents, sessions) in [
        (json!({ "agentId": " MAIN " }), vec!["main"], vec![SESSION]),
        (json!({ "sessionId": OTHER }), vec!["ops"], vec![OTHER]),
        (json!({ "workspaceDir": "~/.openclaw/workspace" }), vec!["ops"], vec![OTHER]),
        (json!({ "agentId": "nobody" }), vec![], vec![]),
    ] {
        let found = status(&store, &params);
        let ids = |rows: &str, key: &str| -> Vec<String> {
            let rows = found[rows].as_array().expect("rows").iter();
            rows.map(|row| row[key].as_str().expect("an id").to_owned()).collect()
        };
        if cfg!(unix) || params.get("workspaceDir").is_none() {
            assert_eq!(ids("agents", "agentId"), agents, "{params}");
            assert_eq!(ids("sessions", "sessionId"), sessions, "{params}");
        }
    }
    let calls = &status(&store, &json!({ "sessionId": SESSION }))["sessions"][0]["calls"];
    assert_eq!(calls[0]["failed"], true);
    assert_eq!(calls[0]["status"], 429);
    assert_eq!(calls[2]["model"], CLAUDE);
    assert_eq!(calls[2]["tokens"]["written"], 900);
}

#[test]
fn the_usage_of_evicted_rows_stays_in_the_totals() {
    let store = Store::new(LIMIT);
    for number in 0..1000 {
        let (session, agent) = (format!("oc:{number:016x}"), format!("agent-{number}"));
        let model = format!("model-{number}");
        record_usage(&store, &identity(&session, Some(&agent)), Some(&model), [1.0, 2.0, 3.0, 4.0]);
    }
    let all = status(&store, &json!({}));
    assert_eq!(all["totals"]["requests"], 1000);
    assert_eq!(all["totals"]["tokens"]["cached"], 2000);
    let count = |rows: &str| all[rows].as_array().map(Vec::len);
    assert_eq!(
        (count("sessions"), count("agents"), count("models")),
        (Some(256), Some(256), Some(64))
    );
    assert_eq!(
        all["sessions"][0]["sessionId"], "oc:00000000000003e7",
        "the newest session comes first"
    );
    assert_eq!(all["sessions"][255]["model"], "model-744", "a row keeps the name");
    for _ in 0..100 {
        record_usage(&store, &identity(SESSION, None), None, [1.0; 4]);
    }
    let one = status(&store, &json!({ "sessionId": SESSION }));
    assert_eq!(one["sessions"][0]["calls"].as_array().map(Vec::len), Some(RECENT_CALLS));
    assert_eq!(one["sessions"][0]["requests"], 100);
}

#[test]
fn status_finds_the_session_of_a_conversation_after_any_call() {
    let store = Store::new(LIMIT);
    let main = identity(SESSION, Some("a"));
    let of = |conversation| CallIdentity { conversation: Some(conversation), ..main };
    let rows = |key: &str, id: &str| -> Vec<Value> {
        status(&store, &json!({ key: id }))["sessions"].as_array().expect("rows").clone()
    };
    record_usage(&store, &identity(SESSION, Some("a")), None, [1.0, 0.0, 0.0, 1.0]);
    record_usage(&store, &identity(OTHER, Some("b")), None, [1.0, 0.0, 0.0, 1.0]);
    assert_eq!(rows("conversationId", "ended"), Vec::<Value>::new());
    // One call ends without a capture, and one response fails.
    record_usage(&store, &of("ended"), None, [1.0, 0.0, 0.0, 1.0]);
    store.answered(&Response { status: Some(429.0), ..Response::default() }, &of("failed"), 1);
    for id in ["ended", "failed"] {
        for key in ["conversationId", "localSessionId"] {
            let rows = rows(key, id);
            assert_eq!(rows.len(), 1, "{key} {id}");
            assert_eq!(rows[0]["sessionId"], SESSION);
        }
        let route = query(
            &store,
            "taas.affinity.lastRoute",
            &json!({ "conversationId": id }),
            &json!({}),
            Env(&[]),
        );
        assert_eq!(route, json!({ "conversationId": id, "sessionId": null, "capture": null }));
    }
    assert_eq!(routes(&store, &json!({ "conversationId": "failed" }))["total"], 1);
    // The session of the latest call counts.
    record_usage(
        &store,
        &CallIdentity { session_id: OTHER, ..of("ended") },
        None,
        [1.0, 0.0, 0.0, 1.0],
    );
    assert_eq!(rows("conversationId", "ended")[0]["sessionId"], OTHER);
    record_usage(&store, &of("ended"), None, [1.0, 0.0, 0.0, 1.0]);
    assert_eq!(rows("conversationId", "ended")[0]["sessionId"], SESSION);
    // Other conversations do not evict a conversation in use.
    for number in 0..300 {
        let other = format!("other-{number}");
        record_usage(
            &store,
            &CallIdentity { conversation: Some(&other), ..main },
            None,
            [1.0, 0.0, 0.0, 1.0],
        );
        record_usage(&store, &of("ended"), None, [1.0, 0.0, 0.0, 1.0]);
    }
    assert_eq!(rows("conversationId", "ended").len(), 1);
}

#[test]
fn agents_that_share_a_session_are_found_by_the_session_and_by_their_own_id() {
    let store = Store::new(LIMIT);
    for name in ["first", "second"] {
        record_usage(&store, &identity(SESSION, Some(name)), None, [1.0; 4]);
    }
    set_algorithm(&store, &json!({ "sessionId": SESSION, "algorithm": "tps" }));
    for (params, agents) in [
        (json!({ "agentId": "First" }), vec!["first"]),
        (json!({ "agentId": "second" }), vec!["second"]),
        (json!({ "sessionId": SESSION }), vec!["second", "first"]),
    ] {
        let found = status(&store, &params);
        let named = found["agents"].as_array().expect("rows").iter();
        assert_eq!(named.map(|row| row["agentId"].clone()).collect::<Vec<_>>(), agents, "{params}");
        assert_eq!(found["sessions"][0]["sessionId"], SESSION, "{params}");
        assert_eq!(found["algorithms"][0]["algorithm"], "tps", "{params}");
    }
}

/// A whole call that `model` answered.
fn call(store: &Store, identity: &CallIdentity<'_>, model: &str, request_id: &str) {
    let values = HEADERS.map(|name| match name {
        "x-taas-autorouted" => Some("true"),
        "x-taas-autorouter-model" => Some(model),
        "x-request-id" => Some(request_id),
        _ => None,
    });
    let call = store.begin(identity, None, Instant::now()).call;
    let response = Response { status: Some(200.0), values, ..Response::default() };
    let answered = CallIdentity { call: Some(call), is_run: false, ..*identity };
    assert!(store.answered(&response, &answered, 1));
    store.end(call, &Ended::default(), identity);
}

#[test]
fn an_agent_has_the_model_of_its_last_run_and_completions_are_marked() {
    let store = Store::new(LIMIT);
    let completion = identity(SESSION, Some("main"));
    let run = CallIdentity { is_run: true, ..completion };
    let last = || {
        let params = json!({ "agentId": "main" });
        let route = query(&store, "taas.affinity.lastRoute", &params, &json!({}), Env(&[]));
        let row = status(&store, &params)["agents"][0]["model"].clone();
        assert_eq!(route["capture"]["autorouterModel"], row);
        row
    };
    call(&store, &completion, "mistral/tiny", "title");
    assert_eq!(last(), "mistral/tiny", "without a run, a completion is better than nothing");
    call(&store, &run, CLAUDE, "answer");
    assert_eq!(last(), CLAUDE);
    call(&store, &completion, "mistral/tiny", "recap");
    assert_eq!(last(), CLAUDE);
    let ids = |params: Value| -> Vec<Value> {
        let found = routes(&store, &params);
        let rows = found["routes"].as_array().expect("routes");
        assert_eq!(found["total"], rows.len());
        rows.iter().map(|row| json!([row["taasRequestId"], row["kind"]])).collect()
    };
    let (title, answer, recap) =
        (json!(["title", "completion"]), json!(["answer", "run"]), json!(["recap", "completion"]));
    assert_eq!(ids(json!({})), [recap.clone(), answer.clone(), title.clone()]);
    assert_eq!(ids(json!({ "kind": "run", "agentId": "main" })), [answer]);
    assert_eq!(ids(json!({ "kind": "completion" })), [recap, title]);
    let error = error_of(&store, "taas.affinity.routes", &json!({ "kind": "title" }));
    assert!(error.starts_with("kind must be one of run, completion, got \"title\";"), "{error}");
}

#[test]
fn a_query_for_an_unknown_agent_names_the_known_agents() {
    let store = Store::new(LIMIT);
    record_usage(&store, &identity(SESSION, Some("Counted")), None, [1.0; 4]);
    let observed = CallIdentity { observed: true, ..identity("", Some("failed-only")) };
    record_response(&store, &observed, 503.0, "r", 1);
    let facts = json!({ "agents": ["main", "Ops", "../no id"] });
    let known = |id: &str, facts: &Value| {
        let params = json!({ "agentId": id });
        query(&store, "taas.affinity.status", &params, facts, Env(&[]))["knownAgents"].clone()
    };
    for agent in ["main", " OPS", "counted", "failed-only"] {
        assert_eq!(known(agent, &facts), Value::Null, "{agent}");
    }
    let all = json!(["counted", "failed-only", "main", "ops"]);
    assert_eq!(known("nobody", &facts), all);
    assert_eq!(known("no id", &facts), all);
    assert_eq!(known("nobody", &json!({})), Value::Null, "the configured agents are unknown");
    let many: Vec<_> = (0..200).map(|number| format!("agent-{number}")).collect();
    let bounded = known("nobody", &json!({ "agents": many }));
    assert_eq!(bounded.as_array().map(Vec::len), Some(64));
}

#[test]
fn no_answer_and_no_refusal_contains_a_character_that_changes_the_direction_of_text() {
    const DIRECTIONS: [char; 12] = [
        '\u{61c}', '\u{200e}', '\u{200f}', '\u{202a}', '\u{202b}', '\u{202c}', '\u{202d}',
        '\u{202e}', '\u{2066}', '\u{2067}', '\u{2068}', '\u{2069}',
    ];
    let nasty: String = DIRECTIONS.iter().flat_map(|turn| ['a', *turn]).collect();
    let store = Store::new(LIMIT);
    let main =
        CallIdentity { conversation: Some(&nasty), is_run: true, ..identity(&nasty, Some("main")) };
    call(&store, &main, &nasty, &nasty);
    let facts = json!({
        "providers": [], "notUnderstood": [nasty], "affinity": nasty, "agents": [nasty],
        "owned": [{ "provider": nasty, "plugins": [nasty] }],
    });
    let all = [json!({}), json!({ "conversationId": nasty }), json!({ "sessionId": nasty })];
    for method in ["taas.affinity.status", "taas.affinity.lastRoute", "taas.affinity.routes"] {
        for params in &all {
            let answer = query(&store, method, params, &facts, Env(&[])).to_string();
            assert!(!answer.contains(DIRECTIONS), "{method} {params}: {answer}");
            assert!(answer.contains("aaaaaaaaaaaa"), "{method}: the rest stays");
        }
        for params in [
            json!({ &nasty: 1 }),
            json!({ "sessionId": format!("{nasty}x") }),
            json!({ "limit": nasty }),
            json!({ "kind": nasty }),
        ] {
            let error = error_of(&store, method, &params);
            assert!(!error.contains(DIRECTIONS), "{error}");
        }
    }
}
