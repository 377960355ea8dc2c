//! Sandboxes as somebody listed them, or as they were found, before anybody knows which header leads to them.

use std::collections::{BTreeMap, BTreeSet};

use super::backend::{Form, Values};
use super::headers::{Headers, Side};
use super::plan::{Backend, Detour, Gateway, Match, Plan, Service};
use super::{Mistake, Whence};

/// Services, sandboxes, and the places of their versions.
#[derive(Debug)]
pub struct Draft {
    pub(super) name: String,
    pub(super) gateway: Option<Gateway>,
    pub(super) mesh: bool,
    /// Where the version of a service is, unless a sandbox says otherwise.
    pub(super) backend: Option<Form>,
    pub(super) services: Vec<Usual>,
    pub(super) sandboxes: Vec<Sandbox>,
}

/// A service in its usual version.
#[derive(Clone, Debug)]
pub(super) struct Usual {
    pub(super) name: String,
    pub(super) namespace: String,
    pub(super) port: u16,
    pub(super) hosts: Vec<String>,
    pub(super) path: String,
    /// Where its usual version is; `None` if it is the Service itself.
    pub(super) stable: Option<Form>,
    pub(super) at: Whence,
}

#[derive(Debug)]
pub(super) struct Sandbox {
    pub(super) name: String,
    pub(super) tenant: Option<String>,
    pub(super) version: Option<String>,
    pub(super) deploys: Vec<Deployed>,
    pub(super) at: Whence,
}

/// A sandbox's version of a service.
#[derive(Clone, Debug)]
pub(super) struct Deployed {
    /// The service, as `NAME` or `NAME.NAMESPACE`.
    pub(super) service: String,
    /// Where it is, if this is said here.
    pub(super) backend: Option<Form>,
    pub(super) at: Whence,
}

impl Draft {
    /// Without a list: the deployed versions, found by the form.
    ///
    /// # Errors
    ///
    /// Returns why the form is invalid.
    pub fn of_backend(name: &str, backend: &str, stable: Option<&str>) -> Result<(Self, Option<Stable>), String> {
        let stable = stable.map(Form::parse).transpose()?.map(Stable);
        let backend = Some(Form::parse(backend)?);
        let (services, sandboxes) = (Vec::new(), Vec::new());
        Ok((Self { name: name.to_owned(), gateway: None, mesh: true, backend, services, sandboxes }, stable))
    }

    /// Why `backend` does not distinguish versions: it leads several of them to one place. `None` if it does.
    pub fn undivided(&self) -> Option<String> {
        let form = self.backend.as_ref()?;
        let mut places = BTreeSet::new();
        let versions = self.sandboxes.iter().flat_map(|it| it.deploys.iter().map(move |deployed| (it, deployed)));
        for (sandbox, deployed) in versions.filter(|(_, deployed)| deployed.backend.is_none()) {
            let Some(usual) = self.find(&deployed.service).ok().and_then(|index| self.services.get(index)) else {
                continue;
            };
            let Ok(backend) = form.fill(usual.values(sandbox)) else { continue };
            // Labels choose among the pods of one Service.
            let service = matches!(backend, Backend::Labels(_)).then(|| usual.full_name());
            if !places.insert((backend, service)) {
                return Some(format!("leads {} of {} to the place of another version", usual.name, sandbox.name));
            }
        }
        None
    }

    /// The routes, with the headers that lead to each sandbox.
    ///
    /// # Errors
    ///
    /// All that is wrong.
    pub fn plan(mut self, headers: &Headers) -> Result<Plan, Vec<Mistake>> {
        self.services.sort_by(|one, other| (&one.namespace, &one.name).cmp(&(&other.namespace, &other.name)));
        self.sandboxes.sort_by(|one, other| one.name.cmp(&other.name));
        let mut mistakes = Vec::new();
        let mut detours: BTreeMap<usize, Vec<Detour>> = BTreeMap::new();
        for sandbox in &self.sandboxes {
            mistakes.extend(misnamed(sandbox, headers));
            for deployed in &sandbox.deploys {
                match self.detour(sandbox, deployed, headers) {
                    Ok((service, detour)) => detours.entry(service).or_default().push(detour),
                    Err(mistake) => mistakes.push(mistake),
                }
            }
        }
        let mut services = Vec::new();
        for (index, usual) in self.services.iter().enumerate() {
            match usual.service(detours.remove(&index).unwrap_or_default()) {
                Ok(service) => services.push(service),
                Err(mistake) => mistakes.push(mistake),
            }
        }
        mistakes.extend(services.iter().flat_map(clashes));
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        let Self { name, gateway, mesh, .. } = self;
        Ok(Plan { name, gateway, mesh, domain: headers.domain.clone(), services })
    }

    fn detour(&self, sandbox: &Sandbox, deployed: &Deployed, headers: &Headers) -> Result<(usize, Detour), Mistake> {
        let refuse = |why: String| deployed.at.mistake(why);
        let index = self.find(&deployed.service).map_err(refuse)?;
        let usual = self.services.get(index).ok_or_else(|| refuse("is not a service".into()))?;
        let form = deployed.backend.as_ref().or(self.backend.as_ref()).ok_or_else(|| refuse(NO_BACKEND.into()))?;
        let backend = form.fill(usual.values(sandbox)).map_err(refuse)?;
        let matches = |side| sandbox.matches(side, usual, headers).map_err(|why| sandbox.at.mistake(why));
        let mesh = if self.mesh { matches(Side::Mesh)? } else { Vec::new() };
        let gateway = if usual.hosts.is_empty() { Vec::new() } else { matches(Side::Gateway)? };
        Ok((index, Detour { sandbox: sandbox.name.clone(), backend, mesh, gateway, at: deployed.at.clone() }))
    }

    /// The service that a sandbox means, by `NAME` or `NAME.NAMESPACE`.
    fn find(&self, service: &str) -> Result<usize, String> {
        let is_meant = |usual: &Usual| usual.name == service || usual.full_name() == service;
        let mut meant = self.services.iter().enumerate().filter(|(_, usual)| is_meant(usual));
        match (meant.next(), meant.next()) {
            (Some((index, _)), None) => Ok(index),
            (Some((_, one)), Some((_, other))) => {
                Err(format!("{service:?} may be {} or {}; write one of them", one.full_name(), other.full_name()))
            }
            (None, _) => {
                let known: Vec<_> = self.services.iter().map(|usual| usual.name.as_str()).collect();
                let meant = tenancy_filter::nearest(service, &known);
                let meant = meant.map_or(String::new(), |known| format!("did you mean {known}? "));
                Err(format!("{service:?} is not one of the services; {meant}list it under `services` first"))
            }
        }
    }
}

const NO_BACKEND: &str = "does not say where the sandbox's version is; give the file a `backend`, as in \
                          \"{service}-{tenant}\", or write {service: NAME, backend: NAME} here";

/// Where the usual version of every service is.
#[derive(Debug)]
pub struct Stable(pub(super) Form);

impl Usual {
    pub(super) fn full_name(&self) -> String {
        format!("{}.{}", self.name, self.namespace)
    }

    fn values<'v>(&'v self, sandbox: &'v Sandbox) -> Values<'v> {
        let Sandbox { tenant, version, .. } = sandbox;
        Values {
            service: &self.name,
            namespace: &self.namespace,
            tenant: tenant.as_deref(),
            version: version.as_deref(),
        }
    }

    fn service(&self, detours: Vec<Detour>) -> Result<Service, Mistake> {
        let Self { name, namespace, port, hosts, path, stable, at } = self.clone();
        let values = Values { service: &name, namespace: &namespace, tenant: None, version: None };
        let own = || Ok(Backend::Service { name: name.clone(), namespace: namespace.clone() });
        let stable = stable.map_or_else(own, |form| form.fill(values)).map_err(|why| at.mistake(why))?;
        let has_labels = detours.iter().any(|detour| matches!(detour.backend, Backend::Labels(_)));
        let is_itself = stable == own().map_err(|why: String| at.mistake(why))?;
        if has_labels && is_itself {
            return Err(at.mistake(format!(
                "stable: missing; the Service {name} has the pods of its sandboxes, too, so write the labels of the usual \
                 ones, as in \"version=stable\""
            )));
        }
        Ok(Service { name, namespace, port, hosts, path, stable, detours, at })
    }
}

impl Sandbox {
    fn matches(&self, side: Side, usual: &Usual, headers: &Headers) -> Result<Vec<Match>, String> {
        let version = self.version.iter().map(|version| headers.version(side, &usual.name, version));
        let tenant = self.tenant.iter().map(|tenant| headers.tenant(side, tenant));
        version.chain(tenant).collect()
    }
}

fn misnamed(sandbox: &Sandbox, headers: &Headers) -> Vec<Mistake> {
    let tenant = sandbox.tenant.as_ref().and_then(|tenant| headers.not_a_tenant(tenant));
    let version = sandbox.version.as_ref().and_then(|version| headers.not_a_version(version));
    tenant.into_iter().chain(version).map(|why| sandbox.at.mistake(why)).collect()
}

/// Sandboxes between which no header decides, and services that are deployed twice in one.
fn clashes(service: &Service) -> Vec<Mistake> {
    let mut taken: BTreeMap<&Match, &str> = BTreeMap::new();
    let mut mistakes = Vec::new();
    for detour in &service.detours {
        for it in detour.mesh.iter().chain(&detour.gateway) {
            match taken.insert(it, &detour.sandbox) {
                Some(other) if other != detour.sandbox => mistakes.push(detour.at.mistake(format!(
                    "{}: {} leads to the sandbox {other} already; give one of the two another tenant or version",
                    it.header(),
                    it.value(),
                ))),
                Some(_) | None => {}
            }
        }
    }
    let mut sandboxes: Vec<_> = service.detours.iter().map(|detour| (&detour.sandbox, detour)).collect();
    sandboxes.sort_by_key(|(name, _)| *name);
    let twice = sandboxes.windows(2).filter(|pair| matches!(pair, [(one, _), (other, _)] if one == other));
    let twice = twice.filter_map(|pair| pair.last()).map(|(name, detour)| {
        detour.at.mistake(format!("the sandbox {name} deploys {} twice; keep one", service.name))
    });
    mistakes.extend(twice);
    mistakes.dedup();
    mistakes
}
