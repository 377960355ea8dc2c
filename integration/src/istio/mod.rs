//! Scenarios on Istio: the configuration that istiod pushes for a folder of manifests, on stock Envoys.
//!
//! Where `PILOT_DISCOVERY` names an istiod, [`Mesh::live`] runs it from files, and [`Mesh::record`] keeps what it
//! pushed. Everywhere else [`Mesh::replay`] gives the same Envoys a [`Recording`].

mod agent;
mod folders;
mod istiod;
pub(crate) mod manifests;
mod mesh;
mod plumbing;
mod recording;
mod replay;
mod resources;
mod routes;
mod scenario;
mod shipped;
mod site;
mod stale;
mod table;
mod waypoint;

pub(crate) use resources::Resources;
pub(crate) use scenario::line;
pub(crate) use shipped::kustomized;

pub use istiod::Istiod;
pub use mesh::Mesh;
pub use recording::Recording;
pub use scenario::{Outcome, Row, Scenario};
pub use shipped::{Shipped, kustomized_with};
pub use waypoint::WAYPOINTS;
