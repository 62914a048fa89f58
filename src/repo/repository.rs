//! What is known of one repository, for how long, and how much git is asked of it next.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{Depth, Hints};

/// How long hints may be sent, counted from when git began to look.
pub(crate) const FRESH: Duration = Duration::from_secs(2);

/// Hints this old are renewed by the next call.
pub(crate) const AGING: Duration = Duration::from_millis(1500);

/// How long a verdict is awaited before name and branch are sent without it.
const PATIENCE: Duration = Duration::from_millis(200);

/// For how long git is not asked again for what it was too slow for: at first, and in the end.
const REST: Duration = Duration::from_secs(8);
const LONGEST_REST: Duration = Duration::from_secs(600);

struct Answer {
    /// When git began to look.
    at: Instant,
    hints: Arc<Hints>,
}

/// What git was too slow for, and until when it is not asked for that again.
struct Pace {
    late: Depth,
    rest: Duration,
    until: Instant,
}

#[derive(Default)]
pub(crate) struct Repository {
    whole: Option<Answer>,
    /// Name and branch, while the verdict is awaited.
    early: Option<Answer>,
    pace: Option<Pace>,
}

impl Repository {
    pub(crate) fn known(&self) -> Option<Arc<Hints>> {
        let early = self.early.as_ref().filter(|early| early.at.elapsed() >= PATIENCE);
        let mut answers = [self.whole.as_ref(), early].into_iter().flatten();
        answers.find(|answer| answer.at.elapsed() < FRESH).map(|answer| Arc::clone(&answer.hints))
    }

    pub(crate) fn is_young(&self) -> bool {
        self.whole.as_ref().is_some_and(|whole| whole.at.elapsed() < AGING)
    }

    /// How much git is asked now.
    pub(crate) fn depth(&self) -> Depth {
        match &self.pace {
            Some(pace) if pace.until > Instant::now() => match pace.late {
                Depth::Verdict => Depth::Branch,
                _ => Depth::Name,
            },
            _ => Depth::Verdict,
        }
    }

    pub(crate) fn tell_early(&mut self, at: Instant, hints: &Hints) {
        self.early = Some(Answer { at, hints: Arc::new(hints.clone()) });
    }

    /// Takes an answer, and decides when git is asked again for what it was too slow for.
    pub(crate) fn tell(&mut self, at: Instant, hints: Hints, late: Option<Depth>) {
        // A probe that hung may come after another.
        if self.whole.as_ref().is_some_and(|whole| whole.at > at) {
            return;
        }
        let asked = self.depth();
        self.whole = Some(Answer { at, hints: Arc::new(hints) });
        if let Some(late) = late {
            let rest = self.pace.as_ref().map_or(REST, |pace| (pace.rest * 2).min(LONGEST_REST));
            self.pace = Some(Pace { late, rest, until: Instant::now() + rest });
        } else if asked == Depth::Verdict {
            self.pace = None;
        }
    }
}
