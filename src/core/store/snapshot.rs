//! The store as text, by which one library image takes over what another one held.
//!
//! After an update two images of this library may be in one process, each with a store of its own.
//! JavaScript carries the text from the old one to the new one; neither knows of the other.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::captures::Held;
use crate::{agent, route::Capture};

/// The number of the format. A store reads its own alone.
pub const FORMAT: u32 = 1;

/// Why a text is not taken over. Nothing of it was then.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// The text is no snapshot.
    #[error("the text is no snapshot of captures")]
    Malformed,
    /// A snapshot in a format of another version.
    #[error("the snapshot has format {format}, and only format {FORMAT} can be read")]
    UnknownFormat {
        /// Its number.
        format: u32,
    },
    /// A snapshot that says what no store can have held.
    #[error("the snapshot has a capture that no response can give")]
    Unsound,
}

/// Captures are the oldest first, agents by the names that tell them apart.
#[derive(Serialize)]
struct Written<'a> {
    format: u32,
    sessions: Vec<&'a Capture>,
    agents: Vec<(&'a str, &'a Capture)>,
    latest: Option<&'a Capture>,
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
    latest: Option<Capture>,
}

pub(super) fn write(Held { sessions, agents, latest }: &Held) -> String {
    let written = Written {
        format: FORMAT,
        sessions: sessions.iter().map(|(_, capture)| &**capture).collect(),
        agents: (agents.iter()).map(|(name, capture)| (&**name, &**capture)).collect(),
        latest: latest.as_deref(),
    };
    // Strings, numbers and structures of them: there is nothing in it that is no JSON.
    serde_json::to_string(&written).unwrap_or_default()
}

pub(super) fn read(text: &str) -> Result<Held, SnapshotError> {
    let malformed = |_| SnapshotError::Malformed;
    let Format { format } = serde_json::from_str(text).map_err(malformed)?;
    if format != FORMAT {
        return Err(SnapshotError::UnknownFormat { format });
    }
    let Read { sessions, agents, latest } = serde_json::from_str(text).map_err(malformed)?;
    let is_name = |name: &String| agent::normalized(name).as_ref() == Some(name);
    let sound = sessions.iter().chain(&latest).all(Capture::is_sound)
        && (agents.iter()).all(|(name, capture)| is_name(name) && capture.is_sound());
    if !sound {
        return Err(SnapshotError::Unsound);
    }
    let by_session = |capture: Capture| {
        let name = Arc::from(capture.session_id.as_deref()?);
        Some((name, Arc::new(capture)))
    };
    let sessions = sessions.into_iter();
    let agents = agents.into_iter();
    Ok(Held {
        sessions: sessions.filter_map(by_session).collect(),
        agents: agents.map(|(name, capture)| (Arc::from(name), Arc::new(capture))).collect(),
        latest: latest.map(Arc::new),
    })
}
