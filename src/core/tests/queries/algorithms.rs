//! `taas.autorouter.setAlgorithm`, and the algorithms in `taas.affinity.status`.

use serde_json::{Value, json};
use taas_affinity::store::{ALGORITHM_LIMIT, CallIdentity, LIMIT, Store};

use crate::{OTHER, SESSION, error_of, identity, record_usage, set_algorithm, status};

#[test]
fn an_algorithm_is_set_for_an_agent_or_a_session_and_cleared() {
    let store = Store::new(LIMIT);
    let main = identity(SESSION, Some("main"));
    let name = |store: &Store| store.algorithm(&main);
    let set = set_algorithm(&store, &json!({ "agentId": "Main", "algorithm": "cost" }));
    assert_eq!(set, json!({ "agentId": "main", "algorithm": "cost", "previous": null }));
    assert_eq!(name(&store), Some("cost"));
    assert_eq!(store.algorithm(&identity(OTHER, Some("ops"))), None);
    // The algorithm of a session wins over the algorithm of its agent.
    let home = json!({ "workspaceDir": "/home/cloudsigma/.openclaw/workspace-new-agent-2", "algorithm": "tps" });
    if cfg!(unix) {
        assert_eq!(set_algorithm(&store, &home)["sessionId"], SESSION);
        assert_eq!(name(&store), Some("tps"));
        let shown = json!([
            { "sessionId": SESSION, "algorithm": "tps" },
            { "agentId": "main", "algorithm": "cost" },
        ]);
        assert_eq!(status(&store, &json!({}))["algorithms"], shown);
        // So does the algorithm of the workspace, if each conversation is a session.
        let conversation = CallIdentity { session_id: OTHER, ..main };
        assert_eq!(store.algorithm(&conversation), Some("tps"));
        set_algorithm(&store, &json!({ "sessionId": SESSION, "algorithm": null }));
    }
    let cleared = set_algorithm(&store, &json!({ "agentId": "main", "algorithm": null }));
    assert_eq!(cleared, json!({ "agentId": "main", "algorithm": null, "previous": "cost" }));
    assert_eq!(name(&store), None);

    let error = error_of(
        &store,
        "taas.autorouter.setAlgorithm",
        &json!({ "agentId": "main", "algorithm": "best" }),
    );
    let accepted = "best_fit, price_performance, savings_curve, cost, ttft, tps, or null to clear";
    assert!(error.starts_with(&format!("algorithm must be {accepted}, got \"best\"")), "{error}");
    for (params, start) in [
        (json!({ "agentId": "main" }), "algorithm must be best_fit, "),
        (json!({ "agentId": "main", "algorithm": "best" }), "algorithm must be best_fit, "),
        (json!({ "agentId": "main", "algorithm": 7 }), "algorithm must be best_fit, "),
        (json!({ "algorithm": "cost" }), "an agent or a session must be given"),
        (
            json!({ "agentId": "a b", "algorithm": "cost" }),
            "agentId must be up to 64 ASCII letters",
        ),
        (json!({ "sessionId": "x", "algorithm": "cost" }), "sessionId must be oc: and 16"),
        (json!({ "limit": 1 }), "unknown key \"limit\""),
    ] {
        let error = error_of(&store, "taas.autorouter.setAlgorithm", &params);
        assert!(error.starts_with(start), "{error}");
        assert!(error.ends_with("; accepted keys: agentId, sessionId, workspaceDir, algorithm"));
    }
    for number in 0..ALGORITHM_LIMIT {
        set_algorithm(&store, &json!({ "agentId": format!("a{number}"), "algorithm": "ttft" }));
    }
    let error = error_of(
        &store,
        "taas.autorouter.setAlgorithm",
        &json!({ "agentId": "z", "algorithm": "ttft" }),
    );
    assert!(error.starts_with("256 algorithms are already set"), "{error}");
    set_algorithm(&store, &json!({ "agentId": "a0", "algorithm": "cost" }));
}

#[test]
fn status_lists_the_algorithms_of_the_selected_agent_or_session_before_any_call_too() {
    let store = Store::new(LIMIT);
    set_algorithm(&store, &json!({ "agentId": "Ops-Bot", "algorithm": "tps" }));
    set_algorithm(&store, &json!({ "sessionId": SESSION, "algorithm": "cost" }));
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
    // After a call, a session also shows the algorithms of its agent and its workspace.
    let ops_bot = identity(SESSION, Some("ops-bot"));
    record_usage(&store, &ops_bot, None, [1.0; 4]);
    let conversation = CallIdentity { session_id: OTHER, ..ops_bot };
    record_usage(&store, &conversation, None, [1.0; 4]);
    record_usage(&store, &identity("oc:0000000000000001", Some("main")), None, [1.0; 4]);
    for asked in [json!({ "agentId": "ops-bot" }), json!({ "sessionId": OTHER })] {
        assert_eq!(shown(&asked), json!([session, ops]), "{asked}");
    }
    assert_eq!(shown(&json!({ "agentId": "main" })), json!([]));
}

#[test]
fn each_row_of_status_has_the_algorithm_of_its_next_request() {
    let store = Store::new(LIMIT);
    let main = identity(SESSION, Some("main"));
    let conversation = CallIdentity { session_id: OTHER, ..main };
    let anonymous = CallIdentity { workspace: None, ..identity("oc:0000000000000001", None) };
    for call in [&main, &anonymous, &conversation] {
        record_usage(&store, call, None, [1.0; 4]);
    }
    let rows = || {
        let all = status(&store, &json!({}));
        let of = |rows: &str, key: &str, id: &str| {
            let mut rows = all[rows].as_array().expect("rows").iter();
            rows.find(|row| row[key] == id).expect(id)["algorithm"].clone()
        };
        let session = |identity: &CallIdentity<'_>| {
            let algorithm = of("sessions", "sessionId", identity.session_id);
            let carried = store.algorithm(identity);
            assert_eq!(algorithm, json!(carried));
            algorithm
        };
        let agent = of("agents", "agentId", "main");
        json!([agent, session(&conversation), session(&main), session(&anonymous)])
    };
    assert_eq!(rows(), json!([null, null, null, null]));
    for (params, expected) in [
        (json!({ "agentId": "Main", "algorithm": "cost" }), json!(["cost", "cost", "cost", null])),
        (json!({ "sessionId": SESSION, "algorithm": "tps" }), json!(["tps", "tps", "tps", null])),
        (json!({ "sessionId": OTHER, "algorithm": "ttft" }), json!(["ttft", "ttft", "tps", null])),
        (json!({ "sessionId": SESSION, "algorithm": null }), json!(["ttft", "ttft", "cost", null])),
    ] {
        set_algorithm(&store, &params);
        assert_eq!(rows(), expected, "{params}");
    }
}
