//! Which authorities belong to the mesh.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use crate::bytes::text::cut;
use crate::read::host::host;
use crate::request::Passage;

/// Domains of the mesh beside Kubernetes' own: lower-case, each of one or more labels.
#[derive(Debug, Default)]
pub(crate) struct Internal(pub(crate) Vec<Box<str>>);

/// Where an authority lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Mesh,
    Beyond,
    /// `foo.ns` is a service and `example.com` is none; the route's cluster may tell.
    Unclear,
}

impl Internal {
    /// What stands before the longest such domain in a host, without the dot; empty where the host is the domain itself.
    pub(crate) fn before<'h>(&self, host: &'h [u8]) -> Option<&'h [u8]> {
        self.0.iter().filter_map(|domain| before(host, domain)).min_by_key(|head| head.len())
    }

    /// Names of one label, of Kubernetes' services and of these domains are the mesh's, and so are addresses.
    pub(crate) fn place(&self, authority: &[u8]) -> Place {
        let Some(host) = host(authority) else {
            return if is_v6(authority) { Place::Mesh } else { Place::Beyond };
        };
        let is_service = before(host, "svc").or_else(|| before(host, "svc.cluster.local")).is_some();
        match host.split(|byte| *byte == b'.').count() {
            1 => Place::Mesh,
            _ if is_service || self.before(host).is_some() || is::<Ipv4Addr>(host) => Place::Mesh,
            2 => Place::Unclear,
            _ => Place::Beyond,
        }
    }

    /// Whether a request to this authority leaves the mesh.
    pub(crate) fn leaves(&self, authority: &[u8], passage: Passage<'_>) -> bool {
        let Passage::Outbound { cluster } = passage else { return false };
        match self.place(authority) {
            Place::Mesh => false,
            Place::Beyond => true,
            Place::Unclear => self.cluster_is_beyond(cluster),
        }
    }

    /// Whether a cluster of Istio's (`outbound|PORT|SUBSET|HOST`) lies beyond; one that tells nothing does not.
    fn cluster_is_beyond(&self, cluster: &[u8]) -> bool {
        let mut parts = cluster.split(|byte| *byte == b'|');
        match (parts.next(), parts.nth(2)) {
            (Some(b"PassthroughCluster"), _) => true,
            (Some(b"outbound"), Some(host)) => self.place(host) != Place::Mesh,
            _ => false,
        }
    }
}

fn before<'h>(host: &'h [u8], domain: &str) -> Option<&'h [u8]> {
    let (head, tail) = host.split_at_checked(host.len().checked_sub(domain.len())?)?;
    let head = if head.is_empty() { Some(head) } else { head.strip_suffix(b".") };
    head.filter(|_| tail.eq_ignore_ascii_case(domain.as_bytes()))
}

/// Whether an authority is an IPv6 literal (RFC 3986 §3.2.2), with a port or without.
fn is_v6(authority: &[u8]) -> bool {
    let Some((address, rest)) = authority.strip_prefix(b"[").map(|rest| cut(rest, b"]")) else { return false };
    rest.is_some_and(is_port) && is::<Ipv6Addr>(address)
}

fn is<Address: FromStr>(text: &[u8]) -> bool {
    std::str::from_utf8(text).is_ok_and(|text| text.parse::<Address>().is_ok())
}

/// Whether this is what may follow an address: nothing, or a port.
fn is_port(text: &[u8]) -> bool {
    match text {
        [b':', port @ ..] => port.iter().all(u8::is_ascii_digit),
        other => other.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_the_mesh_from_what_lies_beyond() {
        let internal = Internal(vec!["corp.example.org".into(), "lan".into()]);
        for (authority, place) in [
            ("foo", Place::Mesh),
            ("foo:8080", Place::Mesh),
            ("Foo.", Place::Mesh),
            ("foo.ns.svc", Place::Mesh),
            ("foo.svc", Place::Mesh),
            ("foo.ns.SVC.Cluster.Local.:80", Place::Mesh),
            ("pod-0.foo.ns.svc.cluster.local", Place::Mesh),
            ("10.0.0.1", Place::Mesh),
            ("10.0.0.1:80", Place::Mesh),
            ("[::1]:80", Place::Mesh),
            ("[2001:db8::1]", Place::Mesh),
            ("[2001:db8::1]:", Place::Mesh),
            ("corp.example.org", Place::Mesh),
            ("Foo.Corp.Example.Org:443", Place::Mesh),
            ("foo.lan", Place::Mesh),
            ("foo.ns", Place::Unclear),
            ("example.com", Place::Unclear),
            ("foosvc.ns", Place::Unclear),
            ("10.1", Place::Unclear),
            ("xcorp.example.org", Place::Beyond),
            ("corp.example.org.evil.io", Place::Beyond),
            ("foo.ns.svc.cluster.local.io", Place::Beyond),
            ("api.example.com", Place::Beyond),
            ("1.2.3", Place::Beyond),
            ("256.0.0.1", Place::Beyond),
            ("", Place::Beyond),
            ("foo@example.com", Place::Beyond),
            ("[::1", Place::Beyond),
            ("[::1].example.com", Place::Beyond),
            ("[::1]8080", Place::Beyond),
            ("[foo]", Place::Beyond),
        ] {
            assert_eq!(internal.place(authority.as_bytes()), place, "{authority}");
        }
    }

    #[test]
    fn the_cluster_decides_where_the_name_does_not() {
        let internal = Internal(vec!["lan".into()]);
        for (authority, cluster, expected) in [
            ("foo.ns", "outbound|80||foo.ns.svc.cluster.local", false),
            ("foo.ns", "outbound|80|v1|foo.lan", false),
            ("example.com", "outbound|443||example.com", true),
            ("example.com", "PassthroughCluster", true),
            ("example.com", "BlackHoleCluster", false),
            ("foo.ns", "", false),
            ("foo.ns", "some_cluster", false),
            ("foo.ns", "outbound|80", false),
            ("foo", "PassthroughCluster", false),
            ("api.example.com", "outbound|80||foo.ns.svc.cluster.local", true),
        ] {
            let leaves = |passage| internal.leaves(authority.as_bytes(), passage);
            assert_eq!(leaves(Passage::Outbound { cluster: cluster.as_bytes() }), expected, "{authority} {cluster}");
            assert!(!leaves(Passage::Inbound) && !leaves(Passage::Unknown), "{authority} {cluster}");
        }
    }
}
