//! What is known of one workspace, for how long, and how much git is asked of it next.

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{
    Depth, Hints,
    queue::{TURNS, VERDICTS, Wants},
};

/// How long an answer may be told, counted from when git began to look.
pub(crate) const FRESH: Duration = Duration::from_secs(2);

/// How long a verdict is awaited before what else is known is told without it.
const PATIENCE: Duration = Duration::from_millis(200);

/// An answer this old is renewed by whoever looks, before it can no longer be told.
const AGING: Duration = Duration::from_millis(1500);

/// Beside how many other slow verdicts of a file system one is asked for that was too slow before.
const SLOW: usize = TURNS / 2;

/// For how long a workspace rests whose git was too slow: at first, and after it was time and again.
const REST: Duration = Duration::from_secs(8);
const LONGEST_REST: Duration = Duration::from_secs(600);

#[derive(Clone)]
pub(crate) struct Answer {
    pub(crate) root: Option<PathBuf>,
    /// When git began to look.
    pub(crate) at: Instant,
    pub(crate) hints: Arc<Hints>,
}

impl Answer {
    fn is_fresh(&self) -> bool {
        self.at.elapsed() < FRESH
    }

    pub(crate) fn is_young(&self) -> bool {
        self.at.elapsed() < AGING
    }
}

pub(crate) struct Record {
    pub(crate) whole: Option<Answer>,
    /// What is known while the verdict is still awaited.
    pub(crate) early: Option<Answer>,
    /// The verdict is still to be asked for, for the first time.
    pub(crate) is_owed: bool,
    /// The rest was told before.
    pub(crate) was_told: bool,
    pace: Option<Pace>,
    pub(crate) used: Instant,
}

/// What git was too slow for, and until when it is not asked for that again.
struct Pace {
    late: Depth,
    rest: Duration,
    until: Instant,
}

impl Record {
    pub(crate) fn new() -> Self {
        Self {
            whole: None,
            early: None,
            is_owed: true,
            was_told: false,
            pace: None,
            used: Instant::now(),
        }
    }

    pub(crate) fn known(&self) -> Option<&Answer> {
        let early = self.early.as_ref().filter(|early| early.at.elapsed() >= PATIENCE);
        let whole = self.whole.as_ref().filter(|answer| answer.is_fresh());
        whole.or(early.filter(|early| early.is_fresh()))
    }

    /// Drops what may no longer be told. Whether there was any.
    pub(crate) fn expire(&mut self) -> bool {
        let is_old = |answer: &mut Answer| !answer.is_fresh();
        self.whole.take_if(is_old).is_some() | self.early.take_if(is_old).is_some()
    }

    /// How much is asked next, beside so many slow verdicts on the same file system.
    pub(crate) fn depth(&self, others: usize) -> Depth {
        match &self.pace {
            None if self.is_owed && others >= VERDICTS => Depth::Branch,
            Some(pace) if pace.until > Instant::now() || others >= SLOW => match pace.late {
                Depth::Verdict => Depth::Branch,
                _ => Depth::Name,
            },
            _ => Depth::Verdict,
        }
    }

    /// Whether its verdict may take long.
    pub(crate) fn is_slow(&self) -> bool {
        self.is_owed || self.pace.is_some()
    }

    pub(crate) fn wants(&self) -> Wants {
        match &self.early {
            Some(early) if self.is_owed && early.is_young() => Wants::Verdict,
            _ if self.is_owed && self.was_told => Wants::VerdictOrRest,
            _ => Wants::Any,
        }
    }

    /// Has it rest for longer and longer where git was too slow.
    pub(crate) fn pace(&mut self, asked: Depth, late: Option<Depth>) {
        if let Some(late) = late {
            let rest = self.pace.as_ref().map_or(REST, |pace| pace.rest * 2).min(LONGEST_REST);
            self.pace = Some(Pace { late, rest, until: Instant::now() + rest });
        } else if asked == Depth::Verdict {
            self.pace = None;
        }
    }
}
