//! The doctor's checks in `taas.affinity.status`.

use serde_json::{Value, json};
use taas_affinity::{
    ask::{Question, ask},
    store::{CallIdentity, LIMIT, Store},
    usage::{Ended, RECENT_CALLS, Tokens},
};

use crate::{
    CLAUDE, Env, OTHER, SESSION, identity, level, query, record_failure, record_response,
    record_usage, status,
};

#[test]
fn each_fact_that_shows_a_problem_raises_its_check() {
    let store = Store::new(LIMIT);
    let nothing = json!({ "binary": "1.0.0", "package": "1.0.0", "providers": [] });
    let all = query(&store, "taas.affinity.status", &json!({}), &nothing, Env(&[]));
    assert_eq!(all["warnings"], json!([]), "a gateway without calls has no warnings");
    assert_eq!(all["checks"].as_array().map(Vec::len), Some(13));

    for (id, facts) in [
        ("ownership", json!({ "owned": [{ "provider": "cloudsigma", "plugins": ["x"] }] })),
        ("ownership", json!({ "owned": [{ "provider": "cloudsigma", "plugins": [] }] })),
        ("unseen-calls", json!({ "unasked": { "cloudsigma": 3 } })),
        ("binary", json!({ "binary": "0.9.0", "package": "1.0.0" })),
        ("provider-entry", json!({ "providers": [{ "id": "cloudsigma", "hasKey": false }] })),
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
fn the_config_check_names_every_invalid_setting() {
    let keys: Vec<_> = (0..16).map(|number| format!("key{number:02}")).collect();
    let facts = json!({ "notUnderstood": keys, "providers": [] });
    let all = query(&Store::new(LIMIT), "taas.affinity.status", &json!({}), &facts, Env(&[]));
    let checks = all["checks"].as_array().expect("checks").iter();
    let config: Vec<_> = checks.filter(|check| check["id"] == "config").collect();
    let evidence = config[0]["evidence"].as_str().expect("a text");
    assert!(keys.iter().all(|key| evidence.contains(key)), "{evidence}");
}

#[test]
fn checks_without_their_facts_are_left_out_with_one_warning() {
    let store = Store::new(LIMIT);
    let ids = |facts: &str| -> Vec<String> {
        let params = "null";
        let question =
            Question { store: &store, params, surroundings: &Env(&[]), facts: Some(facts), now: 9 };
        let status = ask("taas.affinity.status", &question).expect("a result");
        let status: Value = serde_json::from_str(&status).expect("JSON");
        assert_eq!(status["warnings"].as_array().map(Vec::len), Some(1), "{facts}");
        assert_eq!(status["warnings"][0]["id"], "facts", "{facts}");
        assert_eq!(status["warnings"][0]["costs"], false);
        let checks = status["checks"].as_array().expect("checks").iter();
        checks.map(|check| check["id"].as_str().expect("an id").to_owned()).collect()
    };
    let skipped = ["provider-entry", "pinned-headers", "cache-markers"];
    for facts in ["[1]", "", "{", r#"{"affinity":"\ud800"}"#, r#"{"owned":[{"plugins":[7]}]}"#] {
        let found = ids(facts);
        assert!(skipped.iter().all(|id| !found.contains(&(*id).to_owned())), "{facts}: {found:?}");
        for id in ["ownership", "unseen-calls", "binary", "config"] {
            assert!(!found.contains(&id.to_owned()), "{facts}: {found:?}");
        }
    }
    // Only the host's configuration is unknown.
    let found = ids(r#"{"providers":null}"#);
    assert!(skipped.iter().all(|id| !found.contains(&(*id).to_owned())), "{found:?}");
    assert!(found.contains(&"ownership".to_owned()));
}

#[test]
fn recorded_calls_raise_the_checks_of_caching_and_identity() {
    let store = Store::new(LIMIT);
    let look = |id: &str, facts: &Value| level(&store, id, facts, Env(&[]));
    let entry = |model: Value| json!({ "providers": [{ "id": "cloudsigma", "hasKey": true, "models": [model] }] });
    let bare = entry(json!({ "id": "auto", "api": "openai-completions" }));
    let main = identity(SESSION, Some("main"));

    record_usage(&store, &identity(OTHER, None), None, [1.0, 0.0, 0.0, 1.0]);
    assert_eq!(look("anonymous", &bare), "warning");
    assert_eq!(look("autorouter", &bare), "warning");

    for _ in 0..20 {
        record_usage(&store, &main, Some(CLAUDE), [50.0, 0.0, 0.0, 1.0]);
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
        record_usage(&store, &main, Some("openai/GPT-5"), [50.0, 0.0, 0.0, 1.0]);
    }
    let claude_marked = json!({ "id": "auto", "api": "openai-completions", "cacheControl": true });
    assert_eq!(look("cache-markers", &entry(claude_marked)), "warning", "GPT needs another marker");
    let both = json!({ "id": "auto", "api": "openai-completions", "cacheControl": true, "promptCacheKey": true });
    assert_eq!(look("cache-markers", &entry(both)), "ok");
    record_usage(&store, &main, Some(CLAUDE), [0.0, 1.0, 0.0, 1.0]);
    record_usage(&store, &main, Some("openai/GPT-5"), [0.0, 1000.0, 0.0, 1.0]);
    assert_eq!(look("cache-markers", &bare), "ok", "a cached token proves that markers are set");
    assert_eq!(look("low-hit-rate", &bare), "ok");
}

#[test]
fn two_workspaces_warns_only_of_moves_that_are_no_worktree_and_no_single_edit() {
    type Calls<'a> = &'a [(&'a str, &'a str, &'a str)];
    const WORKTREE: &str = "oc:00000000000000aa";
    let level_after = |calls: Calls<'_>, without: &[&str]| {
        let store = Store::new(LIMIT);
        for &(agent, conversation, workspace) in calls {
            let call = CallIdentity {
                conversation: Some(conversation).filter(|id| !id.is_empty()),
                place: Some(workspace).filter(|workspace| *workspace != WORKTREE),
                ..identity(workspace, Some(agent))
            };
            record_usage(&store, &call, None, [0.0; 4]);
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
    for (case, calls, without, expected) in cases {
        assert_eq!(level_after(calls, without), expected, "{case}");
    }
}

#[test]
fn two_workspaces_names_an_agent_once_with_the_conversation_that_moved_most() {
    let store = Store::new(LIMIT);
    for (conversation, moves) in [("1", 2), ("2", 5), ("3", 3)] {
        for number in 0..=moves {
            let workspace = if number % 2 == 0 { SESSION } else { OTHER };
            let call = CallIdentity {
                conversation: Some(conversation),
                ..identity(workspace, Some("Main"))
            };
            record_response(&store, &call, 200.0, "r", number);
            record_usage(&store, &call, None, [0.0; 4]);
        }
    }
    let all = status(&store, &json!({}));
    let checks = all["checks"].as_array().expect("checks").iter();
    let mut checks = checks.filter(|check| check["id"] == "two-workspaces");
    let evidence = checks.next().expect("a check")["evidence"].as_str().expect("a text").to_owned();
    assert_eq!(
        evidence,
        format!(
            "a conversation of main moved 5 times between the workspaces {OTHER} and {SESSION}"
        )
    );
}

#[test]
fn a_low_hit_rate_of_the_latest_calls_warns_until_it_rises() {
    let store = Store::new(LIMIT);
    let main = identity(SESSION, Some("main"));
    let warm = || record_usage(&store, &main, Some(CLAUDE), [10.0, 90.0, 0.0, 1.0]);
    let cold = || record_usage(&store, &main, Some(CLAUDE), [100.0, 0.0, 0.0, 1.0]);
    let look = || level(&store, "low-hit-rate", &json!({}), Env(&[]));
    (0..100).for_each(|_| warm());
    (0..RECENT_CALLS - 8).for_each(|_| cold());
    assert_eq!(look(), "ok", "8 of the last 32 calls were warm");
    cold();
    assert_eq!(look(), "warning", "7 of the last 32 calls were warm");
    (0..RECENT_CALLS).for_each(|_| warm());
    assert_eq!(look(), "ok");
}

#[test]
fn calls_without_prompt_tokens_do_not_raise_the_checks_of_caching() {
    let store = Store::new(LIMIT);
    let main = identity(SESSION, Some("main"));
    let entry = json!({ "id": "auto", "api": "openai-completions" });
    let facts = json!({ "providers": [{ "id": "cloudsigma", "hasKey": true, "models": [entry] }] });
    let look = |id: &str| level(&store, id, &facts, Env(&[]));
    let aborted = Ended { at: 5, model: Some(CLAUDE), ..Ended::default() };
    store.ended(&aborted, &main);
    assert_eq!(look("autorouter"), "ok", "the call was aborted before a response");
    record_usage(&store, &main, Some(CLAUDE), [1000.0, 0.0, 0.0, 1.0]);
    for _ in 0..40 {
        store.ended(&aborted, &main);
        record_failure(&store, &main, 503);
    }
    assert_eq!((look("low-hit-rate"), look("cache-markers")), (json!("ok"), json!("ok")));
}

#[test]
fn evidence_contains_no_path_and_rounds_a_low_hit_rate_down() {
    let store = Store::new(LIMIT);
    let main = identity(SESSION, Some("Main"));
    let entry = json!({ "id": "auto", "api": "openai-completions" });
    let facts = json!({
        "providers": [{ "id": "cloudsigma", "hasKey": true, "models": [entry] }],
        "agentsWithoutWorkspace": ["Main"],
    });
    for model in
        ["/home/me/gpt-oss.gguf", "https://key:s3cret@host.internal/gpt-5", r"C:\me\gpt", "a/gpt"]
    {
        for _ in 0..10 {
            record_usage(&store, &main, Some(model), [804.0, 0.0, 0.0, 1.0]);
        }
    }
    record_usage(&store, &main, None, [0.0, 5700.0, 0.0, 1.0]);
    for workspace in [SESSION, OTHER] {
        let call = CallIdentity { conversation: Some("c"), ..identity(workspace, Some("main")) };
        record_usage(&store, &call, None, [1.0, 1.0, 0.0, 1.0]);
    }
    let all = query(&store, "taas.affinity.status", &json!({}), &facts, Env(&[]));
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
        evidence("low-hit-rate").contains("a cache hit rate of 19 %"),
        "{}",
        evidence("low-hit-rate")
    );
    assert!(
        evidence("two-workspaces").ends_with("and the configuration gives the agent no workspace")
    );
    let by_conversation = json!({ "affinity": "conversation", "providers": [] });
    assert_eq!(level(&store, "two-workspaces", &by_conversation, Env(&[])), "ok");
}

#[test]
fn the_advice_about_caching_says_what_to_write_and_where() {
    let main = identity(SESSION, Some("main"));
    let advice = |model: &str, routed: bool, entry: Value| {
        let store = Store::new(LIMIT);
        for _ in 0..10 {
            let tokens = Tokens::counted([50.0, 0.0, 0.0, 1.0]);
            store.ended(&Ended { model: Some(model), routed, tokens, ..Ended::default() }, &main);
        }
        let providers = json!([{ "id": "cloudsigma", "hasKey": true, "models": [entry] }]);
        let facts = json!({ "providers": providers });
        let all = query(&store, "taas.affinity.status", &json!({}), &facts, Env(&[]));
        let mut warnings = all["warnings"].as_array().expect("warnings").iter();
        let check = warnings.find(|check| check["id"] == "cache-markers").expect("a warning");
        check["advice"].as_str().expect("a text").to_owned()
    };
    let entry = |api: &str| json!({ "id": "auto", "api": api });
    let both = "give the model \"auto\" in models.providers.cloudsigma compat: { \
                supportsPromptCacheKey: true, cacheControlFormat: \"anthropic\" }, because the autorouter";
    for model in [CLAUDE, "openai/gpt-5"] {
        let said = advice(model, true, entry("openai-completions"));
        assert!(said.starts_with("in openclaw.json, ") && said.contains(both), "{said}");
        assert_eq!(said.matches("give the model").count(), 1, "{said}");
    }
    for (model, api, action) in [
        (CLAUDE, "openai-completions", "compat: { cacheControlFormat: \"anthropic\" }."),
        ("gpt-5", "openai-completions", "compat: { supportsPromptCacheKey: true }."),
    ] {
        let said = advice(model, false, entry(api));
        assert!(said.contains(action), "{said}");
    }
    let responses = advice("gpt-5", true, entry("openai-responses"));
    assert!(responses.contains("compat: { supportsPromptCacheKey: true }."), "{responses}");
    let off = json!({ "id": "auto", "api": "anthropic-messages", "retention": "none" });
    let said = advice(CLAUDE, true, off);
    assert!(
        said.contains("set params.cacheRetention of \"cloudsigma/auto\" in agents.defaults.models"),
        "{said}"
    );
}
