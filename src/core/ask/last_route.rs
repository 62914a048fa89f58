//! Which model did my agent really get?

use serde_json::{Value, json};

use super::{
    AskError, Fault, Question,
    params::Params,
    selectors::{KEYS, Subject},
};
use crate::{route::VALUE_LIMIT, store::Store, text::bounded};

const ACCEPTED: &str = "accepted is one of agentId, sessionId (an oc:... id) or workspaceDir, or conversationId (OpenClaw's own \
     session id, also as localSessionId), a non-blank string each, or no params at all for the latest route";

pub(super) fn answer(question: &Question<'_>) -> Result<String, AskError> {
    subject(question)
        .map(|subject| last_route(question.store, &subject).to_string())
        .map_err(|fault| AskError::Params { fault, accepted: ACCEPTED.to_owned() })
}

fn subject(question: &Question<'_>) -> Result<Subject, Fault> {
    Subject::of(question, &Params::read(question.params, &KEYS)?)
}

fn last_route(store: &Store, subject: &Subject) -> Value {
    let capture = match subject {
        Subject::Agent(id) => store.by_agent(id),
        Subject::Session(id) => store.by_session(id),
        Subject::Workspace(id) => store.by_workspace(id),
        Subject::Conversation { id, .. } => {
            bounded(id, VALUE_LIMIT).and_then(|id| store.by_conversation(&id))
        }
        Subject::All => store.latest(),
    };
    let capture = capture.as_deref();
    let session_id = capture.and_then(|capture| capture.session_id.as_ref());
    match subject {
        Subject::Agent(id) => json!({ "agentId": id, "sessionId": session_id, "capture": capture }),
        Subject::Session(id) | Subject::Workspace(id) => {
            json!({ "sessionId": id, "capture": capture })
        }
        Subject::Conversation { key, id, .. } => {
            json!({ *key: id, "sessionId": session_id, "capture": capture })
        }
        Subject::All => json!({ "sessionId": session_id, "capture": capture }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ask::{METHODS, ask as ask_question},
        route::{Capture, HEADERS, Response},
        store::{LIMIT, Whose},
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
            let whose = Whose {
                agent_id: agent,
                conversation: agent.map(|_| CONVERSATION),
                ..Whose::default()
            };
            store.remember(capture.expect("autorouted"), &whose);
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
    fn each_selector_and_none() {
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
    fn a_tilde_is_the_host_s_home() {
        let params = r#"{"workspaceDir":"~/.openclaw/workspace-new-agent-2"}"#;
        let env = Env(&[("OPENCLAW_HOME", "/home/cloudsigma")], Some("/root"));
        let answer = ask_method(METHOD, &store(), params, &env).expect("an answer");
        assert!(answer.contains(SESSION), "{answer}");
        let error = refusal(params, &Env(&[], None));
        assert!(error.starts_with("workspaceDir begins with ~, and no home"), "{error}");
        assert!(error.ends_with(ACCEPTED), "{error}");
    }

    #[test]
    fn the_first_selector_counts() {
        let both = json!({ "workspaceDir": "/x", "sessionId": OTHER, "agentId": "new-agent-2" });
        assert_eq!(ask(&both)["sessionId"], SESSION);
        let two = json!({ "workspaceDir": "/x", "sessionId": OTHER });
        assert_eq!(ask(&two)["sessionId"], OTHER);
    }

    #[test]
    fn a_miss_is_no_error() {
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
    fn a_conversation_is_found_by_its_own_id_under_either_name() {
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
    fn both_names_answer_and_no_other() {
        for name in ["taas.autorouter.lastRoute", "taas.affinity.lastRoute"] {
            assert!(
                METHODS
                    .iter()
                    .any(|(method, scope, _)| (*method, *scope) == (name, "operator.read"))
            );
            assert!(ask_method(name, &store(), "{}", &NOTHING).is_ok());
        }
        let unknown = ask_method("taas.affinity.nothing", &store(), "{}", &NOTHING);
        assert!(unknown.is_err());
    }

    #[test]
    fn what_is_wrong_is_named_and_so_is_what_is_accepted() {
        let mega = "x".repeat(1_000_000);
        let deep = "[".repeat(200) + &"]".repeat(200);
        for (params, start) in [
            (String::new(), "params are no JSON"),
            ("nonsense".to_owned(), "params are no JSON"),
            ("[".repeat(200), "params are no JSON"),
            (r#"{"agentId":"a"} {}"#.to_owned(), "params are no JSON"),
            ("[]".to_owned(), "params are an array"),
            (deep.clone(), "params are an array"),
            (r#""main""#.to_owned(), "params are a string"),
            (format!("{mega:?}"), "params are a string"),
            (r#""\ud800""#.to_owned(), "params are a string"),
            ("7".to_owned(), "params are a number"),
            ("-1e999".to_owned(), "params are a number"),
            (" true ".to_owned(), "params are a boolean"),
            (r#"{"agent":"main"}"#.to_owned(), r#"unknown key "agent""#),
            (format!(r#"{{"deep":{deep}}}"#), r#"unknown key "deep""#),
            (r#"{"agentId":"main","x\n":1}"#.to_owned(), r#"unknown key "x""#),
            (format!(r#"{{"{mega}":1}}"#), r#"unknown key "xxx"#),
            (r#"{"\ud800":1}"#.to_owned(), "unknown key with a lone surrogate"),
            (r#"{"agentId":""}"#.to_owned(), "agentId is blank"),
            (r#"{"agentId":null}"#.to_owned(), "agentId is null"),
            (format!(r#"{{"agentId":{deep}}}"#), "agentId is an array"),
            (r#"{"agentId":"\ud800"}"#.to_owned(), "agentId is a string with a lone surrogate"),
            (
                r#"{"sessionId":"a\udc00"}"#.to_owned(),
                "sessionId is a string with a lone surrogate",
            ),
            (format!(r#"{{"agentId":"{mega}"}}"#), "agentId has more than 120 characters"),
            (
                format!(r#"{{"workspaceDir":"{mega}"}}"#),
                "workspaceDir has more than 32767 characters",
            ),
            (format!(r#"{{"sessionId":"{mega}"}}"#), "sessionId has more than 32767 characters"),
            (r#"{"agentId":"main","sessionId":5}"#.to_owned(), "sessionId is a number"),
            (
                r#"{"agentId":"main","sessionId":"x"}"#.to_owned(),
                r#"sessionId is "x", no affinity"#,
            ),
            (r#"{"workspaceDir":["/"]}"#.to_owned(), "workspaceDir is an array"),
        ] {
            let error = refusal(&params, &NOTHING);
            let shown = &params[..params.len().min(80)];
            assert!(error.starts_with(start), "{shown}: {error}");
            assert!(error.ends_with(ACCEPTED), "{shown}: {error}");
            assert!(!error.contains("line 1"), "{shown}: {error}");
            assert!(error.len() < 500, "{shown}: {error}");
        }
    }

    #[test]
    fn another_kind_of_session_is_told_what_an_id_looks_like() {
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
            assert!(error.starts_with("sessionId is \""), "{error}");
            assert!(error.contains("oc: and 16 lower-case hexadecimal digits"), "{error}");
            let echoed = error.split(", no affinity").next().expect("a start");
            assert!(echoed.chars().count() <= 120 + "sessionId is \"\"".len(), "{error}");
        }
    }

    #[test]
    fn an_observed_route_is_found_by_what_its_request_named_and_by_agent() {
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
            store.remember(capture, &Whose { agent_id: agent, ..Whose::default() });
        }
        assert_eq!(ask(named).expect("known by now")["capture"]["observed"], true);
        let by_agent = ask(json!({ "agentId": "seen" })).expect("an agent");
        assert_eq!(by_agent["sessionId"], Value::Null);
        assert_eq!(by_agent["capture"]["capturedAt"], 5001);
        assert_eq!(ask(json!({})).expect("the latest")["capture"]["capturedAt"], 5001);
    }
}
