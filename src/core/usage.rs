//! What calls used: tokens, what of them was cached, what that saved, and what failed.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

/// How many statuses are told apart in one tally; others count under [`NO_STATUS`].
const STATUS_LIMIT: usize = 16;

/// Stands for a failure without a failing status: a connection that was reset, a stream that was cut.
pub const NO_STATUS: u16 = 0;

/// What is compared with.
pub const BASELINE: &str = "as if nothing had been cached";

/// The tokens of one call or of many. What was read from a cache or written to one is no part of `input`, as
/// OpenClaw has it on every API.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Tokens {
    /// Tokens of the prompt that were neither read from a cache nor written to one.
    pub input: u64,
    /// Tokens of the prompt that were read from a cache.
    pub cached: u64,
    /// Tokens of the prompt that were written to a cache.
    pub written: u64,
    /// Tokens of the answer.
    pub output: u64,
}

impl Tokens {
    /// What JavaScript counted: `input`, `cacheRead`, `cacheWrite`, `output`. What is no positive number is 0,
    /// and so is one past the whole numbers that JavaScript counts with: it would hide all others in a sum.
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

    /// The tokens of the prompt.
    pub(crate) fn prompt(self) -> u64 {
        self.input.saturating_add(self.cached).saturating_add(self.written)
    }

    /// What part of the prompt was read from a cache, from 0 to 1; `None` without a prompt.
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

/// What a call cost, in US dollars.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cost {
    /// The prompt.
    pub prompt: f64,
    /// The prompt, if nothing had been cached.
    pub uncached: f64,
    /// The answer.
    pub output: f64,
}

impl Cost {
    /// The cost, if each of `prompt`, `uncached` and `output` is a number from 0 to a million dollars: no call costs
    /// more, and an absurd amount would hide all others in a sum.
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

/// A call that has ended.
#[derive(Debug, Default, Clone, Copy)]
pub struct Ended<'a> {
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// The model that answered.
    pub model: Option<&'a str>,
    /// Whether the autorouter chose it.
    pub routed: bool,
    /// The status of the last answer.
    pub status: Option<u16>,
    /// Whether there was no proper answer. An answer that its caller gave up is none that failed.
    pub failed: bool,
    /// What it used.
    pub tokens: Tokens,
    /// What it cost, if the model's prices are known.
    pub cost: Option<Cost>,
}

impl Ended<'_> {
    /// Whether TaaS has answered, whatever became of it then. One that its caller gave up before has no answer.
    fn is_answered(&self) -> bool {
        let is_told = self.status.is_some_and(|status| (200..300).contains(&status));
        !self.failed && (is_told || self.tokens != Tokens::default())
    }

    /// The status that it counts as failed under.
    fn failure(&self) -> Option<u16> {
        self.failed.then(|| self.status.filter(|status| *status >= 400).unwrap_or(NO_STATUS))
    }
}

/// What many calls used.
#[derive(Debug, Default, Clone)]
pub struct Tally {
    /// Calls, whatever became of them.
    pub requests: u64,
    /// Those whose model the autorouter chose.
    pub routed: u64,
    /// Those that failed.
    pub failures: u64,
    /// Those that got an answer.
    pub answers: u64,
    /// Those of which it is known how many tokens their prompt had.
    pub prompts: u64,
    by_status: BTreeMap<u16, u64>,
    /// What they used.
    pub tokens: Tokens,
    /// What the calls with known prices cost, in US dollars: prompts and answers.
    pub spent: f64,
    priced: u64,
    saved: f64,
    uncached_cost: f64,
    first: Option<i64>,
    last: Option<i64>,
}

impl Tally {
    /// Counts a call.
    pub fn add(&mut self, call: &Ended<'_>) {
        self.requests += 1;
        self.routed += u64::from(call.routed);
        if let Some(status) = call.failure() {
            self.failures += 1;
            let is_told_apart =
                self.by_status.len() < STATUS_LIMIT || self.by_status.contains_key(&status);
            let status = if is_told_apart { status } else { NO_STATUS };
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

    /// When it was added to first, in milliseconds since 1970.
    #[must_use]
    pub fn first_use(&self) -> Option<i64> {
        self.first
    }
}

/// A tally as people see it.
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

/// What was saved, in tokens, and in US dollars for the calls whose prices are known; it is negative where writing
/// cost more than reading saved.
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
    fn a_hit_rate_is_of_the_whole_prompt_and_never_more_than_all_of_it() {
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
    fn savings_are_negative_where_writing_cost_more_than_reading_saved() {
        let mut tally = Tally::default();
        tally.add(&Ended { cost: Cost::new([3.75, 3.0, 1.0]), ..call([0.0, 0.0, 1e6, 10.0]) });
        assert_eq!(shown(&tally)["saved"]["usd"], -0.75);
        tally.add(&Ended { cost: Cost::new([0.5, 3.0, 1.0]), ..call([0.0, 1e6, 0.0, 10.0]) });
        assert_eq!(shown(&tally)["saved"]["usd"], 1.75);
        assert_eq!(shown(&tally)["saved"]["usdWithoutCache"], 6.0);
        assert!((tally.spent - 6.25).abs() < 1e-9, "{}", tally.spent);
        // Without prices there are tokens alone.
        tally.add(&call([0.0, 5.0, 0.0, 1.0]));
        assert_eq!(shown(&tally)["saved"]["tokens"], 1_000_005);
        assert_eq!(shown(&tally)["saved"]["pricedRequests"], 2);
        let mut unpriced = Tally::default();
        unpriced.add(&call([0.0, 5.0, 0.0, 1.0]));
        assert_eq!(shown(&unpriced)["saved"]["usd"], Value::Null);
    }

    #[test]
    fn an_amount_that_no_call_costs_makes_the_cost_unknown() {
        for amount in [f64::NAN, f64::INFINITY, -0.01, 1e7, f64::MAX] {
            for amounts in [[amount, 1.0, 1.0], [1.0, amount, 1.0], [1.0, 1.0, amount]] {
                assert_eq!(Cost::new(amounts), None, "{amounts:?}");
            }
        }
        assert!(Cost::new([0.0, 1e6, 0.0]).is_some());
    }

    #[test]
    fn failures_are_told_apart_by_their_status_as_far_as_there_is_room() {
        let mut tally = Tally::default();
        for status in [None, Some(200), Some(429), Some(429), Some(503)] {
            tally.add(&Ended { status, failed: true, ..Ended::default() });
        }
        tally.add(&Ended { status: Some(200), ..Ended::default() });
        assert_eq!(shown(&tally)["failuresByStatus"], json!({ "none": 2, "429": 2, "503": 1 }));
        tally.add(&Ended { status: None, ..Ended::default() });
        assert_eq!((tally.requests, tally.failures, tally.answers), (7, 5, 1), "one was given up");
        for status in 400..1000 {
            tally.add(&Ended { status: Some(status), failed: true, ..Ended::default() });
        }
        let by_status = shown(&tally)["failuresByStatus"].as_object().expect("an object").clone();
        assert_eq!(by_status.len(), STATUS_LIMIT);
        assert_eq!(by_status.values().filter_map(Value::as_u64).sum::<u64>(), tally.failures);
    }
}
