//! `taas.autorouter.lastRoute`: the latest capture of an agent, a session, a workspace or a conversation.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Fault, Params, Question, selectors::Selector};
use crate::route::Capture;

pub(super) fn last_route(question: &Question<'_>, params: &Params) -> Result<String, Fault> {
    let store = question.store;
    let answer = match Selector::first(question, params)? {
        Selector::Agent(id) => named("agentId", &id, store.by_agent(&id).as_ref()),
        Selector::Session(id) => json!({ "sessionId": id, "capture": store.by_session(&id) }),
        Selector::Workspace(id) => json!({ "sessionId": id, "capture": store.by_workspace(&id) }),
        Selector::Conversation { key, id, .. } => {
            named(key, &id, store.by_conversation(&id).as_ref())
        }
        Selector::All => {
            let capture = store.latest();
            json!({ "sessionId": session_of(capture.as_ref()), "capture": capture })
        }
    };
    Ok(answer.to_string())
}

fn named(key: &str, id: &str, capture: Option<&Arc<Capture>>) -> Value {
    json!({ key: id, "sessionId": session_of(capture), "capture": capture })
}

fn session_of(capture: Option<&Arc<Capture>>) -> Option<&str> {
    capture?.session_id.as_deref()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ask::{AskError, METHODS, ask as ask_question, selectors::KEYS},
        route::{HEADERS, Response},
        store::{CallIdentity, LIMIT, Store},
        surroundings::fake::{Env, NOTHING},
    };

    const METHOD: &str = "taas.autorouter.lastRoute";
    const SESSION: &str = "oc:4ae2870a2e73027c";
    const OTHER: &str = "oc:00000000000000ff";

    const CONVERSATION: &str = "96b334dd-c2c7-4e19-b2ea-2fdf1105f23d";

    fn ask_method(
        method: &str,
        store: &Store,
        params: &str,
        env: &Env,
    ) -> Result<String, AskError> {
        let question = Question { store, params, surroundings: env, facts: None, now: 0 };
        ask_question(method, &question)
    }

    fn store() -> Store {
        let store = Store::new(LIMIT);
        for (session, agent, at) in [(SESSION, Some("New-Agent-2"), 1), (OTHER, None, 2)] {
            let values = HEADERS.map(|name| match name {
                "x-taas-autorouted" => Some("true"),
                "x-request-id" => Some("r"),
                _ => None,
            });
            let response = Response { values, ..Response::default() };
            let capture = Capture::of(&response, session, at);
            let identity = CallIdentity {
                agent_id: agent,
                conversation: agent.map(|_| CONVERSATION),
                ..CallIdentity::default()
            };
            store.remember(capture.expect("autorouted"), &identity);
        }
        store
    }

    fn ask(params: &Value) -> Value {
        let answer = ask_method(METHOD, &store(), &params.to_string(), &NOTHING);
        serde_json::from_str(&answer.expect("an answer")).expect("JSON")
    }

    fn refusal(params: &str, env: &Env) -> String {
        let answer = ask_method(METHOD, &store(), params, env);
        answer.expect_err(params).to_string()
    }

    #[test]
    fn each_selector_finds_its_latest_capture() {
        let capture = json!({
            "sessionId": SESSION, "capturedAt": 1, "taasRequestId": "r", "taasTraceId": null,
            "openclawTurnId": null, "openclawAttempt": null, "autorouterModel": null,
            "autorouterAlgo": null, "autorouterAlgoSource": null, "thinkingApplied": null,
            "routedContextWindow": null,
        });
        for agent in ["new-agent-2", "New-Agent-2", "NEW-AGENT-2"] {
            assert_eq!(
                ask(&json!({ "agentId": agent })),
                json!({ "agentId": agent, "sessionId": SESSION, "capture": capture })
            );
        }
        let by_session = json!({ "sessionId": SESSION, "capture": capture });
        assert_eq!(ask(&json!({ "sessionId": SESSION })), by_session);
        for dir in [
            "/home/cloudsigma/.openclaw/workspace-new-agent-2",
            "~/.openclaw/x/../workspace-new-agent-2/",
        ] {
            #[cfg(unix)]
            assert_eq!(ask(&json!({ "workspaceDir": dir })), by_session, "{dir}");
        }
        for nothing in [json!({}), json!(null)] {
            assert_eq!(ask(&nothing)["sessionId"], OTHER);
        }
    }

    #[test]
    #[cfg(unix)]
    fn a_tilde_in_workspace_dir_is_the_home_directory_of_openclaw() {
        let params = r#"{"workspaceDir":"~/.openclaw/workspace-new-agent-2"}"#;
        let env = Env(&[("OPENCLAW_HOME", "/home/cloudsigma")], Some("/root"));
        let answer = ask_method(METHOD, &store(), params, &env).expect("an answer");
        assert!(answer.contains(SESSION), "{answer}");
        let error = refusal(params, &Env(&[], None));
        assert!(
            error.starts_with("workspaceDir begins with ~, but the home directory is unknown"),
            "{error}"
        );
        assert!(error.ends_with(KEYS), "{error}");
    }

    #[test]
    fn the_first_selector_in_the_contract_s_order_wins() {
        let both = json!({ "workspaceDir": "/x", "sessionId": OTHER, "agentId": "new-agent-2" });
        assert_eq!(ask(&both)["sessionId"], SESSION);
        let two = json!({ "workspaceDir": "/x", "sessionId": OTHER });
        assert_eq!(ask(&two)["sessionId"], OTHER);
    }

    #[test]
    fn a_miss_is_not_an_error() {
        for nobody in ["nobody", "no id"] {
            assert_eq!(
                ask(&json!({ "agentId": nobody })),
                json!({ "agentId": nobody, "sessionId": null, "capture": null })
            );
        }
        let none = "oc:0000000000000000";
        assert_eq!(
            ask(&json!({ "sessionId": none })),
            json!({ "sessionId": none, "capture": null })
        );
        let empty = ask_method(METHOD, &Store::new(LIMIT), "{}", &NOTHING);
        assert_eq!(empty.expect("an answer"), r#"{"sessionId":null,"capture":null}"#);
    }

    #[test]
    fn a_conversation_is_found_by_conversation_id_and_by_local_session_id() {
        for key in ["conversationId", "localSessionId"] {
            let answer = ask(&json!({ key: CONVERSATION }));
            assert_eq!(answer[key], CONVERSATION);
            assert_eq!(answer["sessionId"], SESSION);
            assert_eq!(answer["capture"]["capturedAt"], 1);
            let none = json!({ key: "x", "sessionId": null, "capture": null });
            assert_eq!(ask(&json!({ key: "x" })), none);
        }
    }

    #[test]
    fn last_route_has_two_names() {
        for name in ["taas.autorouter.lastRoute", "taas.affinity.lastRoute"] {
            assert!(
                METHODS
                    .iter()
                    .any(|(method, scope, ..)| (*method, *scope) == (name, "operator.read"))
            );
            assert!(ask_method(name, &store(), "{}", &NOTHING).is_ok());
        }
        let unknown = ask_method("taas.affinity.nothing", &store(), "{}", &NOTHING);
        assert!(unknown.is_err());
    }

    #[test]
    fn an_error_names_the_key_and_what_is_accepted() {
        let mega = "x".repeat(1_000_000);
        let deep = "[".repeat(200) + &"]".repeat(200);
        let deepest = "[".repeat(1_000_000);
        let no_object = "params must be a JSON object;";
        let no_agent = "agentId must be a non-blank string of at most 120 characters;";
        let no_path = "workspaceDir must be a non-blank string of at most 32767 characters;";
        let no_session = "sessionId must be a non-blank string of at most 32767 characters;";
        for (params, start) in [
            (String::new(), no_object),
            ("nonsense".to_owned(), no_object),
            (deepest.clone(), no_object),
            (r#"{"agentId":"a"} {}"#.to_owned(), no_object),
            ("[]".to_owned(), no_object),
            (r#"["main"]"#.to_owned(), no_object),
            (deep.clone(), no_object),
            (r#""main""#.to_owned(), no_object),
            (format!("{mega:?}"), no_object),
            (r#""\ud800""#.to_owned(), no_object),
            ("7".to_owned(), no_object),
            ("-1e999".to_owned(), no_object),
            (" true ".to_owned(), no_object),
            (r#"{"\ud800":1}"#.to_owned(), no_object),
            (r#"{"agent":"main"}"#.to_owned(), r#"unknown key "agent";"#),
            (format!(r#"{{"deep":{deep}}}"#), r#"unknown key "deep";"#),
            (r#"{"agentId":"main","x\n":1}"#.to_owned(), r#"unknown key "x";"#),
            (r#"{"x`, y":1}"#.to_owned(), r#"unknown key "x`, y";"#),
            (format!(r#"{{"{mega}":1}}"#), r#"unknown key "xxx"#),
            (r#"{"agentId":""}"#.to_owned(), no_agent),
            (r#"{"agentId":" \t"}"#.to_owned(), no_agent),
            (r#"{"agentId":null}"#.to_owned(), no_agent),
            (r#"{"agentId":1e999}"#.to_owned(), no_agent),
            (format!(r#"{{"agentId":{deep}}}"#), no_agent),
            (r#"{"agentId":"\ud800"}"#.to_owned(), no_agent),
            (format!(r#"{{"agentId":"{mega}"}}"#), no_agent),
            (r#"{"sessionId":"a\udc00"}"#.to_owned(), no_session),
            (format!(r#"{{"sessionId":"{mega}"}}"#), no_session),
            (r#"{"agentId":"main","sessionId":5}"#.to_owned(), no_session),
            (r#"{"agentId":"main","sessionId":"x"}"#.to_owned(), "sessionId must be oc: and 16"),
            (r#"{"workspaceDir":["/"]}"#.to_owned(), no_path),
            (format!(r#"{{"workspaceDir":"{mega}"}}"#), no_path),
        ] {
            let error = refusal(&params, &NOTHING);
            let shown = &params[..params.len().min(80)];
            assert!(error.starts_with(start), "{shown}: {error}");
            assert!(error.ends_with(&format!("; accepted keys: {KEYS}")), "{shown}: {error}");
            assert!(!error.contains("line 1"), "{shown}: {error}");
            assert!(error.len() < 500, "{shown}: {error}");
        }
    }

    #[test]
    fn every_listed_key_is_accepted_and_checked() {
        for (method, ..) in METHODS {
            let error = |params: &Value| {
                let error = ask_method(method, &store(), &params.to_string(), &NOTHING);
                error.expect_err(method).to_string()
            };
            let unknown = error(&json!({ "no such key": 1 }));
            let (_, keys) = unknown.split_once("; accepted keys: ").expect("the keys");
            for key in keys.split(", ") {
                let mut params = json!({ key: false });
                if method == "taas.autorouter.setAlgorithm" && key != "algorithm" {
                    params["algorithm"] = Value::Null;
                }
                assert!(error(&params).starts_with(&format!("{key} must be ")), "{params}");
            }
        }
    }

    #[test]
    fn a_session_id_of_another_form_gets_an_example_and_a_short_quote() {
        let long = "s".repeat(500);
        for pasted in [
            "agent:main:main",
            "0f8fad5b-d9cb-469f-a165-70867728950e",
            "oc:4AE2870A2E73027C",
            "oc:4ae2870a2e73027",
            "\u{202e}\u{202e}\"x\"",
            &long,
        ] {
            let error = refusal(&json!({ "sessionId": pasted }).to_string(), &NOTHING);
            assert!(error.starts_with("sessionId must be oc: and 16 lower-case hex"), "{error}");
            assert!(error.contains("such as oc:583c4ba8ac9a207f, got \""), "{error}");
            let quote = error.split("got ").nth(1).and_then(|rest| rest.split("; accepted").next());
            assert!(quote.expect("a quote").chars().count() <= 120 + 2, "{error}");
            assert!(!error.contains('\u{202e}'), "{error}");
        }
    }

    #[test]
    fn an_observed_capture_is_found_by_the_session_of_its_request_and_by_agent() {
        let store = store();
        let ask = |params: Value| {
            let answer = ask_method(METHOD, &store, &params.to_string(), &NOTHING)?;
            Ok::<Value, AskError>(serde_json::from_str(&answer).expect("JSON"))
        };
        let named = json!({ "sessionId": "96b334dd" });
        assert!(ask(named.clone()).is_err(), "nothing has that name yet");
        let values = HEADERS.map(|name| (name == "x-taas-autorouted").then_some("true"));
        let response = Response { values, ..Response::default() };
        for (session, agent, at) in [(Some("96b334dd"), None, 5000), (None, Some("seen"), 5001)] {
            let capture = Capture::observed(&response, session, at).expect("autorouted");
            store.remember(capture, &CallIdentity { agent_id: agent, ..CallIdentity::default() });
        }
        assert_eq!(ask(named).expect("known by now")["capture"]["observed"], true);
        let by_agent = ask(json!({ "agentId": "seen" })).expect("an agent");
        assert_eq!(by_agent["sessionId"], Value::Null);
        assert_eq!(by_agent["capture"]["capturedAt"], 5001);
        assert_eq!(ask(json!({})).expect("the latest")["capture"]["capturedAt"], 5001);
    }
}
