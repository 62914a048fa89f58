//! The usage of calls: tokens, cost, savings and failures.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

/// How many statuses one tally counts separately. Others count under [`NO_STATUS`].
const STATUS_LIMIT: usize = 16;

/// Counts failures without an error status, such as a reset connection or a cut stream.
pub const NO_STATUS: u16 = 0;

/// What savings are compared with.
pub const BASELINE: &str = "as if nothing had been cached";

/// The tokens of one or many calls. As in OpenClaw, `input` does not include cached and written tokens.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Tokens {
    /// Prompt tokens that were neither read from a cache nor written to a cache.
    pub input: u64,
    /// Prompt tokens that were read from a cache.
    pub cached: u64,
    /// Prompt tokens that were written to a cache.
    pub written: u64,
    /// Tokens of the reply.
    pub output: u64,
}

impl Tokens {
    /// Reads JavaScript's `input`, `cacheRead`, `cacheWrite` and `output`. Invalid numbers, and numbers so large that
    /// they would hide all others in a sum, become 0.
    #[must_use]
    pub fn counted(counts: [f64; 4]) -> Self {
        const LIMIT: f64 = 9_007_199_254_740_992.0;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "within bounds"
        )]
        let whole = |count: f64| if (0.0..LIMIT).contains(&count) { count as u64 } else { 0 };
        let [input, cached, written, output] = counts.map(whole);
        Self { input, cached, written, output }
    }

    pub(crate) fn add(&mut self, other: Self) {
        for (sum, more) in [
            (&mut self.input, other.input),
            (&mut self.cached, other.cached),
            (&mut self.written, other.written),
            (&mut self.output, other.output),
        ] {
            *sum = sum.saturating_add(more);
        }
    }

    /// All tokens of the prompt.
    pub(crate) fn prompt(self) -> u64 {
        self.input.saturating_add(self.cached).saturating_add(self.written)
    }

    /// The share of prompt tokens that were read from a cache, from 0 to 1. `None` without a prompt.
    ///
    /// ```
    /// use taas_affinity::usage::Tokens;
    ///
    /// assert_eq!(Tokens::counted([50.0, 900.0, 50.0, 7.0]).hit_rate(), Some(0.9));
    /// assert_eq!(Tokens::default().hit_rate(), None);
    /// ```
    #[must_use]
    pub fn hit_rate(self) -> Option<f64> {
        (self.prompt() > 0).then(|| float(self.cached) / float(self.prompt()))
    }
}

#[expect(clippy::cast_precision_loss, reason = "a rate and a price need no more than 53 bits")]
fn float(count: u64) -> f64 {
    count as f64
}

/// The cost of a call in US dollars.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cost {
    /// The prompt.
    pub prompt: f64,
    /// The prompt, as if nothing had been cached.
    pub uncached: f64,
    /// The reply.
    pub output: f64,
}

impl Cost {
    /// The cost from `prompt`, `uncached` and `output`. `None` if an amount is not between 0 and a million dollars,
    /// because an absurd amount would hide all others in a sum.
    ///
    /// ```
    /// use taas_affinity::usage::Cost;
    ///
    /// assert!(Cost::new([0.25, 3.0, 0.0]).is_some());
    /// assert_eq!(Cost::new([0.25, f64::NAN, 0.0]), None);
    /// ```
    #[must_use]
    pub fn new(amounts: [f64; 3]) -> Option<Self> {
        let [prompt, uncached, output] = amounts;
        let known = amounts.iter().all(|amount| (0.0..=1e6).contains(amount));
        known.then_some(Self { prompt, uncached, output })
    }
}

/// A call at its end.
#[derive(Debug, Default, Clone, Copy)]
pub struct Ended<'a> {
    /// The time in milliseconds since 1970.
    pub at: i64,
    /// The model that answered.
    pub model: Option<&'a str>,
    /// Whether the autorouter chose the model.
    pub routed: bool,
    /// The status of the latest response.
    pub status: Option<u16>,
    /// Whether the call failed. A call that its caller aborted did not fail.
    pub failed: bool,
    /// The tokens.
    pub tokens: Tokens,
    /// The cost, if the model's prices are known.
    pub cost: Option<Cost>,
}

impl Ended<'_> {
    /// Whether TaaS answered, even if the caller then aborted the call.
    fn is_answered(&self) -> bool {
        let has_status = self.status.is_some_and(|status| (200..300).contains(&status));
        !self.failed && (has_status || self.tokens != Tokens::default())
    }

    /// The status to count the failure under, if the call failed.
    fn failure(&self) -> Option<u16> {
        self.failed.then(|| self.status.filter(|status| *status >= 400).unwrap_or(NO_STATUS))
    }
}

/// The usage of many calls.
#[derive(Debug, Default, Clone)]
pub struct Tally {
    /// All calls.
    pub requests: u64,
    /// Calls whose model the autorouter chose.
    pub routed: u64,
    /// Calls that failed.
    pub failures: u64,
    /// Calls that TaaS answered.
    pub answers: u64,
    /// Calls whose prompt tokens are known.
    pub prompts: u64,
    by_status: BTreeMap<u16, u64>,
    /// The tokens.
    pub tokens: Tokens,
    /// The cost of the calls with known prices, in US dollars.
    pub spent: f64,
    priced: u64,
    saved: f64,
    uncached_cost: f64,
    first: Option<i64>,
    last: Option<i64>,
}

impl Tally {
    /// Adds a call.
    pub fn add(&mut self, call: &Ended<'_>) {
        self.requests += 1;
        self.routed += u64::from(call.routed);
        if let Some(status) = call.failure() {
            self.failures += 1;
            let is_separate =
                self.by_status.len() < STATUS_LIMIT || self.by_status.contains_key(&status);
            let status = if is_separate { status } else { NO_STATUS };
            *self.by_status.entry(status).or_default() += 1;
        }
        self.answers += u64::from(call.is_answered());
        self.prompts += u64::from(call.tokens.prompt() > 0);
        self.tokens.add(call.tokens);
        if let Some(Cost { prompt, uncached, output }) = call.cost {
            self.priced += 1;
            self.spent += prompt + output;
            self.saved += uncached - prompt;
            self.uncached_cost += uncached;
        }
        self.first.get_or_insert(call.at);
        self.last = Some(call.at);
    }

    /// The time of the first call, in milliseconds since 1970.
    #[must_use]
    pub fn first_use(&self) -> Option<i64> {
        self.first
    }
}

/// The JSON form of a tally.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    requests: u64,
    failures: u64,
    failures_by_status: BTreeMap<String, u64>,
    tokens: Tokens,
    hit_rate: Option<f64>,
    saved: Saved,
    first_use: Option<i64>,
    last_use: Option<i64>,
}

/// Savings in tokens, and in US dollars for calls with known prices. They are negative if cache writes cost more than
/// cache reads saved.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Saved {
    tokens: u64,
    usd: Option<f64>,
    usd_without_cache: Option<f64>,
    priced_requests: u64,
}

impl Serialize for Tally {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let by_status = self.by_status.iter().map(|(status, count)| (name(*status), *count));
        let usd = |sum: f64| (self.priced > 0).then_some(sum);
        let shown = Shown {
            requests: self.requests,
            failures: self.failures,
            failures_by_status: by_status.collect(),
            tokens: self.tokens,
            hit_rate: self.tokens.hit_rate(),
            saved: Saved {
                tokens: self.tokens.cached,
                usd: usd(self.saved),
                usd_without_cache: usd(self.uncached_cost),
                priced_requests: self.priced,
            },
            first_use: self.first,
            last_use: self.last,
        };
        shown.serialize(serializer)
    }
}

fn name(status: u16) -> String {
    if status == NO_STATUS { "none".to_owned() } else { status.to_string() }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn shown(tally: &Tally) -> Value {
        serde_json::to_value(tally).expect("JSON")
    }

    fn call(counts: [f64; 4]) -> Ended<'static> {
        Ended { tokens: Tokens::counted(counts), ..Ended::default() }
    }

    #[test]
    fn a_hit_rate_is_a_share_of_the_whole_prompt_and_at_most_1() {
        for (counts, rate) in [
            ([100.0, 900.0, 0.0, 5.0], Some(0.9)),
            ([0.0, 10.0, 0.0, 0.0], Some(1.0)),
            ([10.0, 80.0, 10.0, 999.0], Some(0.8)),
            ([0.0, 0.0, 0.0, 7.0], None),
            ([f64::NAN, -5.0, f64::NEG_INFINITY, 1.0], None),
            ([f64::INFINITY, 1e300, 1e300, 1.0], None),
            ([f64::INFINITY, 7.0, 1e300, 1.0], Some(1.0)),
        ] {
            let found = Tokens::counted(counts).hit_rate();
            assert_eq!(found, rate, "{counts:?}");
        }
    }

    #[test]
    fn savings_are_negative_if_cache_writes_cost_more_than_cache_reads_saved() {
        let mut tally = Tally::default();
        tally.add(&Ended { cost: Cost::new([3.75, 3.0, 1.0]), ..call([0.0, 0.0, 1e6, 10.0]) });
        assert_eq!(shown(&tally)["saved"]["usd"], -0.75);
        tally.add(&Ended { cost: Cost::new([0.5, 3.0, 1.0]), ..call([0.0, 1e6, 0.0, 10.0]) });
        assert_eq!(shown(&tally)["saved"]["usd"], 1.75);
        assert_eq!(shown(&tally)["saved"]["usdWithoutCache"], 6.0);
        assert!((tally.spent - 6.25).abs() < 1e-9, "{}", tally.spent);
        // Without prices, only tokens are counted.
        tally.add(&call([0.0, 5.0, 0.0, 1.0]));
        assert_eq!(shown(&tally)["saved"]["tokens"], 1_000_005);
        assert_eq!(shown(&tally)["saved"]["pricedRequests"], 2);
        let mut unpriced = Tally::default();
        unpriced.add(&call([0.0, 5.0, 0.0, 1.0]));
        assert_eq!(shown(&unpriced)["saved"]["usd"], Value::Null);
    }

    #[test]
    fn an_absurd_amount_makes_the_cost_unknown() {
        for amount in [f64::NAN, f64::INFINITY, -0.01, 1e7, f64::MAX] {
            for amounts in [[amount, 1.0, 1.0], [1.0, amount, 1.0], [1.0, 1.0, amount]] {
                assert_eq!(Cost::new(amounts), None, "{amounts:?}");
            }
        }
        assert!(Cost::new([0.0, 1e6, 0.0]).is_some());
    }

    #[test]
    fn failures_are_counted_by_status_up_to_a_limit_of_statuses() {
        let mut tally = Tally::default();
        for status in [None, Some(200), Some(429), Some(429), Some(503)] {
            tally.add(&Ended { status, failed: true, ..Ended::default() });
        }
        tally.add(&Ended { status: Some(200), ..Ended::default() });
        assert_eq!(shown(&tally)["failuresByStatus"], json!({ "none": 2, "429": 2, "503": 1 }));
        tally.add(&Ended { status: None, ..Ended::default() });
        assert_eq!(
            (tally.requests, tally.failures, tally.answers),
            (7, 5, 1),
            "the last call was aborted"
        );
        for status in 400..1000 {
            tally.add(&Ended { status: Some(status), failed: true, ..Ended::default() });
        }
        let by_status = shown(&tally)["failuresByStatus"].as_object().expect("an object").clone();
        assert_eq!(by_status.len(), STATUS_LIMIT);
        assert_eq!(by_status.values().filter_map(Value::as_u64).sum::<u64>(), tally.failures);
    }
}
