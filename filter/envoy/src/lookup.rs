//! What can be looked up of a request where nothing is remembered.

use tenancy_filter::{Lookup, Recalled, Route, TraceId};

use crate::Attributes;
use crate::direction::route;

/// The route of a request alone. A route that cannot be read is none.
pub struct RouteAlone<'h, A>(pub &'h A);

impl<A: Attributes> Lookup for RouteAlone<'_, A> {
    fn recall(&mut self, _: &TraceId) -> Recalled {
        Recalled::Unknown
    }

    fn route(&mut self) -> Option<Route> {
        route(self.0).unwrap_or_default()
    }
}
