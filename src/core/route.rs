//! Reads the route from the headers of a response.

use std::ops::Not;

use serde::Serialize;

use crate::text::{bounded, non_blank, without_directions};

/// The longest kept value of a response header, in characters.
pub const VALUE_LIMIT: usize = 256;

/// The response headers that are read, in lower case.
pub const HEADERS: [&str; 12] = [
    "x-taas-autorouted",
    "x-request-id",
    "x-taas-request-id",
    "x-trace-id",
    "x-taas-trace-id",
    "x-openclaw-turn-id",
    "x-openclaw-attempt",
    "x-taas-autorouter-model",
    "x-taas-autorouter-mode",
    "x-taas-autorouter-algorithm-source",
    "x-taas-thinking-applied",
    "x-taas-routed-context-window",
];

/// Values that the request carried. The response's echo counts only if the request did not carry the value.
#[derive(Debug, Default, Clone, Copy)]
pub struct Carried<'a> {
    /// The turn id.
    pub turn_id: Option<&'a str>,
    /// The attempt number.
    pub attempt: Option<&'a str>,
}

/// The parts of a response that are read.
#[derive(Debug, Default, Clone, Copy)]
pub struct Response<'a> {
    /// The HTTP status. Some hosts do not give it.
    pub status: Option<f64>,
    /// Values that the request carried.
    pub carried: Carried<'a>,
    /// The values of [`HEADERS`], in the same order. A blank value counts as absent.
    pub values: [Option<&'a str>; HEADERS.len()],
}

impl Response<'_> {
    /// The status, if it is a valid HTTP status.
    #[must_use]
    pub fn status_code(&self) -> Option<u16> {
        let status = self.status.filter(|status| (100.0..1000.0).contains(status))?;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in bounds")]
        Some(status as u16)
    }

    /// The value of one of [`HEADERS`].
    fn header(&self, name: &str) -> Option<&str> {
        self.values[HEADERS.iter().position(|header| *header == name)?]
    }
}

/// A stored route, with the names and the order of its published JSON. Strings have at most [`VALUE_LIMIT`] characters
/// and no control characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Capture {
    /// The affinity session id, or the session that an observed request names.
    pub session_id: Option<String>,
    /// The time of the response, in milliseconds since 1970.
    pub captured_at: i64,
    /// `X-Request-Id`, else `X-TaaS-Request-Id`.
    pub taas_request_id: Option<String>,
    /// `X-Trace-Id`, else `X-TaaS-Trace-Id`.
    pub taas_trace_id: Option<String>,
    /// The turn id of the request, else the echoed `X-OpenClaw-Turn-Id`.
    pub openclaw_turn_id: Option<String>,
    /// The attempt of the request, else the echoed `X-OpenClaw-Attempt`.
    pub openclaw_attempt: Option<String>,
    /// `X-TaaS-Autorouter-Model`: the chosen model.
    pub autorouter_model: Option<String>,
    /// `X-TaaS-Autorouter-Mode`.
    pub autorouter_algo: Option<String>,
    /// `X-TaaS-Autorouter-Algorithm-Source`.
    pub autorouter_algo_source: Option<String>,
    /// `X-TaaS-Thinking-Applied`.
    pub thinking_applied: Option<String>,
    /// `X-TaaS-Routed-Context-Window` in tokens: a positive safe integer of JavaScript.
    pub routed_context_window: Option<i64>,
    /// Whether another plugin made the request.
    #[serde(skip_serializing_if = "Not::not")]
    pub observed: bool,
}

impl Capture {
    /// The capture of a response, or `None` if the response failed or was not autorouted. A response without a status
    /// counts as successful.
    ///
    /// ```
    /// use taas_affinity::route::{Capture, HEADERS, Response};
    ///
    /// let values = HEADERS.map(|name| match name {
    ///     "x-taas-autorouted" => Some(" True "),
    ///     "x-taas-autorouter-model" => Some("gpt-5, gpt-5"),
    ///     _ => None,
    /// });
    /// let response = Response { status: Some(200.0), values, ..Response::default() };
    /// let capture = Capture::of(&response, "oc:0123456789abcdef", 0).unwrap();
    /// assert_eq!(capture.autorouter_model.as_deref(), Some("gpt-5"));
    ///
    /// let failed = Response { status: Some(503.0), ..response };
    /// assert_eq!(Capture::of(&failed, "oc:0123456789abcdef", 0), None);
    /// ```
    #[must_use]
    pub fn of(response: &Response<'_>, session_id: &str, captured_at: i64) -> Option<Self> {
        let succeeded = response.status.is_none_or(|status| (200.0..300.0).contains(&status));
        let is_routed = response.header("x-taas-autorouted").is_some_and(is_true);
        (succeeded && is_routed).then(|| Self::read(response, session_id, captured_at))
    }

    /// Like [`Self::of`], for a request of another plugin. `session_id` is the session that the request names.
    pub(crate) fn observed(
        response: &Response<'_>,
        session_id: Option<&str>,
        captured_at: i64,
    ) -> Option<Self> {
        let capture = Self::of(response, session_id.unwrap_or_default(), captured_at)?;
        Some(Self { observed: true, ..capture })
    }

    /// The headers of a response with a status of 400 or more, for the history. A failure is not a route.
    pub(crate) fn failed(
        response: &Response<'_>,
        session_id: &str,
        observed: bool,
        captured_at: i64,
    ) -> Option<Self> {
        response.status_code().filter(|status| *status >= 400)?;
        Some(Self { observed, ..Self::read(response, session_id, captured_at) })
    }

    fn read(response: &Response<'_>, session_id: &str, captured_at: i64) -> Self {
        let text = |name: &str| header_text(response.header(name)?);
        let carried = |value: Option<&str>| bounded(value?, VALUE_LIMIT);
        let Carried { turn_id, attempt } = response.carried;
        let context_window = response.header("x-taas-routed-context-window");
        Self {
            session_id: carried(non_blank(session_id)),
            captured_at,
            taas_request_id: text("x-request-id").or_else(|| text("x-taas-request-id")),
            taas_trace_id: text("x-trace-id").or_else(|| text("x-taas-trace-id")),
            openclaw_turn_id: carried(turn_id).or_else(|| text("x-openclaw-turn-id")),
            openclaw_attempt: carried(attempt).or_else(|| text("x-openclaw-attempt")),
            autorouter_model: text("x-taas-autorouter-model"),
            autorouter_algo: text("x-taas-autorouter-mode"),
            autorouter_algo_source: text("x-taas-autorouter-algorithm-source"),
            thinking_applied: text("x-taas-thinking-applied"),
            routed_context_window: context_window.and_then(|text| positive_integer(single(text))),
            observed: false,
        }
    }
}

/// Cleans and cuts a header value for the store.
#[must_use]
pub fn header_text(value: &str) -> Option<String> {
    bounded(single(value), VALUE_LIMIT).map(without_directions)
}

/// Trims a header value. A proxy may have doubled the header, so a list of equal members becomes one member.
fn single(value: &str) -> &str {
    let mut members = value.split(',').map(str::trim);
    match members.next() {
        Some(first) if members.all(|member| member == first) => first,
        _ => value.trim(),
    }
}

/// Whether a header, doubled or not, is `true` in any letter case.
fn is_true(value: &str) -> bool {
    value.split(',').all(|member| member.trim().eq_ignore_ascii_case("true"))
}

/// Parses decimal digits as a positive safe integer of JavaScript.
fn positive_integer(digits: &str) -> Option<i64> {
    const TOO_LARGE: i64 = 1 << 53;
    let number = digits.parse().ok().filter(|number| (1..TOO_LARGE).contains(number));
    number.filter(|_| !digits.starts_with('+'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const NOW: i64 = 1_790_000_000_000;

    fn capture(headers: &Value, carried: Carried<'_>) -> Option<Capture> {
        let response = Response {
            status: Some(200.0),
            carried,
            values: HEADERS.map(|name| headers[name].as_str()),
        };
        Capture::of(&response, "oc:0123456789abcdef", NOW)
    }

    #[test]
    fn only_a_successful_response_is_captured() {
        let values = HEADERS.map(|name| (name == "x-taas-autorouted").then_some("true"));
        for (status, captured) in [
            (None, true),
            (Some(200.0), true),
            (Some(299.0), true),
            (Some(199.0), false),
            (Some(300.0), false),
            (Some(304.0), false),
            (Some(429.0), false),
            (Some(503.0), false),
            (Some(0.0), false),
            (Some(f64::NAN), false),
        ] {
            let response = Response { status, values, ..Response::default() };
            let capture = Capture::of(&response, "oc:0123456789abcdef", NOW);
            assert_eq!(capture.is_some(), captured, "{status:?}");
        }
    }

    #[test]
    fn a_doubled_header_with_equal_values_counts_as_one_header() {
        let headers = json!({
            "x-taas-autorouted": "True,true , TRUE",
            "x-request-id": "a, a",
            "x-taas-trace-id": "a, b",
            "x-openclaw-turn-id": "t,t ,\tt",
            "x-taas-autorouter-model": "claude, opus",
            "x-taas-autorouter-mode": "cost,",
            "x-taas-thinking-applied": ",",
            "x-taas-routed-context-window": "200000, 200000",
        });
        let carried = Carried { turn_id: None, attempt: Some("1, 1") };
        let found = capture(&headers, carried).expect("a capture");
        assert_eq!(found.taas_request_id.as_deref(), Some("a"));
        assert_eq!(found.taas_trace_id.as_deref(), Some("a, b"));
        assert_eq!(found.openclaw_turn_id.as_deref(), Some("t"));
        assert_eq!(
            found.openclaw_attempt.as_deref(),
            Some("1, 1"),
            "the request carried this value"
        );
        assert_eq!(found.autorouter_model.as_deref(), Some("claude, opus"));
        assert_eq!(found.autorouter_algo.as_deref(), Some("cost,"));
        assert_eq!(found.thinking_applied, None);
        assert_eq!(found.routed_context_window, Some(200_000));

        for (autorouted, window) in [("true, false", "1"), ("true,", "1"), ("false, false", "1")] {
            let headers =
                json!({ "x-taas-autorouted": autorouted, "x-taas-routed-context-window": window });
            assert_eq!(capture(&headers, Carried::default()), None, "{autorouted}");
        }
        let headers =
            json!({ "x-taas-autorouted": "true", "x-taas-routed-context-window": "1, 2" });
        let found = capture(&headers, Carried::default()).expect("a capture");
        assert_eq!(found.routed_context_window, None);
    }

    #[test]
    fn a_capture_has_the_published_json_form() {
        let headers = json!({ "x-taas-autorouted": "true", "x-taas-routed-context-window": "5" });
        let capture = capture(&headers, Carried::default()).expect("a capture");
        let text = serde_json::to_string(&capture).expect("JSON");
        assert_eq!(
            text,
            r#"{"sessionId":"oc:0123456789abcdef","capturedAt":1790000000000,"taasRequestId":null,"taasTraceId":null,"openclawTurnId":null,"openclawAttempt":null,"autorouterModel":null,"autorouterAlgo":null,"autorouterAlgoSource":null,"thinkingApplied":null,"routedContextWindow":5}"#
        );
    }

    #[test]
    fn every_header_of_a_response_is_captured() {
        let headers = json!({
            "x-taas-autorouted": "true",
            "x-request-id": "req-1",
            "x-taas-request-id": "other",
            "x-trace-id": "trace-1",
            "x-openclaw-turn-id": "echoed",
            "x-openclaw-attempt": "7",
            "x-taas-autorouter-model": "claude-x",
            "x-taas-autorouter-mode": "cost",
            "x-taas-autorouter-algorithm-source": "header",
            "x-taas-thinking-applied": "high",
            "x-taas-routed-context-window": "200000",
        });
        let some = |text: &str| Some(text.to_owned());
        let expected = Capture {
            session_id: Some("oc:0123456789abcdef".to_owned()),
            captured_at: NOW,
            taas_request_id: some("req-1"),
            taas_trace_id: some("trace-1"),
            openclaw_turn_id: some("turn-1"),
            openclaw_attempt: some("7"),
            autorouter_model: some("claude-x"),
            autorouter_algo: some("cost"),
            autorouter_algo_source: some("header"),
            thinking_applied: some("high"),
            routed_context_window: Some(200_000),
            observed: false,
        };
        let carried = Carried { turn_id: Some("turn-1"), attempt: None };
        assert_eq!(capture(&headers, carried), Some(expected));
    }

    #[test]
    fn only_an_autorouted_response_is_captured() {
        for (value, captured) in [
            (json!("true"), true),
            (json!(" TRUE\t"), true),
            (json!("false"), false),
            (json!("1"), false),
            (json!(""), false),
            (json!(true), false),
            (json!(null), false),
        ] {
            let headers = json!({ "x-taas-autorouted": value });
            assert_eq!(capture(&headers, Carried::default()).is_some(), captured, "{value}");
        }
        assert_eq!(capture(&json!({}), Carried::default()), None);
    }

    #[test]
    fn the_second_header_name_counts_if_the_first_is_missing() {
        let headers = json!({
            "x-taas-autorouted": "true",
            "x-request-id": 5,
            "x-taas-request-id": "req-2",
            "x-trace-id": " ",
            "x-taas-trace-id": "trace-2",
        });
        let capture = capture(&headers, Carried::default()).expect("a capture");
        assert_eq!(capture.taas_request_id.as_deref(), Some("req-2"));
        assert_eq!(capture.taas_trace_id.as_deref(), Some("trace-2"));
    }

    #[test]
    fn values_are_cut_and_have_no_control_characters() {
        let headers = json!({
            "x-taas-autorouted": "true",
            "x-taas-autorouter-model": format!("a\u{0}b{}", "日".repeat(10_000)),
            "x-taas-autorouter-mode": "\u{1}\u{2}",
        });
        let long = "t".repeat(1000);
        let carried = Carried { turn_id: Some(&long), attempt: Some("\n") };
        let capture = capture(&headers, carried).expect("a capture");
        assert_eq!(capture.autorouter_model, Some(format!("ab{}", "日".repeat(254))));
        assert_eq!(capture.autorouter_algo, None);
        assert_eq!(capture.openclaw_turn_id, Some("t".repeat(256)));
        assert_eq!(capture.openclaw_attempt, None);
    }

    #[test]
    fn a_context_window_is_a_positive_safe_integer() {
        for (value, expected) in [
            (json!("1"), Some(1)),
            (json!(" 128000 "), Some(128_000)),
            (json!("9007199254740991"), Some(9_007_199_254_740_991)),
            (json!("9007199254740992"), None),
            (json!("99999999999999999999999"), None),
            (json!("0"), None),
            (json!("-1"), None),
            (json!("+1"), None),
            (json!("1.5"), None),
            (json!("1e5"), None),
            (json!("many"), None),
            (json!(""), None),
            (json!(128_000), None),
        ] {
            let headers =
                json!({ "x-taas-autorouted": "true", "x-taas-routed-context-window": value });
            let capture = capture(&headers, Carried::default()).expect("a capture");
            assert_eq!(capture.routed_context_window, expected, "{value}");
        }
    }

    #[test]
    fn an_observed_capture_has_the_session_that_its_request_names_or_none() {
        let values = HEADERS.map(|name| (name == "x-taas-autorouted").then_some("true"));
        let response = Response { values, ..Response::default() };
        let session = |id| Capture::observed(&response, id, 0).expect("autorouted").session_id;
        assert_eq!(session(Some("96b334dd-c2c7")).as_deref(), Some("96b334dd-c2c7"));
        assert_eq!(session(Some(" ")), None);
        assert_eq!(session(None), None);
        let capture = Capture::observed(&response, Some(&"s".repeat(300)), 0).expect("autorouted");
        assert_eq!(capture.session_id.as_ref().map(String::len), Some(VALUE_LIMIT));
        let text = serde_json::to_string(&capture).expect("JSON");
        assert!(text.ends_with(r#","observed":true}"#), "{text}");
    }
}
