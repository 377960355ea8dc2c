//! Whether a proxy with `role: mesh` stands where `role: waypoint` belongs.

use std::cell::Cell;

use tenancy_filter::{Filter, Peer, Role};

use crate::Attributes;
use crate::direction::leads_on;

/// Where a proxy stands, once one of its requests has told.
#[derive(Debug, Default)]
pub struct Place(Cell<Option<bool>>);

impl Place {
    /// Whether the filter has `role: mesh`, and the proxy is a waypoint: what comes in goes on to services of any name.
    ///
    /// It asks the host for direction and cluster, before any header changes, until a request with a route has told;
    /// once it finds a waypoint, it calls `tell`. A host that fails tells nothing.
    pub fn is_mistaken<A: Attributes>(&self, filter: &Filter, host: &A, tell: impl FnOnce()) -> bool {
        match filter.role(Peer::Known) {
            Role::Mesh => {}
            Role::Edge | Role::Waypoint => return false,
        }
        if let Some(known) = self.0.get() {
            return known;
        }
        let found = leads_on(host).unwrap_or(Some(false));
        self.0.set(found);
        if found == Some(true) {
            tell();
        }
        found == Some(true)
    }
}
