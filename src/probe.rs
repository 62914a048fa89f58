//! The repository probe of a wrapper's workspace.

use napi::bindgen_prelude::External;
use napi_derive::napi;

use crate::call::Wrapper;

/// A reason for missing repository hints. It is for the log only, because it can contain a path.
#[napi(object, object_from_js = false)]
pub struct Complaint {
    /// The consequence for requests.
    pub consequence: String,
    /// The cause and the remedy.
    pub reason: String,
}

/// Starts a probe of the workspace's repository on another thread and never waits. Does nothing while a probe runs or its
/// result is fresh. Returns the new reasons for missing hints, or `null`. One process returns reasons for at most 64 workspaces.
#[napi(catch_unwind)]
#[must_use]
pub fn probe(wrapper: &External<Wrapper>) -> Option<Vec<Complaint>> {
    wrapper.probe();
    let complaints = taas_affinity_repo::complaints().into_iter();
    let complaints: Vec<_> = complaints
        .map(|complaint| Complaint { consequence: complaint.consequence, reason: complaint.reason })
        .collect();
    (!complaints.is_empty()).then_some(complaints)
}
