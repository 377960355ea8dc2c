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

/// The destination of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Destination {
    Inside,
    Outside,
    /// `foo.ns` is a service and `example.com` is not; the route's cluster may decide.
    Unclear,
}

impl MeshDomains {
    /// The part of a host before the domain of a cluster; `None` if the host is in none.
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

    /// Whether a request to this destination leaves the mesh. Who calls a workload of the mesh by a name of the world,
    /// as through an ingress gateway, reaches a waypoint too; so there the cluster counts more.
    pub(crate) fn leaves(&self, destination: Destination, direction: Direction<'_>) -> bool {
        let is_outside = |cluster| self.cluster_is_outside(cluster);
        match (direction, destination) {
            (Direction::Unspecified | Direction::Inbound, _) | (_, Destination::Inside) => false,
            (Direction::Outbound { .. }, Destination::Outside) => true,
            (Direction::Through { cluster }, Destination::Outside) => is_outside(cluster).unwrap_or(true),
            (Direction::Outbound { cluster } | Direction::Through { cluster }, Destination::Unclear) => {
                is_outside(cluster).unwrap_or(false)
            }
        }
    }

    /// Whether a cluster of Istio's lies outside: `outbound|PORT|SUBSET|HOST`, `inbound-vip|PORT|SUBSET|HOST` at a
    /// waypoint, or there `encap`, which is a workload by its address. `None` if its name does not tell.
    fn cluster_is_outside(&self, cluster: &[u8]) -> Option<bool> {
        let mut parts = cluster.split(|byte| *byte == b'|');
        match (parts.next(), parts.nth(2)) {
            _ if cluster == b"encap" => Some(false),
            (Some(b"PassthroughCluster"), _) => Some(true),
            (Some(b"outbound" | b"inbound-vip"), Some(host)) => {
                Some(self.destination(Authority::parse(host)) != Destination::Inside)
            }
            _ => None,
        }
    }
}

/// The part of a host before the longest of some domains.
fn before_longest<'h>(host: &'h [u8], domains: &[Box<str>]) -> Option<&'h [u8]> {
    domains.iter().filter_map(|domain| before(host, domain)).min_by_key(|head| head.len())
}

/// The part of a host before a domain, without the dot; empty if the host is the domain itself.
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

    fn all_are(destination: Destination, authorities: &[&str]) {
        let mesh = domains(&["cluster.local", "k8s.lab"], &["corp.example.org", "lan"]);
        for authority in authorities {
            assert_eq!(mesh.destination(Authority::parse(authority.as_bytes())), destination, "{authority}");
        }
    }

    #[test]
    fn services_addresses_and_domains_of_ours_are_inside() {
        all_are(
            Destination::Inside,
            &[
                "foo",
                "foo:8080",
                "Foo.",
                "foo.ns.svc",
                "foo.svc",
                "foo.ns.SVC.Cluster.Local.:80",
                "pod-0.foo.ns.svc.cluster.local",
                "foo.ns.svc.k8s.lab:80",
                "svc.k8s.lab",
                "10.0.0.1",
                "10.0.0.1:80",
                "[::1]:80",
                "[2001:db8::1]",
                "[2001:db8::1]:",
                "corp.example.org",
                "Foo.Corp.Example.Org:443",
                "foo.lan",
            ],
        );
    }

    #[test]
    fn other_names_are_outside() {
        all_are(
            Destination::Outside,
            &[
                "foo.ns.k8s.lab",
                "foo.nssvc.k8s.lab",
                "xcorp.example.org",
                "corp.example.org.evil.io",
                "foo.ns.svc.cluster.local.io",
                "api.example.com",
                "1.2.3",
                "256.0.0.1",
                "",
                "foo@example.com",
                "[::1",
                "[::1].example.com",
                "[::1]8080",
                "[foo]",
            ],
        );
    }

    #[test]
    fn a_name_of_two_labels_is_unclear() {
        all_are(Destination::Unclear, &["k8s.lab", "foo.ns", "example.com", "foosvc.ns", "10.1"]);
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

    #[test]
    fn at_a_waypoint_the_cluster_counts_more_than_a_name_of_the_world() {
        let mesh = domains(&["k8s.lab"], &["lan"]);
        for (authority, cluster, expected) in [
            ("www.example.com", "inbound-vip|80|http|foo.ns.svc.k8s.lab", false),
            ("www.example.com", "inbound-vip|80|http/v1|foo.lan", false),
            ("www.example.com", "outbound|80||foo.ns.svc.k8s.lab", false),
            ("www.example.com", "encap", false),
            ("www.example.com", "inbound-vip|443|http|www.example.com", true),
            ("www.example.com", "inbound-vip|80|http|foo.ns.svc.cluster.local", true),
            ("www.example.com", "", true),
            ("www.example.com", "some_cluster", true),
            ("example.com", "inbound-vip|443|http|example.com", true),
            ("foo.ns", "inbound-vip|80|http|foo.ns.svc.k8s.lab", false),
            ("foo.ns", "", false),
            ("foo", "inbound-vip|443|http|www.example.com", false),
        ] {
            let direction = Direction::Through { cluster: cluster.as_bytes() };
            let destination = mesh.destination(Authority::parse(authority.as_bytes()));
            assert_eq!(mesh.leaves(destination, direction), expected, "{authority} {cluster}");
        }
    }
}
