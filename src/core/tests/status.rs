//! What was used, routed and chosen, asked as the gateway asks it.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use taas_affinity::{
    ask::{Question, ask},
    route::{HEADERS, Response},
    store::{CALL_LIMIT, CHOICE_LIMIT, LIMIT, Store, Whose},
    surroundings::Surroundings,
    usage::{Ended, Tokens},
};

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

fn whose<'a>(session_id: &'a str, agent_id: Option<&'a str>) -> Whose<'a> {
    Whose {
        session_id,
        source: "workspaceDir",
        agent_id,
        workspace: Some(session_id),
        provider: Some("cloudsigma"),
        model_id: Some("auto"),
        ..Whose::default()
    }
}

fn used(store: &Store, whose: &Whose<'_>, model: Option<&str>, counts: [f64; 4]) {
    let tokens = Tokens::counted(counts);
    let routed = model.is_some();
    store.ended(
        &Ended { at: 5, model, routed, status: Some(200), tokens, ..Ended::default() },
        whose,
    );
}

fn failed(store: &Store, whose: &Whose<'_>, status: u16) {
    store.ended(&Ended { at: 6, status: Some(status), failed: true, ..Ended::default() }, whose);
}

fn refused(store: &Store, method: &str, params: &Value) -> String {
    let question = Question {
        store,
        params: &params.to_string(),
        surroundings: &Env(&[]),
        facts: None,
        now: 9,
    };
    ask(method, &question).expect_err("a refusal").to_string()
}

fn asked(store: &Store, method: &str, params: &Value, facts: &Value, env: Env) -> Value {
    let (params, facts) = (params.to_string(), facts.to_string());
    let question =
        Question { store, params: &params, surroundings: &env, facts: Some(&facts), now: 9 };
    serde_json::from_str(&ask(method, &question).expect("an answer")).expect("JSON")
}

fn status(store: &Store, params: &Value) -> Value {
    asked(store, "taas.affinity.status", params, &json!({}), Env(&[]))
}

fn routes(store: &Store, params: &Value) -> Value {
    asked(store, "taas.affinity.routes", params, &json!({}), Env(&[]))
}

fn choose(store: &Store, params: &Value) -> Value {
    asked(store, "taas.autorouter.setAlgorithm", params, &json!({}), Env(&[]))
}

fn level(store: &Store, id: &str, facts: &Value, env: Env) -> Value {
    let status = asked(store, "taas.affinity.status", &json!({}), facts, env);
    let checks = status["checks"].as_array().expect("checks").clone();
    let check = checks.iter().find(|check| check["id"] == id).expect(id).clone();
    let is_warned = status["warnings"].as_array().expect("warnings").contains(&check);
    assert_eq!(is_warned, check["level"] != "ok", "{check}");
    assert_eq!(check["advice"].is_null(), check["level"] == "ok", "{check}");
    check["level"].clone()
}

#[test]
fn a_row_for_each_agent_session_and_model_and_a_total() {
    let store = Store::new(LIMIT);
    let (main, ops) = (whose(SESSION, Some("Main")), whose(OTHER, Some("ops")));
    used(&store, &main, Some(CLAUDE), [100.0, 0.0, 900.0, 7.0]);
    used(&store, &main, Some(CLAUDE), [100.0, 900.0, 0.0, 8.0]);
    failed(&store, &main, 429);
    used(&store, &ops, Some("openai/gpt-5"), [10.0, 0.0, 0.0, 1.0]);
    let all = status(&store, &json!({}));
    assert_eq!(all["totals"]["requests"], 4);
    assert_eq!(all["totals"]["failuresByStatus"], json!({ "429": 1 }));
    let tokens = json!({ "input": 210, "cached": 900, "written": 900, "output": 16 });
    assert_eq!(all["totals"]["tokens"], tokens);
    assert_eq!(all["agents"].as_array().map(Vec::len), Some(2));
    let row = &all["agents"][1];
    assert_eq!(row["agentId"], "main");
    assert_eq!(row["sessionId"], SESSION);
    assert_eq!(row["source"], "workspaceDir");
    assert_eq!(row["model"], CLAUDE, "a failure does not say which model there is");
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
fn what_makes_room_stays_in_the_totals() {
    let store = Store::new(LIMIT);
    for number in 0..1000 {
        let (session, agent) = (format!("oc:{number:016x}"), format!("agent-{number}"));
        let model = format!("model-{number}");
        used(&store, &whose(&session, Some(&agent)), Some(&model), [1.0, 2.0, 3.0, 4.0]);
    }
    let all = status(&store, &json!({}));
    assert_eq!(all["totals"]["requests"], 1000);
    assert_eq!(all["totals"]["tokens"]["cached"], 2000);
    let count = |rows: &str| all[rows].as_array().map(Vec::len);
    assert_eq!(
        (count("sessions"), count("agents"), count("models")),
        (Some(256), Some(256), Some(64))
    );
    assert_eq!(all["sessions"][0]["sessionId"], "oc:00000000000003e7", "the newest first");
    assert_eq!(all["sessions"][255]["model"], Value::Null, "its model has made room");
    for _ in 0..100 {
        used(&store, &whose(SESSION, None), None, [1.0; 4]);
    }
    let one = status(&store, &json!({ "sessionId": SESSION }));
    assert_eq!(one["sessions"][0]["calls"].as_array().map(Vec::len), Some(CALL_LIMIT));
    assert_eq!(one["sessions"][0]["requests"], 100);
}

fn answer(store: &Store, whose: &Whose<'_>, status: f64, request_id: &str, at: i64) -> bool {
    let values = HEADERS.map(|name| match name {
        "x-taas-autorouted" => Some("true"),
        "x-request-id" => Some(request_id),
        "x-taas-autorouter-model" => Some(CLAUDE),
        _ => None,
    });
    store.answered(&Response { status: Some(status), values, ..Response::default() }, whose, at)
}

#[test]
fn routes_and_failures_are_the_newest_first_and_bounded() {
    let store = Store::new(LIMIT);
    let main = Whose { conversation: Some("96b334dd"), ..whose(SESSION, Some("main")) };
    assert!(answer(&store, &main, 200.0, "first", 1));
    assert!(!answer(&store, &whose(OTHER, Some("ops")), 429.0, "limited", 2));
    for (status, what) in [(100.0, "informational"), (304.0, "redirect"), (f64::NAN, "no number")] {
        assert!(!answer(&store, &main, status, what, 3));
    }
    assert!(answer(&store, &main, 200.0, "last", 3));
    let all = routes(&store, &json!(null));
    let ids = |answer: &Value| -> Vec<Value> {
        let routes = answer["routes"].as_array().expect("routes").iter();
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
    assert_eq!(store.by_agent("ops"), None, "a failure is no route");
    for number in 0..100 {
        answer(&store, &main, 503.0, &number.to_string(), 4);
    }
    let newest: Vec<_> = (84..100).rev().map(|number| number.to_string()).collect();
    assert_eq!(ids(&routes(&store, &json!({ "sessionId": SESSION, "limit": 4096 }))), newest);
    for limit in [json!(0), json!(4097), json!(-1), json!(1.5), json!("9"), json!(null), json!(1e9)]
    {
        let error = refused(&store, "taas.affinity.routes", &json!({ "limit": limit }));
        assert!(error.starts_with("limit is ") && error.contains("from 1 to 4096"), "{error}");
    }
}

#[test]
fn observed_answers_that_name_no_session_are_kept_by_conversation_or_agent() {
    let store = Store::new(LIMIT);
    let agents = ["main", "one", "two", "three", "four", "five"];
    let observed = |agent_id, conversation| Whose {
        agent_id: Some(agent_id),
        conversation,
        observed: true,
        ..Whose::default()
    };
    for number in 0..3 {
        for agent in agents {
            assert!(answer(&store, &observed(agent, Some(agent)), 200.0, agent, number));
        }
    }
    let total = |params: Value| routes(&store, &params)["total"].clone();
    assert_eq!(total(json!({})), 18);
    // However many calls others make, and whether they name a conversation or not.
    for number in 0..40 {
        answer(&store, &observed("one", Some("another conversation")), 200.0, "r", number);
        answer(&store, &observed("one", None), 503.0, "r", number);
        answer(&store, &observed("two", None), 503.0, "r", number);
    }
    for agent in ["main", "three", "four", "five"] {
        assert_eq!(total(json!({ "agentId": agent })), 3, "{agent}");
        assert_eq!(total(json!({ "conversationId": agent })), 3, "{agent}");
    }
    assert_eq!(total(json!({ "agentId": "one" })), 3 + 16 + 16);
    assert_eq!(total(json!({ "agentId": "two" })), 3 + 16);
    let newest = routes(&store, &json!({ "limit": 1 }))["routes"][0].clone();
    assert_eq!((&newest["agentId"], &newest["sessionId"]), (&json!("two"), &Value::Null));
    // A session that another plugin names is not taken for a conversation or an agent of that name.
    let named = Whose { session_id: "main", ..observed("main", Some("main")) };
    for number in 0..40 {
        answer(&store, &named, 200.0, "r", number);
    }
    assert_eq!(total(json!({ "agentId": "main" })), 3 + 16);
}

#[test]
fn answers_of_ever_new_sessions_conversations_and_agents_are_bounded_together() {
    let store = Store::new(LIMIT);
    for number in 0..1_000 {
        let id = format!("id-{number}");
        for conversation in [Some(id.as_str()), None] {
            let whose =
                Whose { agent_id: Some(&id), conversation, observed: true, ..Whose::default() };
            answer(&store, &whose, 200.0, "r", number);
        }
    }
    let all = routes(&store, &json!({ "limit": 4096 }));
    assert_eq!(all["total"], 256);
    assert_eq!(all["routes"][0]["agentId"], "id-999");
}

#[test]
fn an_algorithm_is_chosen_for_an_agent_or_a_session_and_taken_back() {
    let store = Store::new(LIMIT);
    let main = whose(SESSION, Some("main"));
    let name = |store: &Store| store.choice(&main).map(taas_affinity::store::Algorithm::name);
    let set = choose(&store, &json!({ "agentId": "Main", "algorithm": "cost" }));
    assert_eq!(set, json!({ "agentId": "main", "algorithm": "cost", "previous": null }));
    assert_eq!(name(&store), Some("cost"));
    assert_eq!(store.choice(&whose(OTHER, Some("ops"))), None);
    // A session's own counts more than its agent's.
    let home = json!({ "workspaceDir": "/home/cloudsigma/.openclaw/workspace-new-agent-2", "algorithm": "tps" });
    if cfg!(unix) {
        assert_eq!(choose(&store, &home)["sessionId"], SESSION);
        assert_eq!(name(&store), Some("tps"));
        let shown = json!([
            { "sessionId": SESSION, "algorithm": "tps" },
            { "agentId": "main", "algorithm": "cost" },
        ]);
        assert_eq!(status(&store, &json!({}))["algorithms"], shown);
        // So does its workspace's, where each conversation is a session of its own.
        let conversation = Whose { session_id: OTHER, ..main };
        assert_eq!(
            store.choice(&conversation).map(taas_affinity::store::Algorithm::name),
            Some("tps")
        );
        choose(&store, &json!({ "sessionId": SESSION, "algorithm": null }));
    }
    let cleared = choose(&store, &json!({ "agentId": "main", "algorithm": null }));
    assert_eq!(cleared, json!({ "agentId": "main", "algorithm": null, "previous": "cost" }));
    assert_eq!(name(&store), None);

    for (params, what) in [
        (json!({ "agentId": "main" }), "algorithm is missing"),
        (json!({ "agentId": "main", "algorithm": "best" }), "algorithm is \"best\""),
        (json!({ "agentId": "main", "algorithm": 7 }), "algorithm is a number"),
        (json!({ "algorithm": "cost" }), "neither an agent nor a session"),
        (json!({ "agentId": "a b", "algorithm": "cost" }), "agentId is \"a b\", no agent id"),
        (json!({ "sessionId": "x", "algorithm": "cost" }), "sessionId is \"x\""),
        (json!({ "limit": 1 }), "unknown key \"limit\""),
    ] {
        let error = refused(&store, "taas.autorouter.setAlgorithm", &params);
        assert!(error.starts_with(what), "{error}");
        assert!(
            error.contains("best_fit, price_performance, savings_curve, cost, ttft, tps"),
            "{error}"
        );
    }
    for number in 0..CHOICE_LIMIT {
        choose(&store, &json!({ "agentId": format!("a{number}"), "algorithm": "ttft" }));
    }
    let error = refused(
        &store,
        "taas.autorouter.setAlgorithm",
        &json!({ "agentId": "z", "algorithm": "ttft" }),
    );
    assert!(error.starts_with("256 algorithms are set already"), "{error}");
    choose(&store, &json!({ "agentId": "a0", "algorithm": "cost" }));
}

#[test]
fn algorithms_are_those_of_whom_was_asked_for_seen_or_not() {
    let store = Store::new(LIMIT);
    choose(&store, &json!({ "agentId": "Ops-Bot", "algorithm": "tps" }));
    choose(&store, &json!({ "sessionId": SESSION, "algorithm": "cost" }));
    let (ops, session) = (
        json!({ "agentId": "ops-bot", "algorithm": "tps" }),
        json!({ "sessionId": SESSION, "algorithm": "cost" }),
    );
    let shown = |params: &Value| status(&store, params)["algorithms"].clone();
    let workspace = json!({ "workspaceDir": "/home/cloudsigma/.openclaw/workspace-new-agent-2" });
    assert_eq!(shown(&json!({})), json!([session, ops]));
    assert_eq!(shown(&json!({ "agentId": "Ops-Bot" })), json!([ops]));
    assert_eq!(shown(&json!({ "agentId": "main" })), json!([]));
    assert_eq!(shown(&json!({ "sessionId": SESSION })), json!([session]));
    assert_eq!(shown(&json!({ "sessionId": OTHER })), json!([]));
    if cfg!(unix) {
        assert_eq!(shown(&workspace), json!([session]));
    }
    // Once there were calls, what counts for them is about them: their agent's, their workspace's.
    let ops_bot = whose(SESSION, Some("ops-bot"));
    used(&store, &ops_bot, None, [1.0; 4]);
    let conversation = Whose { session_id: OTHER, ..ops_bot };
    used(&store, &conversation, None, [1.0; 4]);
    used(&store, &whose("oc:0000000000000001", Some("main")), None, [1.0; 4]);
    for asked in [json!({ "agentId": "ops-bot" }), json!({ "sessionId": OTHER })] {
        assert_eq!(shown(&asked), json!([session, ops]), "{asked}");
    }
    assert_eq!(shown(&json!({ "agentId": "main" })), json!([]));
}

#[test]
fn a_row_has_the_algorithm_of_its_next_request() {
    let store = Store::new(LIMIT);
    let main = whose(SESSION, Some("main"));
    let conversation = Whose { session_id: OTHER, ..main };
    let nobody = Whose { workspace: None, ..whose("oc:0000000000000001", None) };
    for call in [&main, &nobody, &conversation] {
        used(&store, call, None, [1.0; 4]);
    }
    let rows = || {
        let all = status(&store, &json!({}));
        let of = |rows: &str, key: &str, id: &str| {
            let mut rows = all[rows].as_array().expect("rows").iter();
            rows.find(|row| row[key] == id).expect(id)["algorithm"].clone()
        };
        let session = |of_whom: &Whose<'_>| {
            let algorithm = of("sessions", "sessionId", of_whom.session_id);
            let carried = store.choice(of_whom).map(taas_affinity::store::Algorithm::name);
            assert_eq!(algorithm, json!(carried));
            algorithm
        };
        let agent = of("agents", "agentId", "main");
        json!([agent, session(&conversation), session(&main), session(&nobody)])
    };
    assert_eq!(rows(), json!([null, null, null, null]));
    for (params, expected) in [
        (json!({ "agentId": "Main", "algorithm": "cost" }), json!(["cost", "cost", "cost", null])),
        (json!({ "sessionId": SESSION, "algorithm": "tps" }), json!(["tps", "tps", "tps", null])),
        (json!({ "sessionId": OTHER, "algorithm": "ttft" }), json!(["ttft", "ttft", "tps", null])),
        (json!({ "sessionId": SESSION, "algorithm": null }), json!(["ttft", "ttft", "cost", null])),
    ] {
        choose(&store, &params);
        assert_eq!(rows(), expected, "{params}");
    }
}

#[test]
fn a_change_of_route_is_told_once_and_at_most_once_a_minute() {
    let store = Store::new(LIMIT);
    let start = Instant::now();
    let route = |model: &'static str, ms| {
        let change = store.route_change("MAIN", model, start + Duration::from_millis(ms));
        change.map_or_else(String::new, |change| format!("{} to {}", change.from, change.to))
    };
    assert_eq!(route("a", 0), "", "the first is none");
    assert_eq!(route("a", 1), "");
    assert_eq!(route("b", 2), "a to b");
    assert_eq!(route("a", 3), "", "within a minute");
    assert_eq!(route("a", 60_002), "b to a", "after it, since it is still so");
    assert_eq!(route("b", 60_003), "");
    assert_eq!(route("a", 200_000), "", "back again before it could be told");
}

#[test]
fn the_doctor_says_what_is_wrong() {
    let store = Store::new(LIMIT);
    let nothing = json!({ "binary": "1.0.0", "package": "1.0.0", "providers": [] });
    let all = asked(&store, "taas.affinity.status", &json!({}), &nothing, Env(&[]));
    assert_eq!(all["warnings"], json!([]), "nothing is wrong with a gateway that has done nothing");
    assert_eq!(all["checks"].as_array().map(Vec::len), Some(13));

    for (id, facts) in [
        ("ownership", json!({ "owned": [{ "provider": "cloudsigma", "plugins": ["x"] }] })),
        ("ownership", json!({ "owned": [{ "provider": "cloudsigma", "plugins": [] }] })),
        ("unseen-calls", json!({ "unasked": { "cloudsigma": 3 } })),
        ("binary", json!({ "binary": "0.9.0", "package": "1.0.0" })),
        ("provider-entry", json!({ "providers": [{ "id": "cloudsigma", "hasKey": false }] })),
        (
            "provider-entry",
            json!({ "providers": [
            { "id": "cloudsigma", "hasKey": true, "baseUrl": "a" },
            { "id": "cloudsigma-staging", "hasKey": true, "baseUrl": "b" },
        ] }),
        ),
        (
            "pinned-headers",
            json!({ "providers": [{ "id": "x", "hasKey": true, "pinned": ["X-Session-Id"] }] }),
        ),
        ("config", json!({ "notUnderstood": ["gitHint"] })),
    ] {
        assert_eq!(level(&store, id, &nothing, Env(&[])), "ok", "{id}");
        assert_ne!(level(&store, id, &facts, Env(&[])), "ok", "{id}: {facts}");
    }
    assert_eq!(
        level(&store, "session-variable", &nothing, Env(&[("OPENCLAW_SESSION_ID", "x")])),
        "warning"
    );
    let obsolete = Env(&[("TAAS_REQUESTER_BRIDGE_LEASE_URL", "")]);
    assert_eq!(level(&store, "obsolete-variables", &nothing, obsolete), "warning");
}

#[test]
fn the_doctor_names_all_that_is_not_understood() {
    let keys: Vec<_> = (0..16).map(|number| format!("key{number:02}")).collect();
    let facts = json!({ "notUnderstood": keys, "providers": [] });
    let all = asked(&Store::new(LIMIT), "taas.affinity.status", &json!({}), &facts, Env(&[]));
    let checks = all["checks"].as_array().expect("checks").iter();
    let config: Vec<_> = checks.filter(|check| check["id"] == "config").collect();
    let evidence = config[0]["evidence"].as_str().expect("a text");
    assert!(
        keys.iter().all(|key| evidence.contains(&format!("{key} is not understood"))),
        "{evidence}"
    );
}

#[test]
fn the_doctor_says_that_it_could_not_look() {
    let store = Store::new(LIMIT);
    let ids = |facts: &str| -> Vec<String> {
        let params = "null";
        let question =
            Question { store: &store, params, surroundings: &Env(&[]), facts: Some(facts), now: 9 };
        let answer = ask("taas.affinity.status", &question).expect("an answer");
        let answer: Value = serde_json::from_str(&answer).expect("JSON");
        assert_eq!(answer["warnings"].as_array().map(Vec::len), Some(1), "{facts}");
        assert_eq!(answer["warnings"][0]["id"], "facts", "{facts}");
        assert_eq!(answer["warnings"][0]["costs"], false);
        let checks = answer["checks"].as_array().expect("checks").iter();
        checks.map(|check| check["id"].as_str().expect("an id").to_owned()).collect()
    };
    let unjudged = ["provider-entry", "pinned-headers", "cache-markers"];
    for facts in ["[1]", "", "{", r#"{"affinity":"\ud800"}"#, r#"{"owned":[{"plugins":[7]}]}"#] {
        let found = ids(facts);
        assert!(unjudged.iter().all(|id| !found.contains(&(*id).to_owned())), "{facts}: {found:?}");
        for id in ["ownership", "unseen-calls", "binary", "config"] {
            assert!(!found.contains(&id.to_owned()), "{facts}: {found:?}");
        }
    }
    // The host's configuration alone.
    let found = ids(r#"{"providers":null}"#);
    assert!(unjudged.iter().all(|id| !found.contains(&(*id).to_owned())), "{found:?}");
    assert!(found.contains(&"ownership".to_owned()));
}

#[test]
fn the_doctor_sees_what_calls_show() {
    let store = Store::new(LIMIT);
    let look = |id: &str, facts: &Value| level(&store, id, facts, Env(&[]));
    let entry = |model: Value| json!({ "providers": [{ "id": "cloudsigma", "hasKey": true, "models": [model] }] });
    let bare = entry(json!({ "id": "auto", "api": "openai-completions" }));
    let main = whose(SESSION, Some("main"));

    used(&store, &whose(OTHER, None), None, [1.0, 0.0, 0.0, 1.0]);
    assert_eq!(look("anonymous", &bare), "warning");
    assert_eq!(look("autorouter", &bare), "warning");

    for _ in 0..20 {
        used(&store, &main, Some(CLAUDE), [50.0, 0.0, 0.0, 1.0]);
    }
    assert_eq!(look("autorouter", &bare), "ok");
    assert_eq!(look("low-hit-rate", &bare), "warning");
    assert_eq!(look("cache-markers", &bare), "warning");
    for marked in [
        json!({ "id": "auto", "api": "openai-completions", "cacheControl": true }),
        json!({ "id": "cloudsigma/auto", "api": "openai-completions" }),
        json!({ "id": "auto", "api": "anthropic-messages" }),
    ] {
        assert_eq!(look("cache-markers", &entry(marked.clone())), "ok", "{marked}");
    }
    let off = json!({ "id": "auto", "api": "anthropic-messages", "retention": "none" });
    assert_eq!(look("cache-markers", &entry(off)), "warning");

    for _ in 0..10 {
        used(&store, &main, Some("openai/GPT-5"), [50.0, 0.0, 0.0, 1.0]);
    }
    let claude_marked = json!({ "id": "auto", "api": "openai-completions", "cacheControl": true });
    assert_eq!(look("cache-markers", &entry(claude_marked)), "warning", "GPT needs its own");
    let both = json!({ "id": "auto", "api": "openai-completions", "cacheControl": true, "promptCacheKey": true });
    assert_eq!(look("cache-markers", &entry(both)), "ok");
    used(&store, &main, Some(CLAUDE), [0.0, 1.0, 0.0, 1.0]);
    used(&store, &main, Some("openai/GPT-5"), [0.0, 1000.0, 0.0, 1.0]);
    assert_eq!(look("cache-markers", &bare), "ok", "one cached token says that markers are there");
    assert_eq!(look("low-hit-rate", &bare), "ok");
}

#[test]
fn only_a_conversation_that_moves_between_workspaces_when_it_should_not_is_reported() {
    type Calls<'a> = &'a [(&'a str, &'a str, &'a str)];
    const WORKTREE: &str = "oc:00000000000000aa";
    let level_after = |calls: Calls<'_>, without: &[&str]| {
        let store = Store::new(LIMIT);
        for &(agent, conversation, workspace) in calls {
            let call = Whose {
                conversation: Some(conversation).filter(|id| !id.is_empty()),
                in_worktree: workspace == WORKTREE,
                ..whose(workspace, Some(agent))
            };
            used(&store, &call, None, [0.0; 4]);
        }
        level(&store, "two-workspaces", &json!({ "agentsWithoutWorkspace": without }), Env(&[]))
    };
    let (here, there) = (SESSION, OTHER);
    let cases: [(&str, Calls<'_>, &[&str], &str); 10] = [
        (
            "a pin that moves",
            &[("a", "1", here), ("a", "1", there), ("a", "1", here)],
            &[],
            "warning",
        ),
        (
            "two directories of an agent without a workspace of its own",
            &[("a", "1", here), ("a", "1", there)],
            &["A", "b"],
            "warning",
        ),
        ("an edit of the configuration", &[("a", "1", here), ("a", "1", there)], &["b"], "ok"),
        (
            "conversations in a directory each",
            &[("a", "1", here), ("a", "2", there), ("a", "1", here), ("a", "2", there)],
            &["a"],
            "ok",
        ),
        (
            "a worktree of its own",
            &[("a", "1", here), ("a", "2", WORKTREE), ("a", "1", here), ("a", "2", WORKTREE)],
            &["a"],
            "ok",
        ),
        (
            "into a worktree and back",
            &[("a", "1", here), ("a", "1", WORKTREE), ("a", "1", here), ("a", "1", WORKTREE)],
            &["a"],
            "ok",
        ),
        (
            "a pin that moves beside a worktree",
            &[("a", "1", here), ("a", "1", WORKTREE), ("a", "1", there), ("a", "1", here)],
            &[],
            "warning",
        ),
        (
            "agents that use one id",
            &[("a", "1", here), ("b", "1", there), ("a", "1", here), ("b", "1", there)],
            &["a", "b"],
            "ok",
        ),
        (
            "calls of no conversation",
            &[("a", "", here), ("a", "", there), ("a", "", here)],
            &["a"],
            "ok",
        ),
        ("one directory", &[("a", "1", here), ("a", "1", here)], &["a"], "ok"),
    ];
    for (what, calls, without, expected) in cases {
        assert_eq!(level_after(calls, without), expected, "{what}");
    }
}

#[test]
fn an_agent_that_moves_is_reported_once_with_the_conversation_that_moved_most() {
    let store = Store::new(LIMIT);
    for (conversation, moves) in [("1", 2), ("2", 5), ("3", 3)] {
        for number in 0..=moves {
            let workspace = if number % 2 == 0 { SESSION } else { OTHER };
            let call = Whose { conversation: Some(conversation), ..whose(workspace, Some("Main")) };
            answer(&store, &call, 200.0, "r", number);
            used(&store, &call, None, [0.0; 4]);
        }
    }
    let all = status(&store, &json!({}));
    let checks = all["checks"].as_array().expect("checks").iter();
    let mut checks = checks.filter(|check| check["id"] == "two-workspaces");
    let evidence = checks.next().expect("a check")["evidence"].as_str().expect("a text").to_owned();
    assert_eq!(
        evidence,
        format!(
            "a conversation of main was seen under {OTHER} and {SESSION}, and moved so often: 5"
        )
    );
}

#[test]
fn a_hit_rate_that_falls_is_shown_until_it_rises_again() {
    let store = Store::new(LIMIT);
    let main = whose(SESSION, Some("main"));
    let warm = || used(&store, &main, Some(CLAUDE), [10.0, 90.0, 0.0, 1.0]);
    let cold = || used(&store, &main, Some(CLAUDE), [100.0, 0.0, 0.0, 1.0]);
    let look = || level(&store, "low-hit-rate", &json!({}), Env(&[]));
    (0..100).for_each(|_| warm());
    (0..CALL_LIMIT - 8).for_each(|_| cold());
    assert_eq!(look(), "ok", "8 of the last 32 calls were warm");
    cold();
    assert_eq!(look(), "warning", "7 were");
    (0..CALL_LIMIT).for_each(|_| warm());
    assert_eq!(look(), "ok");
}

#[test]
fn a_conversation_s_session_is_known_from_any_call_of_it() {
    let store = Store::new(LIMIT);
    let main = whose(SESSION, Some("a"));
    let of = |conversation| Whose { conversation: Some(conversation), ..main };
    let rows = |key: &str, id: &str| -> Vec<Value> {
        status(&store, &json!({ key: id }))["sessions"].as_array().expect("rows").clone()
    };
    used(&store, &whose(SESSION, Some("a")), None, [1.0, 0.0, 0.0, 1.0]);
    used(&store, &whose(OTHER, Some("b")), None, [1.0, 0.0, 0.0, 1.0]);
    assert_eq!(rows("conversationId", "ended"), Vec::<Value>::new());
    // From a call that nobody captured a route of, and from an answer that failed.
    used(&store, &of("ended"), None, [1.0, 0.0, 0.0, 1.0]);
    store.answered(&Response { status: Some(429.0), ..Response::default() }, &of("failed"), 1);
    for id in ["ended", "failed"] {
        for key in ["conversationId", "localSessionId"] {
            let rows = rows(key, id);
            assert_eq!(rows.len(), 1, "{key} {id}");
            assert_eq!(rows[0]["sessionId"], SESSION);
        }
        let route = asked(
            &store,
            "taas.affinity.lastRoute",
            &json!({ "conversationId": id }),
            &json!({}),
            Env(&[]),
        );
        assert_eq!(route, json!({ "conversationId": id, "sessionId": null, "capture": null }));
    }
    assert_eq!(routes(&store, &json!({ "conversationId": "failed" }))["total"], 1);
    // It goes where its latest call went.
    used(&store, &Whose { session_id: OTHER, ..of("ended") }, None, [1.0, 0.0, 0.0, 1.0]);
    assert_eq!(rows("conversationId", "ended")[0]["sessionId"], OTHER);
    used(&store, &of("ended"), None, [1.0, 0.0, 0.0, 1.0]);
    assert_eq!(rows("conversationId", "ended")[0]["sessionId"], SESSION);
    // One in use is found however many others there are.
    for number in 0..300 {
        let other = format!("other-{number}");
        used(&store, &Whose { conversation: Some(&other), ..main }, None, [1.0, 0.0, 0.0, 1.0]);
        used(&store, &of("ended"), None, [1.0, 0.0, 0.0, 1.0]);
    }
    assert_eq!(rows("conversationId", "ended").len(), 1);
}

#[test]
fn a_session_that_an_observed_request_named_is_known_from_a_failure_too() {
    let store = Store::new(LIMIT);
    let observed = Whose { session_id: "of another plugin", observed: true, ..Whose::default() };
    store.answered(&Response { status: Some(429.0), ..Response::default() }, &observed, 1);
    assert_eq!(routes(&store, &json!({ "sessionId": "of another plugin" }))["total"], 1);
    assert!(
        refused(&store, "taas.affinity.routes", &json!({ "sessionId": "nobody's" }))
            .contains("no affinity session id")
    );
}

#[test]
fn agents_that_share_a_workspace_are_found_by_it_and_each_by_its_name() {
    let store = Store::new(LIMIT);
    for name in ["first", "second"] {
        used(&store, &whose(SESSION, Some(name)), None, [1.0; 4]);
    }
    choose(&store, &json!({ "sessionId": SESSION, "algorithm": "tps" }));
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

#[test]
fn calls_without_a_prompt_say_nothing_of_caches() {
    let store = Store::new(LIMIT);
    let main = whose(SESSION, Some("main"));
    let entry = json!({ "id": "auto", "api": "openai-completions" });
    let facts = json!({ "providers": [{ "id": "cloudsigma", "hasKey": true, "models": [entry] }] });
    let look = |id: &str| level(&store, id, &facts, Env(&[]));
    let aborted = Ended { at: 5, model: Some(CLAUDE), ..Ended::default() };
    store.ended(&aborted, &main);
    assert_eq!(look("autorouter"), "ok", "it was given up before any answer");
    used(&store, &main, Some(CLAUDE), [1000.0, 0.0, 0.0, 1.0]);
    for _ in 0..40 {
        store.ended(&aborted, &main);
        failed(&store, &main, 503);
    }
    assert_eq!((look("low-hit-rate"), look("cache-markers")), (json!("ok"), json!("ok")));
}

#[test]
fn evidence_names_no_place_and_a_rate_that_is_under_20_percent() {
    let store = Store::new(LIMIT);
    let main = whose(SESSION, Some("Main"));
    let entry = json!({ "id": "auto", "api": "openai-completions" });
    let facts = json!({
        "providers": [{ "id": "cloudsigma", "hasKey": true, "models": [entry] }],
        "agentsWithoutWorkspace": ["Main"],
    });
    for model in
        ["/home/me/gpt-oss.gguf", "https://key:s3cret@host.internal/gpt-5", r"C:\me\gpt", "a/gpt"]
    {
        for _ in 0..10 {
            used(&store, &main, Some(model), [804.0, 0.0, 0.0, 1.0]);
        }
    }
    used(&store, &main, None, [0.0, 7800.0, 0.0, 1.0]);
    for workspace in [SESSION, OTHER] {
        let call = Whose { conversation: Some("c"), ..whose(workspace, Some("main")) };
        used(&store, &call, None, [1.0, 1.0, 0.0, 1.0]);
    }
    let all = asked(&store, "taas.affinity.status", &json!({}), &facts, Env(&[]));
    let evidence = |id: &str| {
        let checks = all["checks"].as_array().expect("checks").iter();
        let mut checks = checks.filter(|check| check["id"] == id);
        checks.next().expect(id)["evidence"].as_str().expect("a text").to_owned()
    };
    let markers = evidence("cache-markers");
    for place in ["/home", "host.internal", "s3cret", r"C:\"] {
        assert!(!markers.contains(place), "{markers}");
    }
    assert!(markers.contains("gpt-oss.gguf") || markers.contains("a/gpt"), "{markers}");
    assert!(
        evidence("low-hit-rate").contains("a hit rate of 19 %"),
        "{}",
        evidence("low-hit-rate")
    );
    assert!(evidence("two-workspaces").ends_with("no workspace of its own in the configuration"));
    let by_conversation = json!({ "affinity": "conversation", "providers": [] });
    assert_eq!(level(&store, "two-workspaces", &by_conversation, Env(&[])), "ok");
}
