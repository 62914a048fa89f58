//! The metrics, in the Prometheus text format or in `OpenMetrics`. They are written from the store at each scrape.

use std::fmt;

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric, prometheus_text, text},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
    registry::Registry,
};

use crate::{
    ask::{Fault, Params, Question},
    doctor::Facts,
    store::{Counters, Sums, Usage},
};

/// `format` is one of [`FORMATS`].
pub(crate) const KEYS: &str = "format";

const FORMATS: [&str; 2] = ["prometheus", "openmetrics"];

/// The names of OpenClaw's own exporter begin with `openclaw`.
const PREFIX: &str = "taas_affinity";

/// A label: its name and its value.
type Label = (&'static str, String);

/// The values of one metric for an agent and a model, each with the label that tells it from the others.
type Values = fn(&Sums) -> Vec<(Option<Label>, Value)>;

/// One metric, with its value for each set of labels.
#[derive(Debug)]
struct Metric {
    name: &'static str,
    help: &'static str,
    samples: Vec<(Vec<Label>, Value)>,
}

#[derive(Debug, Clone, Copy)]
enum Value {
    Count(u64),
    /// A sum of US dollars.
    Usd(f64),
    Gauge(u64),
}

/// Answers with the text of all metrics.
pub(crate) fn metrics(question: &Question<'_>, params: &Params) -> Result<String, Fault> {
    let format = params.one_of("format", &FORMATS)?.unwrap_or(FORMATS[0]);
    let facts = question.facts();
    let usage = question.store.usage();
    let mut metrics = of_calls(&question.store.counters());
    metrics.extend(of_gateway(question, &usage, facts.as_ref()));
    let mut registry = Registry::with_prefix(PREFIX);
    registry.register_collector(Box::new(Metrics(metrics)));
    let mut written = String::new();
    // Writing to a string does not fail.
    let _ = if format == FORMATS[0] {
        prometheus_text::encode(&mut written, &registry)
    } else {
        text::encode(&mut written, &registry)
    };
    Ok(written)
}

/// The counters of ended calls.
fn of_calls(counters: &Counters) -> Vec<Metric> {
    let by = |values: Values| {
        let mut samples = Vec::new();
        for (agent, of_agent) in &counters.agents {
            for (model, sums) in &of_agent.models {
                for (label, value) in values(sums) {
                    let labels = [("agent", agent.clone()), ("model", model.clone())];
                    samples.push((labels.into_iter().chain(label).collect(), value));
                }
            }
        }
        samples
    };
    let route_changes = counters
        .route_changes()
        .map(|(agent, count)| (vec![("agent", agent.to_owned())], Value::Count(count)));
    vec![
        Metric {
            name: "requests",
            help: "Model calls that ended",
            samples: by(|sums| {
                [("completed", sums.completed), ("error", sums.failed), ("aborted", sums.aborted)]
                    .map(|(outcome, count)| labelled("outcome", outcome, count))
                    .into()
            }),
        },
        Metric {
            name: "tokens",
            help: "Tokens of prompts and answers",
            samples: by(|Sums { tokens, .. }| {
                [
                    ("input", tokens.input),
                    ("cache_read", tokens.cached),
                    ("cache_write", tokens.written),
                    ("output", tokens.output),
                ]
                .map(|(kind, count)| labelled("token_type", kind, count))
                .into()
            }),
        },
        Metric {
            name: "cost_usd",
            help: "Cost of the calls with known prices",
            samples: by(|sums| vec![(None, Value::Usd(sums.cost))]),
        },
        Metric {
            name: "cost_without_cache_usd",
            help: "Cost of the same calls, as if nothing had been cached",
            samples: by(|sums| vec![(None, Value::Usd(sums.uncached_cost))]),
        },
        Metric {
            name: "route_changes",
            help: "How often the autorouter chose another model for the agent's runs than before",
            samples: route_changes.collect(),
        },
        single(
            "anonymous_requests",
            "Model calls without an agent id",
            Value::Count(counters.anonymous),
        ),
        single(
            "algorithm_changes",
            "Changes of an autorouter algorithm by an operator",
            Value::Count(counters.algorithm_changes),
        ),
    ]
}

/// The gauges of the gateway's state.
fn of_gateway(question: &Question<'_>, usage: &Usage, facts: Option<&Facts>) -> Vec<Metric> {
    let version = |version: Option<&String>| version.cloned().unwrap_or_default();
    let warnings = question.checks(usage, facts).into_iter().map(|check| {
        let count = u64::from(!check.is_ok());
        (vec![("check", check.id.to_owned())], Value::Gauge(count))
    });
    let build = vec![
        ("version", version(facts.and_then(|facts| facts.package.as_ref()))),
        ("addon_version", version(facts.and_then(|facts| facts.binary.as_ref()))),
    ];
    vec![
        Metric {
            name: "warnings",
            help: "1 if the check of `openclaw taas doctor` found a problem, else 0",
            samples: warnings.collect(),
        },
        single(
            "sessions",
            "Affinity sessions with calls, at most 256",
            Value::Gauge(usage.sessions.len() as u64),
        ),
        Metric {
            name: "build_info",
            help: "The versions of the plugin and of its native addon",
            samples: vec![(build, Value::Gauge(1))],
        },
    ]
}

fn labelled(name: &'static str, value: &str, count: u64) -> (Option<Label>, Value) {
    (Some((name, value.to_owned())), Value::Count(count))
}

fn single(name: &'static str, help: &'static str, value: Value) -> Metric {
    Metric { name, help, samples: vec![(Vec::new(), value)] }
}

#[derive(Debug)]
struct Metrics(Vec<Metric>);

impl Collector for Metrics {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        for Metric { name, help, samples } in &self.0 {
            let kind = match samples.first() {
                Some((_, Value::Gauge(_))) => MetricType::Gauge,
                _ => MetricType::Counter,
            };
            let mut metric = encoder.encode_descriptor(name, help, None, kind)?;
            for (labels, value) in samples {
                let sample = metric.encode_family(labels)?;
                match *value {
                    Value::Count(count) => ConstCounter::new(count).encode(sample)?,
                    Value::Usd(sum) => ConstCounter::new(sum).encode(sample)?,
                    Value::Gauge(count) => ConstGauge::new(count).encode(sample)?,
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use crate::{
        ask::{Question, ask},
        store::{CallIdentity, LIMIT, Store},
        surroundings::fake::NOTHING,
        usage::{Cost, Ended, Outcome, Tokens},
    };

    fn scrape(store: &Store, format: &str) -> String {
        let params = format!(r#"{{"format":"{format}"}}"#);
        let facts = Some(r#"{"package":"1.2.3","binary":"1.2.2"}"#);
        let question = Question { store, params: &params, surroundings: &NOTHING, facts, now: 0 };
        ask("metrics", &question).expect("metrics")
    }

    #[test]
    fn metrics_have_the_sums_of_all_calls_in_both_formats() {
        let store = Store::new(LIMIT);
        let main = CallIdentity { agent_id: Some("main"), ..CallIdentity::default() };
        let call = Ended {
            model: Some("a \"b\"\\c\nd"),
            routed: true,
            outcome: Outcome::Completed,
            is_run: true,
            tokens: Tokens::counted([10.0, 80.0, 10.0, 5.0]),
            cost: Cost::new([0.25, 1.0, 0.5]),
            ..Ended::default()
        };
        store.ended(&call, &main);
        // Cache writes that cost more than the cache reads saved.
        let costly = Ended { model: Some("costly"), cost: Cost::new([3.75, 3.0, 1.0]), ..call };
        let other = CallIdentity { agent_id: Some("other-agent"), ..main };
        store.ended(&costly, &other);
        store.ended(
            &Ended { outcome: Outcome::Failed, ..Ended::default() },
            &CallIdentity::default(),
        );
        let text = scrape(&store, "prometheus");
        for line in [
            "# TYPE taas_affinity_requests_total counter",
            r#"taas_affinity_requests_total{agent="main",model="a \"b\"\\c\nd",outcome="completed"} 1"#,
            r#"taas_affinity_requests_total{agent="unknown",model="unknown",outcome="error"} 1"#,
            r#"taas_affinity_tokens_total{agent="main",model="a \"b\"\\c\nd",token_type="cache_read"} 80"#,
            r#"taas_affinity_cost_usd_total{agent="main",model="a \"b\"\\c\nd"} 0.75"#,
            r#"taas_affinity_cost_without_cache_usd_total{agent="main",model="a \"b\"\\c\nd"} 1.5"#,
            r#"taas_affinity_route_changes_total{agent="main"} 0"#,
            r#"taas_affinity_cost_usd_total{agent="other-agent",model="costly"} 4.75"#,
            r#"taas_affinity_cost_without_cache_usd_total{agent="other-agent",model="costly"} 4.0"#,
            "taas_affinity_anonymous_requests_total 1",
            "taas_affinity_algorithm_changes_total 0",
            r#"taas_affinity_warnings{check="anonymous"} 1"#,
            "taas_affinity_sessions 1",
            r#"taas_affinity_build_info{version="1.2.3",addon_version="1.2.2"} 1"#,
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\nis not in\n{text}");
        }
        let open = scrape(&store, "openmetrics");
        assert!(open.contains("# TYPE taas_affinity_requests counter\n"), "{open}");
        assert!(open.ends_with("# EOF\n"), "{open}");
    }

    #[test]
    fn no_counter_decreases_while_agents_and_models_are_evicted() {
        let store = Store::new(LIMIT);
        let counted = || {
            let text = scrape(&store, "prometheus");
            let samples = text.lines().filter_map(|line| line.rsplit_once(' '));
            let counters = samples.filter(|(name, _)| name.contains("_total"));
            let value = |value: &str| value.parse::<f64>().ok();
            counters
                .filter_map(|(name, count)| Some((name.to_owned(), value(count)?)))
                .collect::<BTreeMap<_, _>>()
        };
        let mut before = counted();
        for round in 0..4 {
            for number in 0..200 {
                let (agent, model) = (format!("agent-{round}-{number}"), format!("m-{number}"));
                let identity = CallIdentity { agent_id: Some(&agent), ..CallIdentity::default() };
                let tokens = Tokens::counted([1.0, 2.0, 3.0, 4.0]);
                let cost = Cost::new([0.1, 0.2, 0.3]);
                let model = Some(model.as_str());
                store.ended(&Ended { model, tokens, cost, ..Ended::default() }, &identity);
            }
            let after = counted();
            for (name, count) in &before {
                assert!(after.get(name).is_some_and(|now| now >= count), "{name}");
            }
            before = after;
        }
        let sum: f64 = before
            .iter()
            .filter(|(name, _)| name.starts_with("taas_affinity_requests_total{"))
            .map(|(_, count)| count)
            .sum();
        assert!((sum - 800.0).abs() < 0.5, "{sum}");
        for label in ["agent", "model"] {
            let value = |name: &String| Some(name.split_once(&format!("{label}=\""))?.1.to_owned());
            let values = before.keys().filter_map(value);
            let values = values.filter_map(|rest| Some(rest.split_once('"')?.0.to_owned()));
            let limit = if label == "agent" { 256 } else { 64 };
            assert_eq!(values.collect::<BTreeSet<_>>().len(), limit + 1, "the rest is `other`");
        }
    }
}
