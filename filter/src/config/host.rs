//! A `host` of `tenant.from`.

use crate::bytes::text::cut;
use crate::events::TenantKind;
use crate::read::host::{HostPattern, HostPlace, HostRule, is_tenant_label};
use crate::read::source::Source;
use crate::read::tenant::TenantPlace;

use super::draft::Draft;
use super::node::{Entry, Node};

pub(super) fn read(
    entry: &Entry<'_, TenantKind>,
    earlier: &[Source<TenantPlace>],
    draft: &mut Draft,
) -> Option<HostRule> {
    let node = &entry.place;
    let except = entry.object.field("except").map_or(Vec::new(), |names| read_except(&names));
    let of = match entry.object.field("of") {
        Some(header) => draft.owned.host(&header)?,
        None => HostPlace::Authority,
    };
    let text = node.text()?;
    let pattern = HostPattern::parse(text).map_err(|why| node.mistake(format!("{text:?} {why}"))).ok()?;
    warn_if_never_asked(node, text, of, earlier);
    Some(HostRule { pattern, except, of })
}

/// Names that are not tenants of a host.
fn read_except(names: &Node<'_>) -> Vec<Box<str>> {
    if names.value.as_array().is_some_and(Vec::is_empty) {
        names.mistake("is empty; leave it out, or name what is no tenant, as in [www]");
    }
    let read = |entry: &Node<'_>| {
        let name = entry.text()?;
        if !is_tenant_label(name.as_bytes()) {
            entry.expected("a name that a host could give, of letters, digits and hyphens, as in www");
        }
        Some(name.to_ascii_lowercase().into())
    };
    names.list().iter().filter_map(read).collect()
}

fn warn_if_never_asked(node: &Node<'_>, text: &str, of: HostPlace, earlier: &[Source<TenantPlace>]) {
    // An example host of this pattern: a pattern that matches it matches all hosts of this one.
    let (before, after) = cut(text.as_bytes(), b"{tenant}");
    let mut host = [before, b"0-any-tenant-0", after.unwrap_or_default()].concat();
    host.iter_mut().filter(|byte| **byte == b'*').for_each(|byte| *byte = b'z');
    let is_fitted = |earlier: &HostRule| earlier.of == of && earlier.pattern.tenant(&host).is_some();
    let fits = |source: &&Source<TenantPlace>| source.place.host().is_some_and(is_fitted);
    if let Some(Source { origin, .. }) = earlier.iter().find(fits) {
        node.warn(format!(
            "is never asked, because tenant.from[{}] fits every such host; put it before that, or leave it out",
            origin.index
        ));
    }
}
