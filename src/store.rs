//! Shows tests the content of the store.

use napi::bindgen_prelude::Result;
use napi_derive::napi;
use taas_affinity::store::{LIMIT, Store};

use crate::convert::failure;

/// The latest capture of an agent as JSON text, or `null`.
///
/// # Errors
/// Every capture has a JSON form, so there are no errors.
#[napi(catch_unwind, strict)]
pub fn latest_by_agent(agent_id: String) -> Result<Option<String>> {
    let capture = Store::shared().by_agent(&agent_id);
    capture.map(|capture| serde_json::to_string(&*capture).map_err(failure)).transpose()
}

/// The number of captures in the store.
#[napi(object, object_from_js = false)]
pub struct CaptureTableSize {
    /// Sessions with a capture.
    pub sessions: u32,
    /// Agents with a capture.
    pub agents: u32,
    /// The highest number of sessions, and of agents.
    pub limit: u32,
}

/// The number of captures in the store, and its limit.
///
/// # Errors
/// The limit fits an `u32`, so there are no errors.
#[napi(catch_unwind, strict)]
pub fn capture_table_size() -> Result<CaptureTableSize> {
    let size = Store::shared().size();
    let count = |number: usize| u32::try_from(number).map_err(failure);
    Ok(CaptureTableSize {
        sessions: count(size.sessions)?,
        agents: count(size.agents)?,
        limit: count(LIMIT.get())?,
    })
}
