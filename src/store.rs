//! The store of the process, as tests look into it.

use napi::bindgen_prelude::Result;
use napi_derive::napi;
use taas_affinity::store::{LIMIT, Store};

use crate::convert::failure;

/// The latest capture of an agent as JSON text, or `null`.
///
/// # Errors
/// None that a capture allows.
#[napi(catch_unwind, strict)]
pub fn latest_by_agent(agent_id: String) -> Result<Option<String>> {
    let capture = Store::shared().by_agent(&agent_id);
    capture.map(|capture| serde_json::to_string(&*capture).map_err(failure)).transpose()
}

/// How full the store is.
#[napi(object, object_from_js = false)]
pub struct CaptureTableSize {
    /// Sessions with a capture.
    pub sessions: u32,
    /// Agents with a capture.
    pub agents: u32,
    /// How many sessions, and how many agents, it holds at most.
    pub limit: u32,
}

/// How full the store is, and how full it can be.
///
/// # Errors
/// None that its limit allows.
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
