//! What the filter does on real Envoys, a file for each thing that is to be seen there. One program, because each more
//! links all that drives an Envoy once more.

mod beyond_the_request;
mod configuration;
mod counters;
mod debug;
mod destinations;
mod edge;
mod http3;
mod manifests;
mod mirrors;
mod monitoring;
mod past_the_edge;
mod peers;
mod redirects;
mod releases;
mod repair;
mod safety;
mod seal;
mod straight_line;
mod token;
mod tracing;
mod tunnel;
mod updates;
mod vectors;
mod without_wasm;
