//! The plugin configurations anywhere in a file.

mod configuration;
mod find;
mod kind;
mod node;
mod place;
mod read;
mod scalar;

pub use find::{Documents, Found, LeftOut, find};
pub(crate) use find::{KUSTOMIZATIONS, resource_name};
pub use kind::Kind;
pub(crate) use node::{Content, Node};
pub use place::Place;
pub use read::NotYaml;
pub(crate) use read::parse;

#[cfg(test)]
mod tests;
