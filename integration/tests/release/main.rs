//! A release: what it refuses to be made of, and which compiler makes it.

mod refusals;
mod toolchain;
