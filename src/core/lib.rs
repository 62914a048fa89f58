//! The decisions of `openclaw-taas-affinity`: what a request to CloudSigma TaaS is told about its
//! owner, what a response says about its route, and what is remembered of it.
//!
//! Data flows one way. [`identity`] decides whose request it is, in its [`surroundings`] and by the
//! forms of [`agent`]; [`envelope`] decides what goes with the request; [`wrapper`] is both, for
//! the binding. [`response`] and [`route`] read the response, [`store`] keeps what was read, [`ask`] answers
//! questions about it. Nothing here knows of Node
//! or of git: the binding converts, this crate decides.

pub mod agent;
pub mod ask;
pub mod doctor;
pub mod envelope;
pub mod identity;
pub mod response;
pub mod route;
pub mod store;
pub mod surroundings;
pub mod text;
pub mod usage;
pub mod wrapper;
