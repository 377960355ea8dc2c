//! Projections: the version of one service as a scalar, for routes that match it exactly.

use std::borrow::Cow;

use crate::mesh::MeshDomains;
use crate::names::{Field, HeaderName};
use crate::read::overrides::Overrides;

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

impl Projection {
    /// The version that the overrides choose for the service, which may be the one that this host names.
    pub(crate) fn version<'a>(
        &self,
        host: Option<&'a [u8]>,
        overrides: &Overrides<'a>,
        mesh: &MeshDomains,
    ) -> Option<Cow<'a, [u8]>> {
        match &self.service {
            Service::Named(name) => overrides.version(name.as_bytes()),
            Service::Called => {
                let (qualified, name) = called(host?, mesh)?;
                overrides.version(qualified).or_else(|| overrides.version(name))
            }
        }
    }
}

/// The service that a name of the mesh calls, with its namespace where it is told, and without.
///
/// `foo`, `foo.ns`, `foo.ns.svc`, `foo.ns.svc.cluster.local` (Kubernetes, "DNS for Services and Pods"), and
/// `foo` in a configured domain.
fn called<'h>(host: &'h [u8], mesh: &MeshDomains) -> Option<(&'h [u8], &'h [u8])> {
    if let Some(name) = mesh.before(host) {
        return (!name.is_empty() && !name.contains(&b'.')).then_some((name, name));
    }
    let is = |label: Option<&[u8]>, name: &[u8]| label.is_none_or(|label| label.eq_ignore_ascii_case(name));
    let mut labels = host.split(|byte| *byte == b'.');
    let name = labels.next().filter(|label| !label.is_empty())?;
    let namespace = labels.next();
    let in_mesh = is(labels.next(), b"svc")
        && match labels.next() {
            None => true,
            cluster => is(cluster, b"cluster") && labels.next().is_some_and(|label| is(Some(label), b"local")),
        };
    let ends = labels.next().is_none();
    let qualified =
        namespace.map_or(name.len(), |namespace| name.len().saturating_add(namespace.len()).saturating_add(1));
    (in_mesh && ends).then_some((host.get(..qualified)?, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_the_mesh_calls_a_service() {
        let mesh = MeshDomains(vec!["corp.example.org".into()]);
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
            ("foo.ns.corp.example.org", None),
            ("corp.example.org", None),
        ] {
            let expected = expected.map(|(qualified, name)| (qualified.as_bytes(), name.as_bytes()));
            assert_eq!(called(host.as_bytes(), &mesh), expected, "{host}");
        }
    }
}
