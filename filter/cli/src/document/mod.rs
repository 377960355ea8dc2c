//! The plugin configurations of a file, wherever they stand in it.

mod configuration;
mod find;
mod kind;
mod node;
mod place;
mod scalar;

pub use find::{Documents, Found, LeftOut, find};
pub use kind::Kind;
pub use node::NotYaml;
pub use place::Place;

#[cfg(test)]
mod tests;
