//! The decisions of `openclaw-taas-affinity`: what a request to CloudSigma TaaS is told about its
//! owner, what a response says about its route, and what is remembered of it.
//!
//! Data flows one way. [`identity`] decides whose request it is, [`repo`] and [`hints`] look at the
//! workspace's repository, [`envelope`] decides what goes with the request,
//! [`route`] reads the response, [`table`] keeps what was read, [`query`] answers questions about
//! it. Nothing here knows of Node: the binding converts, this crate decides.

pub mod envelope;
pub mod hints;
pub mod identity;
pub mod query;
pub mod repo;
pub mod route;
pub mod table;
pub mod text;
