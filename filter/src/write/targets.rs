//! Where a context is written: headers and baggage keys.

use std::borrow::Cow;

use crate::baggage::Key;
use crate::bytes::text::same;
use crate::context::Context;
use crate::decision::Mutation;
use crate::names::{Field, HeaderName, Lines};
use crate::read::overrides::{Format, Overrides};
use crate::read::tenant::Tenant;

/// Where the tenant is written.
#[derive(Debug, Default)]
pub(crate) struct TenantTargets {
    pub(crate) headers: Vec<(HeaderName, Field)>,
    pub(crate) baggage: Vec<Key>,
}

/// Where the overrides are written.
#[derive(Debug, Default)]
pub(crate) struct OverrideTargets {
    pub(crate) headers: Vec<(HeaderName, Field, Format)>,
    pub(crate) baggage: Option<Key>,
}

impl TenantTargets {
    /// Whether tenants travel here, and this request has none.
    pub(crate) fn lack(&self, context: &Context<'_>) -> bool {
        context.tenant.is_none() && !(self.headers.is_empty() && self.baggage.is_empty())
    }

    /// Writes the tenant into each header.
    pub(crate) fn write<'a>(&'a self, lines: &Lines<'a>, tenant: Option<&Tenant<'a>>, out: &mut Vec<Mutation<'a>>) {
        for (name, field) in &self.headers {
            out.extend(set_line(lines, name, *field, tenant.map(Tenant::name)));
        }
    }
}

impl OverrideTargets {
    /// Whether overrides travel here, and this request has none.
    pub(crate) fn lack(&self, context: &Context<'_>) -> bool {
        context.overrides.is_empty() && !(self.headers.is_empty() && self.baggage.is_none())
    }

    /// Writes the overrides into each header, in its format.
    pub(crate) fn write<'a>(&'a self, lines: &Lines<'a>, overrides: &Overrides<'a>, out: &mut Vec<Mutation<'a>>) {
        for (name, field, format) in &self.headers {
            out.extend(set_line(lines, name, *field, overrides.line(format).map(Cow::Owned)));
        }
    }
}

/// The change that leaves one line of a header with this value, or none without a value; `None` if it is so already.
pub(crate) fn set_line<'a>(
    lines: &Lines<'a>,
    name: &'a str,
    field: Field,
    value: Option<Cow<'a, [u8]>>,
) -> Option<Mutation<'a>> {
    let name = name.as_bytes();
    let mut present = lines.values(field);
    match (present.next(), present.next(), value) {
        (None, _, None) => None,
        (Some(line), None, Some(value)) if same(line, &value) => None,
        (_, _, Some(value)) => Some(Mutation::Set { name, value }),
        (Some(_), _, None) => Some(Mutation::remove(name)),
    }
}
