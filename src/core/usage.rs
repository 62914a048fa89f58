//! The usage of calls: tokens, cost, savings and failures.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use serde::{Serialize, Serializer};
use serde_json::json;

use crate::latency::Latency;

/// How many of the latest calls a recent hit rate is of.
pub const RECENT_CALLS: usize = 32;

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
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in bounds")]
        let whole = |count: f64| if (0.0..LIMIT).contains(&count) { count as u64 } else { 0 };
        let [input, cached, written, output] = counts.map(whole);
        Self { input, cached, written, output }
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.input = self.input.saturating_add(other.input);
        self.cached = self.cached.saturating_add(other.cached);
        self.written = self.written.saturating_add(other.written);
        self.output = self.output.saturating_add(other.output);
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
    /// The answer.
    pub output: f64,
}

impl Cost {
    /// The cost from `prompt`, `uncached` and `output`. `None` if an amount is not between 0 and a million dollars: an
    /// absurd amount would hide all others in a sum.
    ///
    /// ```
    /// # use taas_affinity::usage::Cost;
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
    /// How the call ended.
    pub outcome: Outcome,
    /// Whether the call is part of an agent's run, and no completion such as a title.
    pub is_run: bool,
    /// Whether the call is the first of its conversation, if the conversation is known.
    pub is_first: Option<bool>,
    /// TaaS's id of the request, if the response named it.
    pub request_id: Option<&'a str>,
    /// The time until the response headers arrived.
    pub answered_after: Option<Duration>,
    /// The time until the stream ended.
    pub ended_after: Option<Duration>,
    /// The tokens.
    pub tokens: Tokens,
    /// The cost, if the model's prices are known.
    pub cost: Option<Cost>,
}

/// How a call ended.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The answer is complete.
    Completed,
    /// The call failed.
    Failed,
    /// The caller gave the call up.
    #[default]
    Aborted,
}

/// The usage of many calls.
#[derive(Debug, Default, Clone)]
pub(crate) struct Tally {
    pub(crate) requests: u64,
    /// Calls whose model the autorouter chose.
    pub(crate) routed: u64,
    pub(crate) failures: u64,
    /// Calls that TaaS answered, even if their caller then aborted them.
    pub(crate) answers: u64,
    /// Calls whose prompt tokens are known.
    pub(crate) prompts: u64,
    /// Failures by their status, or by `none`, such as a reset connection or a cut stream.
    by_status: BTreeMap<String, u64>,
    pub(crate) tokens: Tokens,
    /// The tokens of the latest calls with a prompt. The newest call is the first.
    pub(crate) recent: VecDeque<Tokens>,
    /// The tokens of the first calls of conversations, and of their later calls.
    first_calls: Tokens,
    later_calls: Tokens,
    latency: Latency,
    /// The number of calls with known prices.
    pub(crate) priced: u64,
    saved: f64,
    uncached_cost: f64,
    cost: f64,
    pub(crate) first_use: Option<i64>,
    pub(crate) last_use: Option<i64>,
}

impl Tally {
    /// Adds a call.
    pub(crate) fn add(&mut self, call: &Ended<'_>) {
        self.requests += 1;
        self.routed += u64::from(call.routed);
        if call.outcome == Outcome::Failed {
            self.failures += 1;
            let status = call.status.filter(|status| *status >= 400);
            let status = status.map_or_else(|| "none".to_owned(), |status| status.to_string());
            *self.by_status.entry(status).or_default() += 1;
        } else {
            let is_good = call.status.is_some_and(|status| (200..300).contains(&status));
            self.answers += u64::from(is_good || call.tokens != Tokens::default());
        }
        self.tokens.add(call.tokens);
        if call.tokens.prompt() > 0 {
            self.prompts += 1;
            self.recent.truncate(RECENT_CALLS - 1);
            self.recent.push_front(call.tokens);
            self.latency.add(call.tokens.cached > 0, call.answered_after, call.ended_after);
        }
        match call.is_first {
            Some(true) => self.first_calls.add(call.tokens),
            Some(false) => self.later_calls.add(call.tokens),
            None => {}
        }
        if let Some(cost) = call.cost {
            self.priced += 1;
            self.cost += cost.prompt + cost.output;
            self.saved += cost.uncached - cost.prompt;
            self.uncached_cost += cost.uncached;
        }
        self.first_use.get_or_insert(call.at);
        self.last_use = Some(call.at);
    }

    /// The dollars that caching saved, and what the same prompts would have cost without it. `None` if no price is known.
    pub(crate) fn saving(&self) -> Option<(f64, f64)> {
        (self.priced > 0).then_some((self.saved, self.uncached_cost))
    }

    /// The hit rate of the latest calls with a prompt.
    pub(crate) fn recent_hit_rate(&self) -> Option<f64> {
        let mut sum = Tokens::default();
        self.recent.iter().for_each(|tokens| sum.add(*tokens));
        sum.hit_rate()
    }
}

impl Serialize for Tally {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let usd = |sum: f64| (self.priced > 0).then_some(sum);
        let shown = json!({
            "requests": self.requests,
            "failures": self.failures,
            "failuresByStatus": self.by_status,
            "tokens": self.tokens,
            "hitRate": self.tokens.hit_rate(),
            "recentHitRate": self.recent_hit_rate(),
            "firstCallHitRate": self.first_calls.hit_rate(),
            "laterCallHitRate": self.later_calls.hit_rate(),
            // Negative if cache writes cost more than cache reads saved.
            "saved": {
                "tokens": self.tokens.cached,
                "usd": usd(self.saved),
                "usdWithoutCache": usd(self.uncached_cost),
                // Of `usdWithoutCache`.
                "share": (self.uncached_cost > 0.0).then(|| self.saved / self.uncached_cost),
                "pricedRequests": self.priced,
            },
            "costUsd": usd(self.cost),
            "latencyMs": self.latency.shown(),
            "firstUse": self.first_use,
            "lastUse": self.last_use,
        });
        shown.serialize(serializer)
    }
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
        assert_eq!(shown(&tally)["saved"]["share"], 1.75 / 6.0);
        assert_eq!(shown(&tally)["costUsd"], 6.25, "prompts and answers");
        // Without prices, only tokens are counted.
        tally.add(&call([0.0, 5.0, 0.0, 1.0]));
        assert_eq!(shown(&tally)["saved"]["tokens"], 1_000_005);
        assert_eq!(shown(&tally)["saved"]["pricedRequests"], 2);
        let mut unpriced = Tally::default();
        unpriced.add(&call([0.0, 5.0, 0.0, 1.0]));
        for key in ["usd", "share"] {
            assert_eq!(shown(&unpriced)["saved"][key], Value::Null);
        }
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
    fn failures_are_counted_by_status() {
        let mut tally = Tally::default();
        for status in [None, Some(200), Some(429), Some(429), Some(503)] {
            tally.add(&Ended { status, outcome: Outcome::Failed, ..Ended::default() });
        }
        tally.add(&Ended { status: Some(200), ..Ended::default() });
        assert_eq!(shown(&tally)["failuresByStatus"], json!({ "none": 2, "429": 2, "503": 1 }));
        tally.add(&Ended { status: None, ..Ended::default() });
        assert_eq!(
            (tally.requests, tally.failures, tally.answers),
            (7, 5, 1),
            "the last call was aborted"
        );
    }
}
