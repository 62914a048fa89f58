//! The decisions of `openclaw-taas-affinity`, without Node, files and git.
//!
//! Data flows one way. [`identity`] decides who a request belongs to, from its [`surroundings`] and with [`agent`] ids.
//! [`envelope`] makes the headers and metadata of the request. [`wrapper`] combines both for the binding. [`response`]
//! and [`route`] read the response, and [`usage`] the token counts. [`store`] keeps them. [`ask`] answers queries, and
//! [`doctor`] adds its checks.

pub mod agent;
pub mod ask;
pub mod doctor;
pub mod envelope;
pub mod identity;
mod latency;
mod metrics;
mod numbers;
mod page;
pub mod response;
pub mod route;
pub mod store;
pub mod surroundings;
pub mod text;
pub mod usage;
pub mod wrapper;
