//! Projections: the version of one service as a scalar, for routes that match it exactly.

use std::borrow::Cow;

use crate::events::Events;
use crate::mesh::MeshDomains;
use crate::names::{Field, HeaderName};
use crate::read::overrides::{Call, Overrides};

/// A header that holds the version of one service.
#[derive(Debug)]
pub(crate) struct Projection {
    pub(crate) header: HeaderName,
    pub(crate) field: Field,
    pub(crate) service: Service,
}

/// Which service.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Service {
    /// The one that the authority names.
    Called,
    /// One by name.
    Named(Box<str>),
}

impl Service {
    /// `None` for the called one.
    pub(crate) fn name(&self) -> Option<&str> {
        match self {
            Self::Called => None,
            Self::Named(name) => Some(name),
        }
    }
}

impl Projection {
    /// The version that the overrides choose for a call to the service, which may be the one that this host names.
    pub(crate) fn version<'a>(
        &self,
        host: Option<&'a [u8]>,
        overrides: &Overrides<'a>,
        mesh: &MeshDomains,
        call: &Call<'_>,
        events: &dyn Events,
    ) -> Option<Cow<'a, [u8]>> {
        match &self.service {
            Service::Named(name) => overrides.version(name.as_bytes(), call, events),
            Service::Called => version_of_called(host, overrides, mesh, call, events),
        }
    }
}

/// The version that the overrides choose for a call to the service that this host names.
pub(crate) fn version_of_called<'a>(
    host: Option<&[u8]>,
    overrides: &Overrides<'a>,
    mesh: &MeshDomains,
    call: &Call<'_>,
    events: &dyn Events,
) -> Option<Cow<'a, [u8]>> {
    let (qualified, name) = called(host?, mesh)?;
    let version = |service| overrides.version(service, call, events);
    let has_namespace = qualified.len() > name.len();
    version(qualified).or_else(|| if has_namespace { version(name) } else { None })
}

/// The service that a name of the mesh calls, with its namespace where it is told, and without.
///
/// `foo`, `foo.ns` or `foo.ns.svc`, alone or in a domain of `internal`; or `foo.ns.svc` in the domain of a cluster
/// (Kubernetes, "DNS for Services and Pods").
pub(crate) fn called<'h>(host: &'h [u8], mesh: &MeshDomains) -> Option<(&'h [u8], &'h [u8])> {
    let is_full = |head: &&[u8]| head.split(|byte| *byte == b'.').count() == 3;
    let full = mesh.before_cluster(host).filter(is_full).and_then(service);
    full.or_else(|| service(mesh.before_internal(host).unwrap_or(host)))
}

/// The names of the service in `foo`, `foo.ns` or `foo.ns.svc`; `None` if it is anything else.
fn service(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut labels = text.split(|byte| *byte == b'.');
    let name = labels.next().filter(|label| !label.is_empty())?;
    let namespace = labels.next().map_or(0, |namespace| namespace.len().saturating_add(1));
    let ends = labels.next().is_none_or(|label| label.eq_ignore_ascii_case(b"svc")) && labels.next().is_none();
    let qualified = text.get(..name.len().saturating_add(namespace))?;
    ends.then_some((qualified, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_the_mesh_calls_a_service() {
        let mesh = MeshDomains {
            clusters: vec!["cluster.local".into(), "k8s.lab".into(), "lab".into()],
            internal: vec!["example.org".into(), "corp.example.org".into(), "ns.svc.k8s.lab".into()],
        };
        for (host, expected) in [
            ("foo", Some(("foo", "foo"))),
            ("foo.ns", Some(("foo.ns", "foo"))),
            ("foo.ns.svc", Some(("foo.ns", "foo"))),
            ("Foo.ns.SVC.cluster.Local", Some(("Foo.ns", "Foo"))),
            ("", None),
            (".ns", None),
            ("foo.ns.pod", None),
            ("foo.ns.svc.cluster", None),
            ("foo.ns.svc.cluster.local.io", None),
            ("foo.ns.svc.example.com", None),
            ("www.example.com", None),
            ("10.0.0.1", None),
            ("foo.corp.example.org", Some(("foo", "foo"))),
            ("foo.ns.corp.example.org", Some(("foo.ns", "foo"))),
            ("foo.ns.SVC.Corp.example.org", Some(("foo.ns", "foo"))),
            ("foo.ns.pod.corp.example.org", None),
            ("a.foo.ns.svc.corp.example.org", None),
            ("foo.ns.svc.k8s.lab", Some(("foo.ns", "foo"))),
            ("foo.ns.svc.lab", Some(("foo.ns", "foo"))),
            ("foo.ns.k8s.lab", None),
            ("foo.svc.cluster.local", None),
            ("foo.k8s.lab", None),
            ("corp.example.org", None),
        ] {
            let expected = expected.map(|(qualified, name)| (qualified.as_bytes(), name.as_bytes()));
            assert_eq!(called(host.as_bytes(), &mesh), expected, "{host}");
        }
    }
}
