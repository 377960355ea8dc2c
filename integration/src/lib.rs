//! What the filter must show: the table of cases and its runners, scenarios on Istio, and what tests of real Envoys
//! share. Everything of [`playground`] is here too.

pub mod cases;
mod discovery;
pub mod envoy_gateway;
pub mod istio;
mod keys;
pub mod markdown;
pub mod runners;
pub mod text;
pub mod tls;
pub mod token;
mod trapping_module;
mod vectors;
pub mod wasm_host;

pub use discovery::Discovery;
pub use keys::Keys;
pub use playground::*;
pub use trapping_module::trapping_module;
pub use vectors::{KeyPair, RefusedSeal, Seals, ValidSeal, seals, vectors};
