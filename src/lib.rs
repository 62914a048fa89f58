//! The Node binding of `openclaw-taas-affinity`: it converts between JavaScript and
//! [`taas_affinity`], and decides nothing.
//!
//! Every function is synchronous. A panic becomes a JavaScript error at this boundary, so that no
//! fault in here can take the gateway down; `native.d.ts` documents what JavaScript sees.

#![expect(clippy::needless_pass_by_value, reason = "napi hands arguments over by value")]

use napi_derive::napi;

// Public, since a test build exports nothing to Node, and would call all of it unused.
pub mod call;
mod convert;
pub mod gateway;
pub mod store;

/// The number of the interface between JavaScript and this addon, as `native.d.ts` has it. It is
/// raised with every change that JavaScript written for another number could not live with: an
/// image stays in the process for good, and may meet the JavaScript of a later version.
const INTERFACE: u32 = 9;

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

/// Panics, so that a test of the built binary can see that a panic reaches JavaScript as an error.
///
/// # Panics
/// Always.
#[napi(catch_unwind)]
pub fn self_test_panic() {
    panic!("a panic on purpose");
}
