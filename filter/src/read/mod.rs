//! What a request says: which sources are believed, and what they name.

pub(crate) mod carried;
pub(crate) mod evidence;
pub(crate) mod host;
pub(crate) mod issuer;
pub(crate) mod link;
pub(crate) mod overrides;
pub(crate) mod pieces;
pub(crate) mod source;
pub(crate) mod tenant;
