//! The Node binding of `openclaw-taas-affinity`: it converts between JavaScript and
//! [`taas_affinity`], and decides nothing.
//!
//! Every function is synchronous. At this boundary, a panic becomes a JavaScript error, so that no fault can end the
//! gateway. `native.d.ts` contains this documentation for JavaScript.

#![expect(clippy::needless_pass_by_value, reason = "napi hands arguments over by value")]

use napi_derive::napi;

// The modules are public, because a test build exports nothing to Node and would call them unused.
pub mod call;
mod convert;
pub mod gateway;
pub mod observed;
pub mod probe;

/// The number of the interface between JavaScript and this addon. Raise it with every incompatible change. A loaded addon
/// stays in the process, and may meet the JavaScript of a later version.
const INTERFACE: u32 = 11;

/// The number of the interface between JavaScript and this addon.
#[napi(catch_unwind)]
#[must_use]
pub fn interface_number() -> u32 {
    INTERFACE
}

/// The version of the package that this binary was built for.
#[napi(catch_unwind)]
#[must_use]
pub fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

/// Panics. A test of the built binary uses this to check that a panic becomes a JavaScript error.
///
/// # Panics
/// Always.
#[napi(catch_unwind)]
pub fn self_test_panic() {
    panic!("a panic on purpose");
}
