//! The kinds of resources that routes are written as.

use serde_json::Value;

use super::plan::Plan;
use super::{Mistake, gateway_api, istio, match_tree, resource};

/// What routes are written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RouteKind {
    /// HTTPRoutes of the Gateway API.
    HttpRoutes,
    /// VirtualServices and DestinationRules of Istio.
    VirtualServices,
    /// EnvoyFilters of Istio with a match tree, for hosts of a gateway.
    MatchTree,
}

impl RouteKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::HttpRoutes, Self::VirtualServices, Self::MatchTree];

    /// The resources, by kind, namespace and name.
    ///
    /// # Errors
    ///
    /// What this kind cannot say.
    pub fn resources(self, plan: &Plan) -> Result<Vec<Value>, Vec<Mistake>> {
        let mut resources = match self {
            Self::HttpRoutes => gateway_api::http_routes(plan)?,
            Self::VirtualServices => istio::virtual_services(plan),
            Self::MatchTree => match_tree::match_trees(plan)?,
        };
        resource::sort(&mut resources);
        let long: Vec<_> = resources.iter().filter_map(resource::too_long).collect();
        if long.is_empty() { Ok(resources) } else { Err(long) }
    }
}
