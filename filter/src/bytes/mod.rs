//! Bytes, before they mean anything.

pub(crate) mod grammar;
pub(crate) mod percent;
pub(crate) mod search;
pub(crate) mod text;
