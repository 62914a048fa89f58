//! Why there is no verdict.
//!
//! Whatever could make an answer differ from git's ends in one of these, and the hint is left out.

use std::fmt;

/// A reason to leave a hint out. There is no error beside it: what cannot be read is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Doubt {
    /// The platform has no work tree comparison here.
    #[cfg_attr(unix, allow(dead_code))]
    Platform,
    /// A file could not be opened, read or stat'ed.
    Unreadable,
    /// Something that is neither a regular file nor a directory, where git keeps one of these.
    OddFile,
    /// A file, a list or a count is beyond what is read.
    TooLarge,
    /// Bytes that do not parse, or do not match their checksum.
    Malformed,
    /// A file changed while it was read, or during the probe.
    Changing,
    /// The time or the amount of bytes for one probe ran out, or the probe was cancelled.
    OutOfBudget,
    /// The place that `.git` names does not point back.
    NotPointingBack,
    /// `.git` is not a repository, or git would not take the work tree for this one.
    NotARepository,
    /// The repository belongs to another user: git refuses it.
    ForeignOwner,
    /// The repository uses a format or an extension that is not known here.
    Format,
    /// A setting whose effect on the verdict is not modelled, or whose value is invalid.
    Setting,
    /// The configuration includes another file that may matter.
    Include,
    /// The environment redirects git.
    Environment,
    /// HEAD, or the reference that it names, is not what git writes.
    Reference,
    /// References replace objects.
    Replaced,
    /// An object is missing.
    MissingObject,
    /// The index is split.
    SplitIndex,
    /// An index entry in a state that is not modelled.
    Entry,
    /// A file's content goes through a filter, an encoding or a keyword before git compares it.
    Conversion,
    /// A submodule whose state is ignored in part, or is itself in doubt.
    Submodule,
    /// A file outside of the sparse checkout is present.
    Sparse,
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

pub type Known<T> = Result<T, Doubt>;
