//! `page`: the HTML document of the Control UI's tab.

use serde_json::{Value, json};
use taas_affinity::{
    ask::{Question, ask},
    route::{HEADERS, Response},
    store::{CallIdentity, LIMIT, Store},
    usage::{Cost, Ended, Outcome, Tokens},
};

use crate::{CLAUDE, Env, OTHER, SESSION, identity, record_failure, record_usage};

/// The limit of a document, in bytes.
const SIZE: usize = 30_000;

const NOW: i64 = 1_790_000_000_000;

fn page(store: &Store, params: &Value) -> String {
    let params = params.to_string();
    let question = Question {
        store,
        params: &params,
        surroundings: &Env(&[]),
        facts: Some(r#"{"providers":[]}"#),
        now: NOW,
    };
    ask("page", &question).expect("a page")
}

fn index(store: &Store) -> String {
    page(store, &json!({ "nonce": "abc" }))
}

/// Records a call with a cost, and with a response that names a request and a model.
fn record_call(store: &Store, identity: &CallIdentity<'_>, model: &str, request: &str) {
    let values = HEADERS.map(|name| match name {
        "x-taas-autorouted" => Some("true"),
        "x-request-id" => Some(request),
        "x-taas-autorouter-model" => Some(model),
        _ => None,
    });
    let call = store.begin(identity, None, std::time::Instant::now()).call;
    let response = Response { status: Some(200.0), values, ..Response::default() };
    store.answered(&response, &CallIdentity { call: Some(call), ..*identity }, NOW - 125_000);
    let ended = Ended {
        at: NOW - 125_000,
        outcome: Outcome::Completed,
        tokens: Tokens::counted([800.0, 9_200.0, 0.0, 45.0]),
        cost: Cost::new([3.5, 15.9, 0.5]),
        ..Ended::default()
    };
    store.end(call, &ended, identity);
}

/// Where each of `texts` begins. All of them must be in the document.
fn places(html: &str, texts: &[&str]) -> Vec<usize> {
    let place = |text: &&str| html.find(text).unwrap_or_else(|| panic!("no {text} in\n{html}"));
    texts.iter().map(place).collect()
}

#[test]
fn the_page_has_the_answer_then_the_agents_then_the_warnings() {
    let store = Store::new(LIMIT);
    record_call(&store, &identity(SESSION, Some("main")), CLAUDE, "req-1");
    record_failure(&store, &identity(OTHER, None), 503);
    let html = index(&store);
    let order = places(
        &html,
        &[
            "<h1>92 % of prompt tokens came from the cache. $12.40 saved of $15.90.</h1>",
            "2 calls, 1 failed",
            r#"<a href="?agent=main">main</a>"#,
            SESSION,
            CLAUDE,
            "<td>92 %</td>",
            "<td>$12.40</td>",
            "<td>2 min ago</td>",
            "<title>Hit rate of the only call: 92 %</title>",
            "<code>anonymous</code></b>: calls without an agent id: 1.",
            "To do: give simple completions",
            "As of 14:13:20 UTC",
        ],
    );
    assert!(order.is_sorted(), "{order:?}");
}

#[test]
fn an_agent_has_its_sessions_and_its_last_16_routes() {
    let store = Store::new(LIMIT);
    for number in 0..20 {
        let session = if number < 3 { OTHER } else { SESSION };
        let id = format!("req-{number}-");
        let main = identity(session, Some("main"));
        record_call(&store, &CallIdentity { is_run: number != 18, ..main }, CLAUDE, &id);
    }
    record_call(&store, &identity("oc:0000000000000001", Some("ops")), "other/model", "req-ops");
    let html = page(&store, &json!({ "agentId": "Main", "nonce": "abc" }));
    places(
        &html,
        &["<h1>main</h1>", "92 % of prompt tokens", "Sessions", SESSION, OTHER, "Last routes"],
    );
    let routes = &html[html.find("Last routes").expect("routes")..];
    let newest = "<td>10 k</td><td>92 %</td><td>45</td><td><code>req-19-</code></td>";
    assert!(routes.contains(newest), "{routes}");
    assert_eq!(routes.matches("<code>req-").count(), 16);
    assert!(routes.contains("req-4-") && !routes.contains("req-3-"));
    let completions = routes.split("<tr>").filter(|row| row.contains("title or recap"));
    let completions: Vec<_> = completions.collect();
    assert!(completions.len() == 1 && completions[0].contains("req-18-"), "{routes}");
    assert!(!html.contains("req-ops") && !html.contains("oc:0000000000000001"));
}

#[test]
fn a_model_with_html_and_bidi_controls_in_its_name_is_shown_as_text() {
    let store = Store::new(LIMIT);
    let evil = "<img src=x onerror=alert(1)>\u{202e}gpt\u{200b}";
    let main = identity(SESSION, Some("main"));
    record_call(&store, &main, evil, "\"><script>\u{2066}");
    for html in [index(&store), page(&store, &json!({ "agentId": "main" }))] {
        assert!(html.contains("&lt;img src=x onerror=alert(1)&gt;gpt"), "{html}");
        assert!(!html.contains("<img") && html.matches("<script").count() == 1, "{html}");
        assert!(!html.contains(['\u{202e}', '\u{200b}', '\u{2066}']), "{html}");
    }
    let agent = page(&store, &json!({ "agentId": "<b>\u{202e}x", "nonce": "\"><b>" }));
    assert!(agent.contains("No calls recorded for this agent."));
    assert!(agent.contains("&lt;b&gt;x") && !agent.contains("<b><b>"), "{agent}");
    assert!(agent.contains(r#"nonce="&quot;&gt;&lt;b&gt;""#), "{agent}");
}

#[test]
fn a_page_without_calls_says_what_to_do() {
    let html = index(&Store::new(LIMIT));
    places(
        &html,
        &[
            "No calls recorded since the gateway started.",
            "Send a message to an agent.",
            "No warnings.",
        ],
    );
    assert!(!html.contains("<table"));
    let unknown = page(&Store::new(LIMIT), &json!({ "agentId": "nobody" }));
    places(&unknown, &["No calls recorded for this agent.", "nobody", r#"href="?""#]);
}

#[test]
fn a_page_has_at_most_30_000_bytes_and_says_what_it_leaves_out() {
    let store = Store::new(LIMIT);
    let long = |number: usize| format!("{}-{number}", "\"".repeat(300));
    for number in 0..256 {
        let (session, agent) =
            (format!("oc:{number:016x}"), format!("{}{number:03}", "a".repeat(60)));
        for call in 0..32 {
            let model = format!("{}{}", "&".repeat(240), number);
            let identity = identity(&session, Some(&agent));
            record_usage(&store, &identity, Some(&model), [1e6, f64::from(call) * 1e5, 0.0, 1e6]);
        }
        // Every session of the agent `busy` has a route with long texts.
        record_call(&store, &identity(&session, Some("busy")), &long(number), &long(number));
    }
    let html = index(&store);
    assert!(html.len() <= SIZE, "{}", html.len());
    let shown = html.matches(r#"<a href="?agent="#).count();
    assert!(shown >= 10, "{shown}");
    assert!(html.contains(r#"<a href="?agent=busy">"#), "the agent used last comes first");
    // The links lead to all agents.
    let (mut all, mut html) = (shown, html);
    while let Some((_, rest)) = html.split_once(r#"href="?skip="#) {
        let skip: usize = rest.split('"').next().and_then(|text| text.parse().ok()).expect("skip");
        assert_eq!(skip, all);
        assert!(rest.contains(&format!(">{} more agents", 256 - all)), "{rest}");
        html = page(&store, &json!({ "skip": skip, "nonce": "abc" }));
        assert!(html.len() <= SIZE, "{}", html.len());
        all += html.matches(r#"<a href="?agent="#).count();
    }
    assert_eq!(all, 256);
    let agent = page(&store, &json!({ "agentId": "busy" }));
    assert!(agent.len() <= SIZE, "{}", agent.len());
    assert!(agent.contains("sessions used less recently not shown"), "{agent}");
}

#[test]
fn a_chart_has_the_last_32_calls_and_a_text() {
    let store = Store::new(LIMIT);
    let main = identity(SESSION, Some("main"));
    for call in 0..40 {
        record_usage(&store, &main, None, [100.0 - f64::from(call), f64::from(call), 0.0, 1.0]);
    }
    let html = index(&store);
    let text = "<title>Hit rate of the last 32 calls: first 8 %, last 39 %, lowest 8 %</title>";
    assert!(html.contains(text), "{html}");
    let (_, points) = html.split_once("points=\"").expect("a line");
    assert_eq!(points.split('"').next().expect("points").split(' ').count(), 32);
    assert!(html.contains(r#"role="img""#));
}

#[test]
fn losses_and_unknown_prices_are_said_in_words() {
    let store = Store::new(LIMIT);
    let main = identity(SESSION, Some("main"));
    record_usage(&store, &main, None, [10.0, 90.0, 0.0, 1.0]);
    places(&index(&store), &["The prices of the models are unknown", "<td>90 tok</td>"]);
    let tokens = Tokens::counted([0.0, 0.0, 1e6, 1.0]);
    store.ended(&Ended { tokens, cost: Cost::new([3.75, 3.0, 0.0]), ..Ended::default() }, &main);
    places(
        &index(&store),
        &[
            "Cache writes cost $0.75 more than cache reads saved, of $3.00.",
            "Savings are those of 1 call with a known price.",
        ],
    );
}

#[test]
fn commands_in_advice_are_shown_as_code() {
    let store = Store::new(LIMIT);
    for place in [SESSION, OTHER, SESSION] {
        let main = CallIdentity {
            conversation: Some("c"),
            place: Some(place),
            ..identity(SESSION, Some("main"))
        };
        record_usage(&store, &main, None, [1.0; 4]);
    }
    places(&index(&store), &["<code>openclaw taas status --workspace DIR</code> shows the id"]);
}
