//! The shipped gateway on a real Envoy, when something goes wrong or somebody means harm.

mod crash;
mod gateway;
mod reroute;
