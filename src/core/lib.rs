//! The decisions of `openclaw-taas-affinity`, without Node, files and git.
//!
//! Data flows one way. [`identity`] decides who a request belongs to, from its [`surroundings`] and with [`agent`] ids.
//! [`envelope`] makes the headers and metadata of the request. [`requester`] combines both for the binding. [`route`]
//! reads the response and [`usage`] the token counts. [`store`] keeps both. [`ask`] answers queries, and [`doctor`] adds
//! its checks.

pub mod agent;
pub mod ask;
pub mod doctor;
pub mod envelope;
pub mod identity;
pub mod requester;
pub mod route;
pub mod store;
pub mod surroundings;
pub mod text;
pub mod usage;
