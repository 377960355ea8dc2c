//! What travels with a request.

use std::borrow::Cow;

use crate::read::overrides::{Format, Overrides};
use crate::read::tenant::Tenant;

/// The separator between tenant and overrides in an encoded context; neither may contain it.
pub(crate) const SEPARATOR: u8 = b'\n';

/// What a request carries.
#[derive(Debug, Default)]
pub(crate) struct Context<'a> {
    pub(crate) tenant: Option<Tenant<'a>>,
    pub(crate) overrides: Overrides<'a>,
    pub(crate) seal: Standing<'a>,
}

/// The relation of a context to seals.
#[derive(Debug, Default)]
pub(crate) enum Standing<'a> {
    /// There is no seal, or the configuration needs none.
    #[default]
    Unsealed,
    /// No seal is valid; one of them travels on if that is only counted.
    Refused(Option<Cow<'a, [u8]>>),
    /// The context is that of this seal.
    Sealed(Cow<'a, [u8]>),
}

impl Context<'_> {
    /// Whether it has neither tenant nor overrides.
    pub(crate) fn is_empty(&self) -> bool {
        self.tenant.is_none() && self.overrides.is_empty()
    }

    /// As bytes: the tenant, and the overrides as the canonical line.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.tenant.as_ref().map(|tenant| tenant.name().into_owned()).unwrap_or_default();
        bytes.push(SEPARATOR);
        bytes.extend(self.overrides.line(&Format::CANONICAL).unwrap_or_default());
        bytes
    }
}

impl<'a> Standing<'a> {
    /// The seal that travels on.
    pub(crate) fn text(&self) -> Option<Cow<'a, [u8]>> {
        match self {
            Self::Unsealed => None,
            Self::Refused(text) => text.clone(),
            Self::Sealed(text) => Some(text.clone()),
        }
    }

    /// The seal of the context; `None` if it has none.
    pub(crate) fn valid(&self) -> Option<&[u8]> {
        match self {
            Self::Unsealed | Self::Refused(_) => None,
            Self::Sealed(text) => Some(text),
        }
    }
}
