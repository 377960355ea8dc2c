//! Which authorities belong to the mesh.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use crate::bytes::text::cut;
use crate::read::host::Authority;
use crate::request::Direction;

/// Domains of the mesh: lower-case, each of one or more labels.
#[derive(Debug)]
pub(crate) struct MeshDomains {
    /// Those of Kubernetes' clusters, in which `foo.ns.svc` is a service.
    pub(crate) clusters: Vec<Box<str>>,
    /// Further ones, each with all names in it.
    pub(crate) internal: Vec<Box<str>>,
}

/// Where a request goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Destination {
    Inside,
    Outside,
    /// `foo.ns` is a service and `example.com` is none; the route's cluster may tell.
    Unclear,
}

impl MeshDomains {
    /// What stands before the domain of a cluster in a host; `None` if it is in none.
    pub(crate) fn before_cluster<'h>(&self, host: &'h [u8]) -> Option<&'h [u8]> {
        before_longest(host, &self.clusters)
    }

    /// The same before a domain of `internal`.
    pub(crate) fn before_internal<'h>(&self, host: &'h [u8]) -> Option<&'h [u8]> {
        before_longest(host, &self.internal)
    }

    /// Names of one label, of Kubernetes' services and of these domains are the mesh's, and so are addresses.
    pub(crate) fn destination(&self, authority: Authority<'_>) -> Destination {
        match authority.host {
            Some(host) => self.destination_of_host(host),
            None if is_v6(authority.text) => Destination::Inside,
            None => Destination::Outside,
        }
    }

    fn destination_of_host(&self, host: &[u8]) -> Destination {
        let is_service = before(self.before_cluster(host).unwrap_or(host), "svc").is_some();
        match host.split(|byte| *byte == b'.').count() {
            1 => Destination::Inside,
            _ if is_service || self.before_internal(host).is_some() || is::<Ipv4Addr>(host) => Destination::Inside,
            2 => Destination::Unclear,
            _ => Destination::Outside,
        }
    }

    /// Whether a request to this destination leaves the mesh.
    pub(crate) fn leaves(&self, destination: Destination, direction: Direction<'_>) -> bool {
        match (direction, destination) {
            (Direction::Unspecified | Direction::Inbound, _) | (_, Destination::Inside) => false,
            (Direction::Outbound { .. }, Destination::Outside) => true,
            (Direction::Outbound { cluster }, Destination::Unclear) => self.cluster_is_outside(cluster),
        }
    }

    /// Whether a cluster of Istio's (`outbound|PORT|SUBSET|HOST`) lies outside; `false` if its name does not tell.
    fn cluster_is_outside(&self, cluster: &[u8]) -> bool {
        let mut parts = cluster.split(|byte| *byte == b'|');
        match (parts.next(), parts.nth(2)) {
            (Some(b"PassthroughCluster"), _) => true,
            (Some(b"outbound"), Some(host)) => self.destination(Authority::parse(host)) != Destination::Inside,
            _ => false,
        }
    }
}

/// What stands before the longest of some domains in a host.
fn before_longest<'h>(host: &'h [u8], domains: &[Box<str>]) -> Option<&'h [u8]> {
    domains.iter().filter_map(|domain| before(host, domain)).min_by_key(|head| head.len())
}

/// What stands before a domain in a host, without the dot; empty if the host is the domain itself.
fn before<'h>(host: &'h [u8], domain: &str) -> Option<&'h [u8]> {
    let (head, tail) = host.split_at_checked(host.len().checked_sub(domain.len())?)?;
    let head = if head.is_empty() { Some(head) } else { head.strip_suffix(b".") };
    if tail.eq_ignore_ascii_case(domain.as_bytes()) { head } else { None }
}

/// Whether an authority is an IPv6 literal (RFC 3986 §3.2.2), with a port or without.
fn is_v6(authority: &[u8]) -> bool {
    let Some((address, rest)) = authority.strip_prefix(b"[").map(|rest| cut(rest, b"]")) else { return false };
    rest.is_some_and(is_port) && is::<Ipv6Addr>(address)
}

fn is<Address: FromStr>(text: &[u8]) -> bool {
    std::str::from_utf8(text).is_ok_and(|text| text.parse::<Address>().is_ok())
}

/// Whether this may follow an address: a port, or no text at all.
fn is_port(text: &[u8]) -> bool {
    match text {
        [b':', port @ ..] => port.iter().all(u8::is_ascii_digit),
        other => other.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn domains(clusters: &[&str], internal: &[&str]) -> MeshDomains {
        let [clusters, internal] = [clusters, internal].map(|names| names.iter().map(|name| (*name).into()).collect());
        MeshDomains { clusters, internal }
    }

    #[test]
    fn tells_the_mesh_from_what_lies_outside() {
        let mesh = domains(&["cluster.local", "k8s.lab"], &["corp.example.org", "lan"]);
        for (authority, destination) in [
            ("foo", Destination::Inside),
            ("foo:8080", Destination::Inside),
            ("Foo.", Destination::Inside),
            ("foo.ns.svc", Destination::Inside),
            ("foo.svc", Destination::Inside),
            ("foo.ns.SVC.Cluster.Local.:80", Destination::Inside),
            ("pod-0.foo.ns.svc.cluster.local", Destination::Inside),
            ("foo.ns.svc.k8s.lab:80", Destination::Inside),
            ("svc.k8s.lab", Destination::Inside),
            ("foo.ns.k8s.lab", Destination::Outside),
            ("foo.nssvc.k8s.lab", Destination::Outside),
            ("k8s.lab", Destination::Unclear),
            ("10.0.0.1", Destination::Inside),
            ("10.0.0.1:80", Destination::Inside),
            ("[::1]:80", Destination::Inside),
            ("[2001:db8::1]", Destination::Inside),
            ("[2001:db8::1]:", Destination::Inside),
            ("corp.example.org", Destination::Inside),
            ("Foo.Corp.Example.Org:443", Destination::Inside),
            ("foo.lan", Destination::Inside),
            ("foo.ns", Destination::Unclear),
            ("example.com", Destination::Unclear),
            ("foosvc.ns", Destination::Unclear),
            ("10.1", Destination::Unclear),
            ("xcorp.example.org", Destination::Outside),
            ("corp.example.org.evil.io", Destination::Outside),
            ("foo.ns.svc.cluster.local.io", Destination::Outside),
            ("api.example.com", Destination::Outside),
            ("1.2.3", Destination::Outside),
            ("256.0.0.1", Destination::Outside),
            ("", Destination::Outside),
            ("foo@example.com", Destination::Outside),
            ("[::1", Destination::Outside),
            ("[::1].example.com", Destination::Outside),
            ("[::1]8080", Destination::Outside),
            ("[foo]", Destination::Outside),
        ] {
            assert_eq!(mesh.destination(Authority::parse(authority.as_bytes())), destination, "{authority}");
        }
    }

    #[test]
    fn the_cluster_decides_where_the_name_does_not() {
        let mesh = domains(&["k8s.lab"], &["lan"]);
        for (authority, cluster, expected) in [
            ("foo.ns", "outbound|80||foo.ns.svc.k8s.lab", false),
            ("foo.ns", "outbound|80||foo.ns.svc.cluster.local", true),
            ("foo.ns", "outbound|80|v1|foo.lan", false),
            ("example.com", "outbound|443||example.com", true),
            ("example.com", "PassthroughCluster", true),
            ("example.com", "BlackHoleCluster", false),
            ("foo.ns", "", false),
            ("foo.ns", "some_cluster", false),
            ("foo.ns", "outbound|80", false),
            ("foo", "PassthroughCluster", false),
            ("api.example.com", "outbound|80||foo.ns.svc.k8s.lab", true),
        ] {
            let leaves = |direction| mesh.leaves(mesh.destination(Authority::parse(authority.as_bytes())), direction);
            assert_eq!(leaves(Direction::Outbound { cluster: cluster.as_bytes() }), expected, "{authority} {cluster}");
            assert!(!leaves(Direction::Inbound) && !leaves(Direction::Unspecified), "{authority} {cluster}");
        }
    }
}
