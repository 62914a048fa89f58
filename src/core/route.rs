//! What a response says about its route.

use crate::text::bounded;

/// The longest value that is kept of a response header, in characters.
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

/// The values of [`HEADERS`], each in the place of its name. An empty or blank one counts as absent.
pub type Values<'a> = [Option<&'a str>; HEADERS.len()];

/// What the request itself carried. The response's echo counts only where it carried nothing.
#[derive(Debug, Default, Clone, Copy)]
pub struct Carried<'a> {
    /// The turn id.
    pub turn_id: Option<&'a str>,
    /// The attempt number.
    pub attempt: Option<&'a str>,
}

/// One autorouted response. Strings are at most [`VALUE_LIMIT`] characters, without controls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capture {
    /// The affinity session id of the request.
    pub session_id: String,
    /// When it was captured, in milliseconds since 1970.
    pub captured_at: i64,
    /// `X-Request-Id`, else `X-TaaS-Request-Id`.
    pub taas_request_id: Option<String>,
    /// `X-Trace-Id`, else `X-TaaS-Trace-Id`.
    pub taas_trace_id: Option<String>,
    /// The turn id that the request carried, else the echoed `X-OpenClaw-Turn-Id`.
    pub openclaw_turn_id: Option<String>,
    /// The attempt that the request carried, else the echoed `X-OpenClaw-Attempt`.
    pub openclaw_attempt: Option<String>,
    /// `X-TaaS-Autorouter-Model`: the model that answered.
    pub autorouter_model: Option<String>,
    /// `X-TaaS-Autorouter-Mode`.
    pub autorouter_algo: Option<String>,
    /// `X-TaaS-Autorouter-Algorithm-Source`.
    pub autorouter_algo_source: Option<String>,
    /// `X-TaaS-Thinking-Applied`.
    pub thinking_applied: Option<String>,
    /// `X-TaaS-Routed-Context-Window`, in tokens: positive, and exact as a JavaScript number.
    pub routed_context_window: Option<i64>,
}

impl Capture {
    /// The capture of a response; `None` where it was not autorouted.
    ///
    /// ```
    /// use taas_affinity::route::{Capture, Carried, HEADERS};
    ///
    /// let values = HEADERS.map(|name| match name {
    ///     "x-taas-autorouted" => Some(" True "),
    ///     "x-taas-autorouter-model" => Some("gpt-5"),
    ///     _ => None,
    /// });
    /// let capture = Capture::of(&values, Carried::default(), "oc:0123456789abcdef", 0).unwrap();
    /// assert_eq!(capture.autorouter_model.as_deref(), Some("gpt-5"));
    /// ```
    #[must_use]
    pub fn of(
        values: &Values<'_>,
        carried: Carried<'_>,
        session_id: &str,
        captured_at: i64,
    ) -> Option<Self> {
        // In the order of `HEADERS`.
        let [
            autorouted,
            request_id,
            taas_request_id,
            trace_id,
            taas_trace_id,
            turn_id,
            attempt,
            model,
            mode,
            algorithm_source,
            thinking_applied,
            context_window,
        ] = *values;
        if !autorouted?.trim().eq_ignore_ascii_case("true") {
            return None;
        }
        let text = |value: Option<&str>| bounded(value?.trim(), VALUE_LIMIT);
        let whole = |value: Option<&str>| bounded(value?, VALUE_LIMIT);
        Some(Self {
            session_id: session_id.to_owned(),
            captured_at,
            taas_request_id: text(request_id).or_else(|| text(taas_request_id)),
            taas_trace_id: text(trace_id).or_else(|| text(taas_trace_id)),
            openclaw_turn_id: whole(carried.turn_id).or_else(|| text(turn_id)),
            openclaw_attempt: whole(carried.attempt).or_else(|| text(attempt)),
            autorouter_model: text(model),
            autorouter_algo: text(mode),
            autorouter_algo_source: text(algorithm_source),
            thinking_applied: text(thinking_applied),
            routed_context_window: context_window.and_then(|text| positive_integer(text.trim())),
        })
    }
}

/// Decimal digits alone, above zero and within the integers that a JavaScript number holds.
fn positive_integer(text: &str) -> Option<i64> {
    const MAX_SAFE_INTEGER: i64 = (1 << 53) - 1;
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse()
        .ok()
        .filter(|number| (1..=MAX_SAFE_INTEGER).contains(number))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const NOW: i64 = 1_790_000_000_000;

    fn capture(headers: &Value, carried: Carried<'_>) -> Option<Capture> {
        Capture::of(
            &HEADERS.map(|name| headers[name].as_str()),
            carried,
            "oc:0123456789abcdef",
            NOW,
        )
    }

    #[test]
    fn a_full_response() {
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
            session_id: "oc:0123456789abcdef".to_owned(),
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
        };
        let carried = Carried {
            turn_id: Some("turn-1"),
            attempt: None,
        };
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
            assert_eq!(
                capture(&headers, Carried::default()).is_some(),
                captured,
                "{value}"
            );
        }
        assert_eq!(capture(&json!({}), Carried::default()), None);
    }

    #[test]
    fn a_second_name_counts_where_the_first_is_missing() {
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
    fn values_are_bounded_and_clean() {
        let headers = json!({
            "x-taas-autorouted": "true",
            "x-taas-autorouter-model": format!("a\u{0}b{}", "日".repeat(10_000)),
            "x-taas-autorouter-mode": "\u{1}\u{2}",
        });
        let long = "t".repeat(1000);
        let carried = Carried {
            turn_id: Some(&long),
            attempt: Some("\n"),
        };
        let capture = capture(&headers, carried).expect("a capture");
        assert_eq!(
            capture.autorouter_model,
            Some(format!("ab{}", "日".repeat(254)))
        );
        assert_eq!(capture.autorouter_algo, None);
        assert_eq!(capture.openclaw_turn_id, Some("t".repeat(256)));
        assert_eq!(capture.openclaw_attempt, None);
    }

    #[test]
    fn a_context_window_is_a_positive_integer() {
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
}
