//! The routes, independent of the kind of resource.

use std::collections::BTreeMap;

use super::Whence;

/// All routes.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What it is called; each resource begins with it.
    pub name: String,
    /// Where hosts come in; `None` if no service has a host.
    pub gateway: Option<Gateway>,
    /// Whether calls between services are routed, too.
    pub mesh: bool,
    /// The DNS domain of the cluster, without dots at its ends.
    pub domain: String,
    /// By namespace and name; each once.
    pub services: Vec<Service>,
}

/// A gateway.
#[derive(Clone, Debug)]
pub struct Gateway {
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// The port of its listener, if it is said.
    pub port: Option<u16>,
    /// The labels of its pods, which may be none.
    pub labels: BTreeMap<String, String>,
    pub(super) at: Whence,
}

/// A service, and who is led elsewhere.
#[derive(Clone, Debug)]
pub struct Service {
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// Its port.
    pub port: u16,
    /// Its hosts at the gateway; empty if the gateway does not route to it.
    pub hosts: Vec<String>,
    /// Under which path of them; `/` for all.
    pub path: String,
    /// Where all others go.
    pub stable: Backend,
    /// By name of the sandbox; each once.
    pub detours: Vec<Detour>,
    pub(super) at: Whence,
}

/// A sandbox's version of a service.
#[derive(Clone, Debug)]
pub struct Detour {
    /// The sandbox.
    pub sandbox: String,
    /// Where it is.
    pub backend: Backend,
    /// What a call from inside the mesh has to have: one of these.
    pub mesh: Vec<Match>,
    /// The same of a request at the gateway.
    pub gateway: Vec<Match>,
    pub(super) at: Whence,
}

/// A header that has a value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Match {
    /// One that names the version of a service. It counts before the tenant.
    Version {
        /// Its name.
        header: String,
        /// Its whole value.
        value: String,
    },
    /// One that names the tenant.
    Tenant {
        /// Its name.
        header: String,
        /// Its whole value.
        value: String,
    },
}

/// Where requests go.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Backend {
    /// To a Service, at the port of the usual one.
    Service {
        /// Its name.
        name: String,
        /// Its namespace.
        namespace: String,
    },
    /// To those pods of the usual Service that have these labels.
    Labels(BTreeMap<String, String>),
}

impl Plan {
    /// The hosts of the gateway, in order, each list with its services: the longest path first.
    pub(super) fn hosts(&self) -> Vec<(&Gateway, &[String], Vec<&Service>)> {
        let Some(gateway) = &self.gateway else { return Vec::new() };
        let mut hosts: BTreeMap<&[String], Vec<&Service>> = BTreeMap::new();
        for service in self.services.iter().filter(|service| !service.hosts.is_empty()) {
            hosts.entry(&service.hosts).or_default().push(service);
        }
        for services in hosts.values_mut() {
            services.sort_by_key(|service| (std::cmp::Reverse(service.path.len()), &service.path));
        }
        hosts.into_iter().map(|(hosts, services)| (gateway, hosts, services)).collect()
    }
}

impl Match {
    pub(super) fn header(&self) -> &str {
        match self {
            Self::Version { header, .. } | Self::Tenant { header, .. } => header,
        }
    }

    pub(super) fn value(&self) -> &str {
        match self {
            Self::Version { value, .. } | Self::Tenant { value, .. } => value,
        }
    }
}

impl Detour {
    pub(super) fn matches(&self, side: super::Side) -> &[Match] {
        match side {
            super::Side::Mesh => &self.mesh,
            super::Side::Gateway => &self.gateway,
        }
    }
}

impl Service {
    /// The detours, once for each match: those by version first, then by name.
    pub(super) fn ranked(&self, side: super::Side) -> Vec<(&Match, &Detour)> {
        let all = self.detours.iter().flat_map(|detour| detour.matches(side).iter().map(move |it| (it, detour)));
        let mut all: Vec<_> = all.collect();
        all.sort_by_key(|(it, detour)| (matches!(it, Match::Tenant { .. }), &detour.sandbox));
        all
    }
}
