//! Finds out whether a proxy with `role: mesh` is a waypoint.

use std::cell::Cell;

use tenancy_filter::{Filter, Peer, Role};

use crate::Attributes;
use crate::direction::leads_on;

/// The place of a proxy, known after its first request with a route.
#[derive(Debug, Default)]
pub struct Place(Cell<Option<bool>>);

impl Place {
    /// Whether the filter has `role: mesh` and the proxy is a waypoint: its inbound requests go on to services.
    ///
    /// Asks the host for direction and cluster, before any header changes, until it has seen a request with a route;
    /// calls `tell` once if the proxy is a waypoint. A failure of the host counts as no answer.
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
