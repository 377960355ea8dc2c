//! Finds sandboxes among what is deployed.

use std::collections::{BTreeMap, BTreeSet};

use super::backend::{Form, Values, Word};
use super::deployed::{Deployments, Found, Services};
use super::draft::{Deployed, Draft, Sandbox, Stable, Usual};
use super::file::STABLE;
use super::headers::Headers;
use super::plan::Backend;
use super::{Mistake, Whence};

/// How to recognise sandboxes in a cluster.
#[derive(Debug, Default)]
pub struct Search {
    /// The label that names the sandbox of a Service; `None` if their names do.
    pub label: Option<String>,
    /// Where the usual version of every service is, if that is not the Service itself.
    pub stable: Option<Stable>,
}

/// A Service that is the version of another one: that one, and the sandbox.
type Reading<'s> = (&'s Usual, String);

impl Draft {
    /// Adds the sandboxes that are deployed: `cluster` is what `kubectl get services,deployments -A -o json` prints. A
    /// sandbox that is listed already stays as it is. Without listed services all count that have a sandbox.
    ///
    /// Returns what was left out, with the reason.
    ///
    /// # Errors
    ///
    /// All that is wrong.
    pub fn add_deployed(
        &mut self,
        cluster: &str,
        search: &Search,
        headers: &Headers,
    ) -> Result<Vec<Mistake>, Vec<Mistake>> {
        let whole = Whence::default();
        let fail = |why: String| vec![whole.mistake(why)];
        let form = self.backend.clone().ok_or_else(|| fail(NO_FORM.to_owned()))?;
        let word = match form.words_of_sandbox()[..] {
            [word] => word,
            _ => return Err(fail(format!("{TWO_WORDS}; {NO_FORM}"))),
        };
        let found = Found::read(cluster).map_err(fail)?;
        let is_listed = !self.services.is_empty();
        if !is_listed {
            self.services = found.services.usual(search.stable.as_ref());
        }
        let sorting = Sorting { form: &form, word, search, headers, is_listed, services: &self.services };
        let (sandboxes, left_out) = match &form {
            Form::Service { .. } => sorting.services(&found.services)?,
            Form::Labels(labels) => (sorting.deployments(labels, &found), Vec::new()),
        };
        if !is_listed {
            self.keep_used(&sandboxes);
            found.services.check_ports(&self.services)?;
        }
        self.extend(sandboxes, word)?;
        Ok(left_out)
    }

    /// A Service without sandboxes needs no route.
    fn keep_used(&mut self, sandboxes: &Sandboxes) {
        let used: BTreeSet<_> = sandboxes.values().flatten().map(|deployed| deployed.service.clone()).collect();
        self.services.retain(|service| used.contains(&service.full_name()));
    }

    fn extend(&mut self, sandboxes: Sandboxes, word: Word) -> Result<(), Vec<Mistake>> {
        let mut names: BTreeMap<String, String> = BTreeMap::new();
        let mut mistakes = Vec::new();
        for (key, deploys) in sandboxes {
            let name = object_name(&key);
            let at = deploys.first().map(|deployed| deployed.at.clone()).unwrap_or_default();
            if name == STABLE {
                mistakes.push(at.mistake(format!(
                    "is the sandbox {key:?}, but {STABLE:?} is reserved for all other requests; {RENAME}"
                )));
            }
            if let Some(other) = names.insert(name.clone(), key.clone()) {
                mistakes.push(at.mistake(format!("{other:?} and {key:?} are both called {name}; rename one")));
            }
            if self.sandboxes.iter().any(|listed| listed.name == name) {
                continue;
            }
            let (tenant, version) = if word == Word::Tenant { (Some(key), None) } else { (None, Some(key)) };
            self.sandboxes.push(Sandbox { name, tenant, version, deploys, at });
        }
        if mistakes.is_empty() { Ok(()) } else { Err(mistakes) }
    }
}

/// What each sandbox deploys, by its tenant or version.
type Sandboxes = BTreeMap<String, Vec<Deployed>>;

/// Tells sandboxes from usual versions.
struct Sorting<'s> {
    form: &'s Form,
    word: Word,
    search: &'s Search,
    headers: &'s Headers,
    /// Whether a user listed the services, so that these and no others are the usual ones.
    is_listed: bool,
    services: &'s [Usual],
}

impl Sorting<'_> {
    fn services(&self, found: &Services) -> Result<(Sandboxes, Vec<Mistake>), Vec<Mistake>> {
        let (mut sandboxes, mut left_out, mut mistakes) = (Sandboxes::new(), Vec::new(), Vec::new());
        let usual = self.usual_backends();
        let readings: Vec<_> = found.all.iter().map(|service| self.readings(service, &usual)).collect();
        let read = found.all.iter().zip(&readings).filter(|(_, readings)| !readings.is_empty());
        let versions: BTreeSet<_> = read.map(|(service, _)| (&service.name, &service.namespace)).collect();
        for (service, readings) in found.all.iter().zip(&readings) {
            let at = Whence::resource("Service", &service.namespace, &service.name);
            let is_version = |(usual, _): &&Reading<'_>| versions.contains(&(&usual.name, &usual.namespace));
            match readings.iter().max_by_key(|(usual, _)| usual.name.len()) {
                Some((one, name)) if !self.is_listed && self.search.label.is_none() => {
                    match readings.iter().find(is_version) {
                        Some((other, other_name)) => mistakes.push(at.mistake(ambiguous(one, name, other, other_name))),
                        None => push(&mut sandboxes, one, name, at),
                    }
                }
                Some((usual, name)) => push(&mut sandboxes, usual, name, at),
                None if service.label(self.search).is_some() => left_out.push(at.mistake(NO_USUAL)),
                None => {}
            }
        }
        if mistakes.is_empty() { Ok((sandboxes, left_out)) } else { Err(mistakes) }
    }

    /// The Services for all other requests.
    fn usual_backends(&self) -> BTreeSet<Backend> {
        let values = |usual: &Usual, form: &Form| {
            form.fill(Values { service: &usual.name, namespace: &usual.namespace, tenant: None, version: None }).ok()
        };
        self.services.iter().filter_map(|usual| values(usual, usual.stable.as_ref()?)).collect()
    }

    /// Of which services it may be the version of a sandbox.
    fn readings(&self, service: &super::deployed::Service, usual: &BTreeSet<Backend>) -> Vec<Reading<'_>> {
        let backend = Backend::Service { name: service.name.clone(), namespace: service.namespace.clone() };
        let is_itself = self.is_listed && self.services.iter().any(|usual| service.is(usual));
        let label = service.label(self.search);
        if usual.contains(&backend) || is_itself || (self.search.label.is_some() && label.is_none()) {
            return Vec::new();
        }
        let reading = |usual: &'_ Usual| {
            let name = self.solve(service, usual)?;
            let is_named = label.is_none_or(|label| label == name) && self.admits(name);
            is_named.then(|| name.to_owned())
        };
        let all = self.services.iter().filter(|usual| !service.is(usual));
        all.filter_map(|usual| Some((usual, reading(usual)?))).collect()
    }

    /// The sandbox's name if the form makes this Service of a usual one.
    fn solve<'t>(&self, service: &'t super::deployed::Service, usual: &Usual) -> Option<&'t str> {
        let Form::Service { name, namespace } = self.form else { return None };
        // Most Services of a cluster have nothing to do with each other.
        if name.names_service() && !service.name.contains(&usual.name) {
            return None;
        }
        let by_name = name.solve(&service.name, &usual.name, &usual.namespace)?;
        let by_namespace = match namespace {
            Some(namespace) => namespace.solve(&service.namespace, &usual.name, &usual.namespace)?,
            None => (service.namespace == usual.namespace).then_some(None)?,
        };
        match (by_name, by_namespace) {
            (Some(one), Some(other)) => (one == other).then_some(one),
            (one, other) => one.or(other),
        }
    }

    fn deployments(&self, labels: &[(String, super::backend::Template)], found: &Found) -> Sandboxes {
        let mut sandboxes = Sandboxes::new();
        for usual in self.services {
            let Some(service) = found.services.all.iter().find(|service| service.is(usual)) else { continue };
            for (deployment, pods) in found.deployments.of(service) {
                let values =
                    labels.iter().map(|(key, template)| template.solve(pods.get(key)?, &usual.name, &usual.namespace));
                let Some(values) = values.collect::<Option<Vec<_>>>() else { continue };
                let name = values.into_iter().flatten().next().filter(|name| self.admits(name));
                if let Some(name) = name.filter(|_| !self.is_stable(usual, pods)) {
                    push(&mut sandboxes, usual, name, Whence::resource("Deployment", &service.namespace, deployment));
                }
            }
        }
        sandboxes
    }

    fn is_stable(&self, usual: &Usual, pods: &BTreeMap<String, String>) -> bool {
        let values = Values { service: &usual.name, namespace: &usual.namespace, tenant: None, version: None };
        match usual.stable.as_ref().map(|form| form.fill(values)) {
            Some(Ok(Backend::Labels(labels))) => Deployments::have(pods, &labels),
            Some(_) | None => false,
        }
    }

    fn admits(&self, name: &str) -> bool {
        let why =
            if self.word == Word::Tenant { self.headers.not_a_tenant(name) } else { self.headers.not_a_version(name) };
        why.is_none()
    }
}

fn push(sandboxes: &mut Sandboxes, usual: &Usual, name: &str, at: Whence) {
    let deploys = sandboxes.entry(name.to_owned()).or_default();
    let service = usual.full_name();
    if deploys.iter().all(|deployed| deployed.service != service) {
        deploys.push(Deployed { service, backend: None, at });
    }
}

/// A tenant or version as a part of a resource's name, which has no capitals, dots and underscores.
fn object_name(key: &str) -> String {
    key.to_ascii_lowercase().replace(['.', '_'], "-")
}

fn ambiguous(one: &Usual, name: &str, other: &Usual, other_name: &str) -> String {
    format!(
        "may be {name} of {}, or {other_name} of {}, which looks like a sandbox itself; list the stable services in a \
         file, or label the sandboxes and write --label",
        one.full_name(),
        other.full_name(),
    )
}

const NO_FORM: &str = "write where sandboxes are, with one of {tenant} and {version}: --backend '{service}-{tenant}', or \
                       `backend` in the file";
const RENAME: &str = "rename it, or say that it is not a sandbox: `stable` of the service, --stable, or --label";
const TWO_WORDS: &str = "a deployed Service names its sandbox once, but `backend` does not";
const NO_USUAL: &str = "has the label of a sandbox, but no stable Service gives its name by `backend`";
