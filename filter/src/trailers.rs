//! The trailers of a request: nothing is read from them, and nothing written.

use crate::decision::Mutation;
use crate::events::Events;
use crate::names::Scanned;
use crate::request::{Header, Role};
use crate::rules::Rules;
use crate::write::strip;

/// Trailers whose owned names were looked up.
///
/// ```
/// use std::convert::Infallible;
///
/// use tenancy_filter::{Filter, Header, Mutation, Peer};
///
/// let filter = Filter::from_config(br#"{
///     "version": 1,
///     "role": "mesh",
///     "tenant": {"to": [{"header": "x-tenant"}]}
/// }"#)?.filter;
/// let trailers = [
///     Header { name: b"x-tenant", value: b"feat-x" },
///     Header { name: b"checksum", value: b"1" },
/// ];
/// let scan = filter.scan_trailers(&trailers, Peer::Known);
/// assert_eq!(scan.strip(|| Ok::<_, Infallible>(true), &())?, [Mutation::remove(b"x-tenant")]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct TrailerScan<'a> {
    rules: &'a Rules,
    scanned: Scanned<'a>,
}

impl<'a> TrailerScan<'a> {
    pub(crate) fn new(rules: &'a Rules, trailers: &'a [Header<'a>]) -> Self {
        let mut scan = Self { rules, scanned: Scanned::default() };
        rules.names.scan(trailers, &mut scan.scanned);
        scan
    }

    /// What to remove: at an edge everything that is ours, and on an outbound listener of the mesh and at a waypoint our
    /// context.
    ///
    /// Nobody reads a context from trailers, and when they come the host no longer tells the authority. So it does not
    /// matter whether the request leaves the mesh. `is_outbound` is asked under `role: mesh` alone, and only if there is
    /// something of ours.
    ///
    /// # Errors
    /// What `is_outbound` says.
    pub fn strip<E>(
        &self,
        is_outbound: impl FnOnce() -> Result<bool, E>,
        events: &impl Events,
    ) -> Result<Vec<Mutation<'_>>, E> {
        let lines = self.scanned.lines();
        if lines.owned.is_empty() {
            return Ok(Vec::new());
        }
        let Some(withholding) = &self.rules.withholding else {
            let mutations = strip::strip_trailers(&lines);
            strip::record(&mutations, events);
            return Ok(mutations);
        };
        let goes_out = match self.rules.role {
            Role::Edge | Role::Mesh => is_outbound()?,
            Role::Waypoint => true,
        };
        Ok(if goes_out { withholding.withhold(&lines, events) } else { Vec::new() })
    }
}
