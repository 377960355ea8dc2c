//! Local answers to a request.

use std::fmt;

use crate::decision::Refusal;

/// What a request is answered with, in place of its upstream.
///
/// It displays as its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The configuration refuses the request.
    Refused(Refusal),
    /// The request follows a share link; boxed, because few do.
    Redirected(Box<Redirect>),
}

/// The target of a share link, on the same host, and the cookie that it sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirect {
    /// The value of `Location` (RFC 9110 §10.2.2): a path that begins with exactly one slash, and its query, all of it
    /// visible ASCII.
    pub location: Vec<u8>,
    /// The value of `Set-Cookie` (RFC 6265 §4.1).
    pub cookie: String,
}

impl Answer {
    /// The HTTP status: 400, because the request is what has to change, or 302.
    pub fn status(&self) -> u32 {
        match self {
            Self::Refused(_) => 400,
            Self::Redirected(_) => 302,
        }
    }

    /// The header lines, in lower case, beside those that the host adds.
    pub fn headers(&self) -> Vec<(&'static str, &[u8])> {
        match self {
            Self::Refused(_) => Vec::new(),
            Self::Redirected(redirect) => vec![
                ("location", &redirect.location),
                ("set-cookie", redirect.cookie.as_bytes()),
                ("cache-control", b"no-store"),
            ],
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refusal) => refusal.fmt(f),
            Self::Redirected(_) => Ok(()),
        }
    }
}

impl std::error::Error for Answer {}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}
