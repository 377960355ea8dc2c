//! The list of sandboxes, as a user writes it.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use crate::document::{Content, Place, parse};

use super::backend::Form;
use super::draft::{Deployed, Draft, Sandbox, Usual};
use super::plan::Gateway;
use super::reading::{At, Notes};
use super::{LABEL, Mistake, Whence, in_lower_case, is_label};

/// What a set of routes is called if it has no name.
const NAME: &str = "tenancy";

const FIELDS: [&str; 6] = ["name", "gateway", "mesh", "backend", "services", "sandboxes"];
const GATEWAY: [&str; 4] = ["name", "namespace", "port", "labels"];
const SERVICE: [&str; 6] = ["name", "namespace", "port", "hosts", "path", "stable"];
const SANDBOX: [&str; 4] = ["name", "tenant", "version", "deploys"];
const DEPLOYED: [&str; 2] = ["service", "backend"];

/// The longest host (RFC 1123 §2.1).
const MAX_HOST: usize = 253;

impl Draft {
    /// Reads a list of sandboxes: one document of YAML, or JSON.
    ///
    /// # Errors
    ///
    /// All that is wrong.
    pub fn read(text: &str) -> Result<Self, Vec<Mistake>> {
        let notes = Notes { text, mistakes: RefCell::default() };
        let (documents, broken) = parse(text);
        if let Some(broken) = broken {
            let at = Whence { place: Some(broken.place), path: String::new() };
            return Err(vec![at.mistake(format!("is not YAML: {}", broken.message))]);
        }
        let draft = match documents.as_slice() {
            [node] => draft(&At { node: node.clone(), path: String::new(), notes: &notes }),
            _ => {
                let at = Whence { place: Some(Place::of(text, 0..0)), path: String::new() };
                let message =
                    format!("holds {} documents; write one, with `services` and `sandboxes`", documents.len());
                return Err(vec![at.mistake(message)]);
            }
        };
        match (draft, notes.mistakes.into_inner()) {
            (Some(draft), mistakes) if mistakes.is_empty() => Ok(draft),
            (_, mut mistakes) => {
                mistakes.sort_by_key(|mistake| mistake.at.place.as_ref().map(|place| place.bytes.start));
                Err(mistakes)
            }
        }
    }
}

fn draft(at: &At<'_>) -> Option<Draft> {
    if !at.is_object(&FIELDS, "{services: [{name: shop, namespace: shop, port: 8080}]}") {
        return None;
    }
    let name = at.field("name").and_then(|name| name.admitted(label)).unwrap_or_else(|| NAME.to_owned());
    let gateway = at.field("gateway").and_then(|gateway| self::gateway(&gateway));
    let mesh = at.field("mesh").and_then(|mesh| mesh.flag()).unwrap_or(true);
    let backend = at.field("backend").and_then(|backend| form(&backend));
    let example = "[{name: shop, namespace: shop, port: 8080}]";
    let listed = at.required("services", &format!("write {example}"))?;
    let services = listed.entries(example);
    if services.is_empty() && matches!(listed.node.content, Content::List(_)) {
        listed.refuse(format!("is empty; write the services that have versions in sandboxes, as in {example}"));
    }
    let services: Vec<_> = services.iter().filter_map(service).collect();
    let example = "[{name: feat-x, tenant: feat-x, deploys: [shop]}]";
    let sandboxes = at.field("sandboxes").map_or_else(Vec::new, |sandboxes| sandboxes.entries(example));
    let sandboxes: Vec<_> = sandboxes.iter().filter_map(sandbox).collect();
    refuse_repeats(at, &services, &sandboxes);
    let is_entered = services.iter().any(|service| !service.hosts.is_empty());
    if is_entered && at.field("gateway").is_none() {
        at.required("gateway", "services have hosts, so write {name: gateway, namespace: istio-ingress}");
    }
    if !mesh && !is_entered {
        at.refuse("routes nothing: `mesh` is false, and no service has `hosts`; give one of them `hosts`, or leave `mesh` out");
    }
    Some(Draft { name, gateway, mesh, backend, services, sandboxes })
}

fn gateway(at: &At<'_>) -> Option<Gateway> {
    let example = "{name: gateway, namespace: istio-ingress}";
    if !at.is_object(&GATEWAY, example) {
        return None;
    }
    let part = |name| at.required(name, &format!("write {example}"))?.admitted(label);
    let (name, namespace) = (part("name"), part("namespace"));
    let port = at.field("port").and_then(|port| port.port());
    let labels = at.field("labels").map(|labels| self::labels(&labels)).unwrap_or_default();
    Some(Gateway { name: name?, namespace: namespace?, port, labels, at: at.whence() })
}

fn labels(at: &At<'_>) -> BTreeMap<String, String> {
    let names: Vec<_> = at.node.fields().iter().filter_map(|(key, _)| key.text()).collect();
    if names.is_empty() {
        at.refuse("has no labels; write the labels of the gateway's pods, as in {istio: ingressgateway}");
    }
    let value = |name: &&str| Some(((*name).to_owned(), at.field(name)?.text()?));
    names.iter().filter_map(value).collect()
}

fn service(at: &At<'_>) -> Option<Usual> {
    let example = "{name: shop, namespace: shop, port: 8080}";
    if !at.is_object(&SERVICE, example) {
        return None;
    }
    let required = |name| at.required(name, &format!("write {example}"));
    let part = |name| required(name)?.admitted(label);
    let (name, namespace) = (part("name"), part("namespace"));
    let port = required("port").and_then(|port| port.port());
    let hosts = at.field("hosts").map_or_else(Vec::new, |hosts| hosts.entries("[www.example.com]"));
    let hosts: Vec<_> = hosts.iter().filter_map(|host| host.admitted(self::host)).collect();
    let path = at.field("path").and_then(|path| path.admitted(self::path)).unwrap_or_else(|| "/".to_owned());
    if let (Some(path), None) = (at.field("path"), at.field("hosts")) {
        path.refuse("has no meaning without a host; add `hosts`, or leave `path` out");
    }
    let stable = at.field("stable").and_then(|stable| self::stable(&stable));
    Some(Usual { name: name?, namespace: namespace?, port: port?, hosts, path, stable, at: at.whence() })
}

fn sandbox(at: &At<'_>) -> Option<Sandbox> {
    let example = "{name: feat-x, tenant: feat-x, deploys: [shop]}";
    if !at.is_object(&SANDBOX, example) {
        return None;
    }
    let name = at.required("name", &format!("write {example}")).and_then(|name| {
        name.admitted(|name| {
            label(name)
                .or((name == STABLE).then(|| format!("{STABLE:?} is reserved for all other requests; rename it")))
        })
    });
    let text = |name| at.field(name).and_then(|field| field.text());
    let (tenant, version) = (text("tenant"), text("version"));
    let is_absent = |name| at.field(name).is_none() && !at.is_misspelt(name);
    if is_absent("tenant") && is_absent("version") {
        at.refuse("names neither a `tenant` nor a `version`, so no request reaches it; write one, or both");
    }
    let deploys = at.required("deploys", "write the names of its services, as in [shop]")?;
    let entries = deploys.entries("[shop]");
    if entries.is_empty() && matches!(deploys.node.content, Content::List(_)) {
        deploys.refuse("is empty; write the names of its services, as in [shop], or remove the sandbox");
    }
    let deploys = entries.iter().filter_map(deployed).collect();
    Some(Sandbox { name: name?, tenant, version, deploys, at: at.whence() })
}

/// What the routes of everybody else are called.
pub(super) const STABLE: &str = "stable";

fn deployed(at: &At<'_>) -> Option<Deployed> {
    if at.node.text().is_some() {
        return Some(Deployed { service: at.text()?, backend: None, at: at.whence() });
    }
    let example = "{service: shop, backend: shop-feat-x}";
    if !at.is_object(&DEPLOYED, example) {
        return None;
    }
    let service = at.required("service", &format!("write {example}")).and_then(|service| service.text());
    let backend = at.field("backend").and_then(|backend| form(&backend));
    Some(Deployed { service: service?, backend, at: at.whence() })
}

fn form(at: &At<'_>) -> Option<Form> {
    Form::parse(&at.text()?).map_err(|why| at.refuse(why)).ok()
}

fn stable(at: &At<'_>) -> Option<Form> {
    let form = form(at)?;
    if form.words_of_sandbox().is_empty() {
        return Some(form);
    }
    at.refuse("names a sandbox by {tenant} or {version}; write where all other requests go, as in \"shop-stable\"");
    None
}

fn refuse_repeats(at: &At<'_>, services: &[Usual], sandboxes: &[Sandbox]) {
    let refuse = |known: &mut BTreeSet<String>, name: String, again: &Whence| {
        if !known.insert(name.clone()) {
            at.notes.mistakes.borrow_mut().push(again.mistake(format!("{name} occurs here twice; keep one")));
        }
    };
    let mut known = BTreeSet::new();
    services.iter().for_each(|service| refuse(&mut known, service.full_name(), &service.at));
    let mut known = BTreeSet::new();
    sandboxes.iter().for_each(|sandbox| refuse(&mut known, sandbox.name.clone(), &sandbox.at));
    let mut known = BTreeSet::new();
    for service in services {
        let differs = |other: &&Usual| {
            service.hosts != other.hosts && service.hosts.iter().any(|host| other.hosts.contains(host))
        };
        if let Some(other) = services.iter().find(differs) {
            let message = format!("shares some of its `hosts` with {}, but not all; write the same list", other.name);
            at.notes.mistakes.borrow_mut().push(service.at.mistake(message));
        }
        for host in &service.hosts {
            refuse(&mut known, format!("{host}{}", service.path), &service.at);
        }
    }
}

fn label(text: &str) -> Option<String> {
    (!is_label(text)).then(|| format!("{text:?} is not a valid name; write {LABEL}{}", in_lower_case(text)))
}

fn host(text: &str) -> Option<String> {
    let labels = text.strip_prefix("*.").unwrap_or(text);
    let is_host = labels.contains('.') && labels.split('.').all(is_label) && text.len() <= MAX_HOST;
    (!is_host).then(|| {
        format!(
            "{text:?} is not a host; write a full name in lower case, as in \"www.example.com\" or \"*.example.com\""
        )
    })
}

fn path(text: &str) -> Option<String> {
    let is_inner = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    let has_dots = text.split('/').any(|part| part == "." || part == "..");
    let is_path = text.starts_with('/') && !text.contains("//") && text.bytes().all(is_inner) && !has_dots;
    let is_bare = text == "/" || !text.ends_with('/');
    (!is_path || !is_bare || text.len() > 1024)
        .then(|| format!("{text:?} is not a path; write its prefix, without a slash at the end, as in \"/cart\""))
}
