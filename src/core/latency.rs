//! How long calls took, as a histogram of fixed size.

use std::time::Duration;

use serde::Serialize;

/// Buckets for each doubling of the duration. A percentile is wrong by at most 9 %.
const STEPS: f64 = 4.0;

/// From 1 ms to 17 minutes. Shorter and longer durations count in the first and the last bucket.
const BUCKETS: usize = 81;

/// A histogram of durations. The bounds of its buckets grow by the same factor.
#[derive(Debug, Clone)]
pub(crate) struct Histogram {
    counts: [u32; BUCKETS],
}

/// Percentiles in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Percentiles {
    pub(crate) p50: u64,
    pub(crate) p95: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { counts: [0; BUCKETS] }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "small positive numbers"
)]
impl Histogram {
    pub(crate) fn add(&mut self, duration: Duration) {
        let bucket = (duration.as_secs_f64() * 1000.0).log2() * STEPS;
        let count = &mut self.counts[bucket.round().clamp(0.0, (BUCKETS - 1) as f64) as usize];
        *count = count.saturating_add(1);
    }

    /// `None` without durations.
    pub(crate) fn percentiles(&self) -> Option<Percentiles> {
        let all: u64 = self.counts.iter().copied().map(u64::from).sum();
        let percentile = |share: f64| {
            let rank = (all as f64 * share).ceil().max(1.0) as u64;
            let mut counted = 0;
            let bucket = self.counts.iter().position(|count| {
                counted += u64::from(*count);
                counted >= rank
            })?;
            Some((bucket as f64 / STEPS).exp2().round() as u64)
        };
        Some(Percentiles { p50: percentile(0.5)?, p95: percentile(0.95)? })
    }
}

/// The durations of calls with cached tokens, and of calls without.
#[derive(Debug, Default, Clone)]
pub(crate) struct Latency {
    by_cached: [Durations; 2],
}

#[derive(Debug, Default, Clone)]
struct Durations {
    /// Until the response headers arrived.
    headers: Histogram,
    /// Until the stream ended.
    end: Histogram,
}

/// The percentiles of [`Latency`].
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct ShownLatency {
    pub(crate) cached: ShownDurations,
    pub(crate) uncached: ShownDurations,
}

/// `None` without such calls.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct ShownDurations {
    pub(crate) headers: Option<Percentiles>,
    pub(crate) end: Option<Percentiles>,
}

impl Latency {
    pub(crate) fn add(
        &mut self,
        is_cached: bool,
        headers: Option<Duration>,
        end: Option<Duration>,
    ) {
        let durations = &mut self.by_cached[usize::from(is_cached)];
        if let Some(headers) = headers {
            durations.headers.add(headers);
        }
        if let Some(end) = end {
            durations.end.add(end);
        }
    }

    pub(crate) fn shown(&self) -> ShownLatency {
        let [uncached, cached] = self.by_cached.each_ref().map(|durations| ShownDurations {
            headers: durations.headers.percentiles(),
            end: durations.end.percentiles(),
        });
        ShownLatency { cached, uncached }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_at_most_a_tenth_away_from_the_true_durations() {
        let mut histogram = Histogram::default();
        assert_eq!(histogram.percentiles(), None);
        for millis in 1..=1000 {
            histogram.add(Duration::from_millis(millis));
        }
        let Percentiles { p50, p95 } = histogram.percentiles().expect("durations");
        assert!(p50.abs_diff(500) <= 50, "{p50}");
        assert!(p95.abs_diff(950) <= 95, "{p95}");
    }

    #[test]
    fn extreme_durations_count_in_the_outer_buckets() {
        let mut histogram = Histogram::default();
        for duration in [Duration::ZERO, Duration::from_nanos(1), Duration::MAX] {
            histogram.add(duration);
        }
        assert_eq!(histogram.percentiles(), Some(Percentiles { p50: 1, p95: 1_048_576 }));
    }
}
