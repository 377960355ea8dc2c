//! The shipped gateway on a real Envoy, when something goes wrong or somebody means harm.

mod capabilities;
mod crash;
mod denied;
mod filter_config;
mod gateway;
mod remote;
mod reroute;
