//! The store as text, by which one library image takes over what another one held.
//!
//! After an update two images of this library may be in one process, each with a store of its own.
//! JavaScript carries the text from the old one to the new one; neither knows of the other.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{
    CHOICE_LIMIT, Chooser,
    captures::{Entry, Held},
    choices::Made,
};
use crate::{
    agent,
    identity::is_session_id,
    route::{Capture, VALUE_LIMIT},
    text::{self, bounded},
};

/// The number of the format. A store reads its own alone.
pub const FORMAT: u32 = 1;

/// Why a text is not taken over. Nothing of it was then.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// The text is no snapshot.
    #[error("the text is no snapshot of a store")]
    Malformed,
    /// A snapshot in a format of another version.
    #[error("the snapshot has format {format}, and only format {FORMAT} can be read")]
    UnknownFormat {
        /// Its number.
        format: u32,
    },
    /// A snapshot that says what no store can have held.
    #[error(
        "the snapshot has a capture that no response can give, or a choice that nobody can make"
    )]
    Unsound,
}

/// Captures are the oldest first, agents by the names that tell them apart.
#[derive(Serialize)]
struct Written<'a> {
    format: u32,
    sessions: Vec<&'a Capture>,
    agents: Vec<(&'a str, &'a Capture)>,
    conversations: Vec<(&'a str, &'a Capture)>,
    workspaces: Vec<(&'a str, &'a Capture)>,
    latest: Option<&'a Capture>,
    choices: &'a [Made],
}

#[derive(Deserialize)]
struct Format {
    format: u32,
}

#[derive(Deserialize)]
struct Read {
    sessions: Vec<Capture>,
    agents: Vec<(String, Capture)>,
    #[serde(default)]
    conversations: Vec<(String, Capture)>,
    #[serde(default)]
    workspaces: Vec<(String, Capture)>,
    latest: Option<Capture>,
    #[serde(default)]
    choices: Vec<Made>,
}

pub(super) fn write(held: &Held, choices: &[Made]) -> String {
    let written = Written {
        format: FORMAT,
        sessions: held.sessions.iter().map(|(_, capture)| &**capture).collect(),
        agents: named(&held.agents),
        conversations: named(&held.conversations),
        workspaces: named(&held.workspaces),
        latest: held.latest.as_deref(),
        choices,
    };
    text::json(&written)
}

fn named(entries: &[Entry]) -> Vec<(&str, &Capture)> {
    entries.iter().map(|(name, capture)| (&**name, &**capture)).collect()
}

pub(super) fn read(text: &str) -> Result<(Held, Vec<Made>), SnapshotError> {
    let malformed = |_| SnapshotError::Malformed;
    let Format { format } = serde_json::from_str(text).map_err(malformed)?;
    if format != FORMAT {
        return Err(SnapshotError::UnknownFormat { format });
    }
    let Read { sessions, agents, conversations, workspaces, latest, choices } =
        serde_json::from_str(text).map_err(malformed)?;
    let is_agent = |name: &str| agent::normalized(name).as_deref() == Some(name);
    let is_bounded = |name: &str| bounded(name, VALUE_LIMIT).as_deref() == Some(name);
    // What an observed request names its session is text of any form.
    let is_choice = |(chooser, _, at): &Made| {
        *at >= 0
            && match chooser {
                Chooser::Session(name) => is_bounded(name),
                Chooser::Agent(name) => is_agent(name),
            }
    };
    let sound = sessions.iter().chain(&latest).all(Capture::is_sound)
        && agents.iter().all(|(name, _)| is_agent(name))
        && conversations.iter().all(|(name, _)| is_bounded(name))
        && workspaces.iter().all(|(name, _)| is_session_id(name))
        && ([&agents, &conversations, &workspaces].into_iter().flatten())
            .all(|(_, capture)| capture.is_sound())
        && choices.len() <= 2 * CHOICE_LIMIT
        && choices.iter().all(is_choice);
    if !sound {
        return Err(SnapshotError::Unsound);
    }
    let by_session = |capture: Capture| {
        let name = Arc::from(capture.session_id.as_deref()?);
        Some((name, Arc::new(capture)))
    };
    let entries = |named: Vec<(String, Capture)>| {
        named.into_iter().map(|(name, capture)| (Arc::from(name), Arc::new(capture))).collect()
    };
    let held = Held {
        sessions: sessions.into_iter().filter_map(by_session).collect(),
        agents: entries(agents),
        conversations: entries(conversations),
        workspaces: entries(workspaces),
        latest: latest.map(Arc::new),
    };
    Ok((held, choices))
}
