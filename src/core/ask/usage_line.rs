//! `usageLine`: what caching saved, in one line for the host's `/status` and its usage pages.

use super::{Fault, Params, Question};
use crate::{
    agent,
    doctor::{Check, Facts},
    numbers::{self, counted, grouped, plural},
    store::Usage,
    text::{NAME_LIMIT, is_visible},
    usage::Tally,
};

/// Without the key, the line is about all calls.
pub(super) const KEYS: &str = "agentId";

/// The longest model name in a line, in characters.
const MODEL_LIMIT: usize = 40;

/// Answers with the line, or with an empty text if there is nothing to show.
pub(super) fn usage_line(question: &Question<'_>, params: &Params) -> Result<String, Fault> {
    let agent = params.text("agentId", NAME_LIMIT)?;
    let facts = question.facts();
    let usage = question.store.usage();
    let checks = question.checks(&usage, facts.as_ref());
    let line = match agent {
        None => of_all(&usage, facts.as_ref(), &checks),
        Some(id) => agent::normalized(&id).and_then(|id| usage.agents.peek(&*id)).and_then(|row| {
            let model = row.model.as_deref().and_then(model_name);
            line(&row.tally, model, &checks)
        }),
    };
    Ok(line.unwrap_or_default())
}

/// The line about all calls. There is none beside a plugin that handles one of the providers, because its calls are not
/// counted.
pub(super) fn of_all(usage: &Usage, facts: Option<&Facts>, checks: &[Check]) -> Option<String> {
    let is_complete = facts.is_none_or(|facts| facts.owned.is_empty());
    is_complete.then(|| line(&usage.totals, None, checks)).flatten()
}

/// `$0.19 saved (68 %), claude-sonnet-4, 1 warning: openclaw taas doctor`
fn line(tally: &Tally, model: Option<String>, checks: &[Check]) -> Option<String> {
    let mut parts = vec![saved(tally)?];
    parts.extend(model);
    let warnings = checks.iter().filter(|check| !check.is_ok()).count();
    if warnings > 0 {
        parts.push(format!("{}: openclaw taas doctor", counted(warnings as u64, "warning")));
    }
    Some(parts.join(", "))
}

/// The saving in dollars if prices are known, else in tokens. `None` before the first prompt.
fn saved(tally: &Tally) -> Option<String> {
    if tally.prompts == 0 {
        return None;
    }
    let Some((saved, uncached)) = tally.saving() else {
        let tokens = tally.tokens.cached;
        return Some(format!("{} token{} saved", grouped(&tokens.to_string()), plural(tokens)));
    };
    let share = 100.0 * saved.abs() / uncached;
    let share = if share.is_finite() { format!(" ({share:.0} %)") } else { String::new() };
    let amount = usd(saved.abs());
    Some(if saved < 0.0 {
        format!("caching cost {amount} extra{share}")
    } else {
        format!("{amount} saved{share}")
    })
}

/// `$0.19`; below one cent, the first two digits that are not zero, such as `$0.0024`.
fn usd(amount: f64) -> String {
    let digits = match amount {
        0.01.. => 2,
        0.001.. => 4,
        0.000_1.. => 5,
        0.000_000_5.. => 6,
        _ => 2,
    };
    numbers::usd(amount, digits)
}

/// A model's name without characters that end a line, are invisible, or change the direction of text. `None` if nothing is
/// left.
fn model_name(name: &str) -> Option<String> {
    let shown: Vec<char> = name.chars().filter(|c| is_visible(*c)).collect();
    let text: String = shown.iter().take(MODEL_LIMIT).collect();
    let text = text.trim();
    let end = if shown.len() > MODEL_LIMIT { "…" } else { "" };
    (!text.is_empty()).then(|| format!("{text}{end}"))
}

#[cfg(test)]
mod tests {
    use crate::{
        ask::{Question, ask},
        store::{CallIdentity, LIMIT, Store},
        surroundings::fake::NOTHING,
        usage::{Cost, Ended, Outcome, Tokens},
    };

    const FINE: &str = r#"{"providers":[]}"#;
    /// The doctor warns of the unknown setting.
    const ONE_WARNING: &str = r#"{"providers":[],"notUnderstood":["gitHint"]}"#;

    fn ask_line(store: &Store, params: &str, facts: &str) -> String {
        let facts = Some(facts);
        let question = Question { store, params, surroundings: &NOTHING, facts, now: 0 };
        ask("usageLine", &question).expect("a line")
    }

    fn of_main(store: &Store) -> String {
        ask_line(store, r#"{"agentId":"main"}"#, FINE)
    }

    fn main() -> CallIdentity<'static> {
        CallIdentity { agent_id: Some("main"), ..CallIdentity::default() }
    }

    fn run(cost: Option<[f64; 3]>) -> Ended<'static> {
        Ended {
            model: Some("claude-sonnet-4"),
            is_run: true,
            routed: true,
            status: Some(200),
            outcome: Outcome::Completed,
            tokens: Tokens::counted([10.0, 12_345.0, 0.0, 5.0]),
            cost: cost.and_then(Cost::new),
            ..Ended::default()
        }
    }

    fn store_with(calls: &[Ended<'_>]) -> Store {
        let store = Store::new(LIMIT);
        for call in calls {
            store.ended(call, &main());
        }
        store
    }

    fn after(prompt: f64, uncached: f64) -> String {
        let line = of_main(&store_with(&[run(Some([prompt, uncached, 9.0]))]));
        line.strip_suffix(", claude-sonnet-4").expect("the model").to_owned()
    }

    #[test]
    fn the_line_of_an_agent_has_its_saving_and_the_model_of_its_last_run() {
        let title = Ended { model: Some("tiny"), is_run: false, ..run(None) };
        let store = store_with(&[run(Some([0.09, 0.28, 1.0])), title]);
        store.ended(&run(Some([1.0, 5.0, 1.0])), &CallIdentity { agent_id: Some("ops"), ..main() });
        assert_eq!(of_main(&store), "$0.19 saved (68 %), claude-sonnet-4");
        assert_eq!(ask_line(&store, r#"{"agentId":" MAIN"}"#, FINE), of_main(&store));
    }

    #[test]
    fn the_line_about_all_calls_has_the_totals_and_no_model() {
        let store = store_with(&[run(Some([0.25, 1.0, 1.0])), run(Some([0.75, 3.0, 1.0]))]);
        assert_eq!(ask_line(&store, "{}", FINE), "$3.00 saved (75 %)");
        let owned = r#"{"providers":[],"owned":[{"provider":"cloudsigma"}]}"#;
        assert_eq!(ask_line(&store, "{}", owned), "", "another plugin's calls are not counted");
    }

    #[test]
    fn warnings_are_at_the_end_with_the_command_that_explains_them() {
        let store = store_with(&[run(Some([0.25, 1.0, 1.0]))]);
        let line = |facts| ask_line(&store, r#"{"agentId":"main"}"#, facts);
        assert_eq!(
            line(ONE_WARNING),
            "$0.75 saved (75 %), claude-sonnet-4, 1 warning: openclaw taas doctor"
        );
        let two = r#"{"providers":[{"id":"cloudsigma"}],"notUnderstood":["gitHint"]}"#;
        assert!(line(two).ends_with(", 2 warnings: openclaw taas doctor"), "{}", line(two));
        assert!(ask_line(&store, "{}", ONE_WARNING).ends_with(", 1 warning: openclaw taas doctor"));
    }

    #[test]
    fn there_is_no_line_before_the_first_prompt() {
        let failed = Ended { outcome: Outcome::Failed, status: Some(503), ..Ended::default() };
        for store in [store_with(&[]), store_with(&[failed])] {
            for params in ["{}", r#"{"agentId":"main"}"#, r#"{"agentId":"no id"}"#] {
                assert_eq!(ask_line(&store, params, ONE_WARNING), "");
            }
        }
        let store = store_with(&[run(None)]);
        assert_eq!(ask_line(&store, r#"{"agentId":"other"}"#, FINE), "");
    }

    #[test]
    fn amounts_have_readable_digits() {
        for (prompt, uncached, line) in [
            (0.0, 0.0024, "$0.0024 saved (100 %)"),
            (0.0, 0.005, "$0.0050 saved (100 %)"),
            (0.0, 0.000_31, "$0.00031 saved (100 %)"),
            (0.0, 0.000_001, "$0.000001 saved (100 %)"),
            (0.0, 1e-9, "$0.00 saved (100 %)"),
            (0.0, 0.01, "$0.01 saved (100 %)"),
            (0.5, 0.5, "$0.00 saved (0 %)"),
            (0.0, 0.0, "$0.00 saved"),
            (3.5, 15.9, "$12.40 saved (78 %)"),
            (0.0, 999_999.999, "$1,000,000.00 saved (100 %)"),
            (1234.5, 2469.0, "$1,234.50 saved (50 %)"),
        ] {
            assert_eq!(after(prompt, uncached), line);
        }
    }

    #[test]
    fn a_negative_saving_is_called_an_extra_cost() {
        assert_eq!(after(3.75, 3.0), "caching cost $0.75 extra (25 %)");
        assert_eq!(after(0.0125, 0.01), "caching cost $0.0025 extra (25 %)");
    }

    #[test]
    fn without_prices_the_line_has_the_saved_tokens() {
        let store = store_with(&[run(None)]);
        assert_eq!(of_main(&store), "12,345 tokens saved, claude-sonnet-4");
        let one = Ended { tokens: Tokens::counted([0.0, 1.0, 0.0, 0.0]), ..run(None) };
        assert_eq!(of_main(&store_with(&[one])), "1 token saved, claude-sonnet-4");
        let none = Ended { tokens: Tokens::counted([7.0, 0.0, 0.0, 0.0]), ..run(None) };
        assert_eq!(of_main(&store_with(&[none])), "0 tokens saved, claude-sonnet-4");
    }

    #[test]
    fn a_model_name_is_cleaned_and_cut() {
        let long = "m".repeat(41);
        for (name, shown) in [
            ("a\u{202e}b\u{2066}\u{200b}c\r\n\u{1b}[31m", ", abc[31m"),
            ("x\u{2028}\u{feff}\u{e0041}", ", x"),
            ("日本/モデル", ", 日本/モデル"),
            (" \u{200e} ", ""),
            (&long, &format!(", {}…", "m".repeat(40))),
        ] {
            let store = store_with(&[Ended { model: Some(name), ..run(None) }]);
            assert_eq!(of_main(&store), format!("12,345 tokens saved{shown}"), "{name:?}");
        }
    }
}
