//! The decisions of `openclaw-taas-affinity`: what a request to CloudSigma TaaS is told about its
//! owner, what a response says about its route, and what is remembered of it.
//!
//! Data flows one way. [`identity`] decides whose request it is, [`envelope`] what goes with it,
//! [`route`] reads the response, [`table`] keeps what was read, [`query`] answers questions about
//! it. Nothing here knows of Node: the binding converts, this crate decides.

pub mod envelope;
pub mod identity;
pub mod query;
pub mod route;
pub mod table;
pub mod text;
