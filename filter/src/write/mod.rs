//! What a request says from here on: what is removed, withheld and written.

pub(crate) mod destinations;
pub(crate) mod projection;
pub(crate) mod strip;
pub(crate) mod targets;
pub(crate) mod withhold;
