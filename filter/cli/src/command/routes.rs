//! `tenancy routes`.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use annotate_snippets::Renderer;
use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use tenancy::routes::{Draft, Headers, Mistake, Named, Plan, RouteKind, Search, Unwanted, to_yaml, unwanted};

use tenancy::{Found, Source};

use super::Problem;
use super::instances::{self, configurations};
use super::snippet::mistake;
use super::words::Format;

/// Writes routes for sandboxes, if you cannot patch Envoy.
///
/// A FILE lists the sandboxes, or the command finds the deployed ones (--deployed), or both. Each route matches one
/// exact header that the filter writes; all other requests go to the stable version. The same input gives the same
/// bytes.
///
/// docs/routes.md describes FILE.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// A list of services and sandboxes; `-` is stdin
    #[arg(value_name = "FILE", required_unless_present = "deployed")]
    file: Option<PathBuf>,
    /// What to write
    #[arg(long, value_enum, default_value = "http-routes")]
    kind: Kind,
    /// Configurations of the filter, which give the headers: manifests, folders, or `-`; default: x-tenant and
    /// x-version
    #[arg(short, long, visible_alias = "configuration", value_name = "FILE")]
    config: Vec<PathBuf>,
    /// The output of `kubectl get services,deployments -A -o json`, to find sandboxes in; `-` is stdin
    #[arg(long, value_name = "FILE")]
    deployed: Option<PathBuf>,
    /// Without FILE: where a sandbox's version of a service runs: {service}-{tenant}, {service}.{tenant},
    /// version={version}, …
    #[arg(long, value_name = "FORM", conflicts_with = "file", requires = "deployed")]
    backend: Option<String>,
    /// Without FILE: where its stable version runs, if that is not the Service itself: {service}-stable,
    /// version=stable, …
    #[arg(long, value_name = "FORM", conflicts_with = "file", requires = "deployed")]
    stable: Option<String>,
    /// Only Services with this label are sandboxes; its value is the tenant or version
    #[arg(long, value_name = "KEY", requires = "deployed")]
    label: Option<String>,
    /// Print the routes that no sandbox needs any more, from the output of `kubectl get … -l
    /// app.kubernetes.io/managed-by=tenancy-filter -A -o json`
    #[arg(long, value_name = "FILE")]
    prune: Option<PathBuf>,
    /// `text` is YAML, with --prune the arguments of each `kubectl delete`; `json` is a List for `kubectl -f -`
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

const EXAMPLES: &str = "\
Examples:
  tenancy routes sandboxes.yaml | kubectl apply -f -
  tenancy routes --kind virtual-services -c wasm-plugin/manifests/sidecars sandboxes.yaml
  kubectl get services,deployments -A -o json |
    tenancy routes --deployed - --backend '{service}-{tenant}' --label example.com/sandbox
  kubectl get httproutes,referencegrants -A -o json -l app.kubernetes.io/managed-by=tenancy-filter |
    tenancy routes --prune - sandboxes.yaml | xargs -rL1 kubectl delete";

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    /// HTTPRoutes and ReferenceGrants of the Gateway API
    HttpRoutes,
    /// VirtualServices and DestinationRules of Istio
    VirtualServices,
    /// EnvoyFilters of Istio for hosts of a gateway; the cost does not grow with the number of sandboxes
    MatchTree,
}

impl From<Kind> for RouteKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::HttpRoutes => Self::HttpRoutes,
            Kind::VirtualServices => Self::VirtualServices,
            Kind::MatchTree => Self::MatchTree,
        }
    }
}

impl Arguments {
    pub(crate) fn run(&self) -> Result<ExitCode, Problem> {
        self.refuse_two_readers()?;
        let source = self.file.as_deref().map(source).transpose()?;
        let (set, resources) = self.resources(source.as_ref())?;
        let text = match &self.prune {
            Some(path) => self.left_over(&set, &resources, path)?,
            None => match self.format {
                Format::Text => to_yaml(&resources),
                Format::Json => list(&resources),
            },
        };
        io::stdout().write_all(text.as_bytes())?;
        Ok(ExitCode::SUCCESS)
    }

    /// The name of the set, and its resources.
    fn resources(&self, source: Option<&Source>) -> Result<(String, Vec<Value>), Problem> {
        let refused = |mistakes: Vec<Mistake>| refused(&mistakes, source);
        let headers = self.headers()?;
        let (mut draft, stable) = match source {
            Some(source) => (Draft::read(&source.text).map_err(refused)?, None),
            None => {
                let backend = self.backend.as_deref().ok_or_else(|| Problem::new(NO_BACKEND))?;
                Draft::of_backend(SET, backend, self.stable.as_deref()).map_err(Problem::new)?
            }
        };
        if let Some(path) = &self.deployed {
            let search = Search { label: self.label.clone(), stable };
            let cluster = instances::read(path)?;
            let left_out =
                draft.add_deployed(&cluster, &search, &headers).map_err(|mistakes| self.of_cluster(&mistakes))?;
            for Mistake { at, message } in left_out {
                eprintln!("left out {}: {message}", at.path);
            }
        }
        if let Some(why) = draft.undivided() {
            eprintln!(
                "warning: `backend` {why}; write {{service}} and {{tenant}} in it, as in \"{{service}}-{{tenant}}\""
            );
        }
        let plan = draft.plan(&headers).map_err(refused)?;
        eprintln!("{}", summary(&plan));
        self.tell_what_is_missing(&plan)?;
        Ok((plan.name.clone(), RouteKind::from(self.kind).resources(&plan).map_err(refused)?))
    }

    /// Reports sandboxes that get no route, and that there are none. Without any service there is nothing to write.
    fn tell_what_is_missing(&self, plan: &Plan) -> Result<(), Problem> {
        let without_hosts =
            plan.services.iter().filter(|service| service.hosts.is_empty() && !service.detours.is_empty());
        for service in without_hosts.filter(|_| matches!(self.kind, Kind::MatchTree)) {
            eprintln!(
                "left out the sandboxes of {}: it has no `hosts`, and a match tree is for those of a gateway; write \
                 some, or take another --kind",
                service.name
            );
        }
        let is_without = plan.services.iter().all(|service| service.detours.is_empty());
        match &self.label {
            Some(label) if is_without => eprintln!(
                "no Service with the label {label} is a sandbox; `kubectl get services -A --show-labels` lists the labels \
                 there are"
            ),
            Some(_) | None => {}
        }
        if plan.services.is_empty() { Err(Problem::new(NO_SANDBOX)) } else { Ok(()) }
    }

    /// Mistakes in what is deployed, which has no lines to show.
    fn of_cluster(&self, mistakes: &[Mistake]) -> Problem {
        let file = self.deployed.as_ref().map_or_else(String::new, |path| format!("{}: ", name(path)));
        let line = |Mistake { at, message }: &Mistake| match at.path.as_str() {
            "" => format!("{file}{message}"),
            path => format!("{file}{path} {message}"),
        };
        Problem::new(mistakes.iter().map(line).collect::<Vec<_>>().join("\n"))
    }

    fn headers(&self) -> Result<Headers, Problem> {
        let texts = if self.config.is_empty() { Vec::new() } else { configurations(&self.config)? };
        let found = texts;
        let texts: Vec<_> = found.iter().map(|(_, found)| found.json.as_str()).collect();
        if let Some(clash) = Headers::clash(&texts) {
            return Err(clashing(&clash, &found));
        }
        Headers::of(&texts)
            .ok_or_else(|| Problem::new("the filter refuses the configuration; `tenancy check` says why"))
    }

    /// Stdin can be read once.
    fn refuse_two_readers(&self) -> Result<(), Problem> {
        let files = [&self.file, &self.deployed, &self.prune];
        let all = files.into_iter().flatten().chain(&self.config);
        if all.filter(|path| super::input::is_stdin(path)).count() > 1 {
            return Err(Problem::new(
                "several arguments are `-`, but stdin can be read once; write one of them to a file",
            ));
        }
        Ok(())
    }

    fn left_over(&self, set: &str, resources: &[Value], path: &Path) -> Result<String, Problem> {
        let existing = instances::read(path)?;
        let problem = |why: String| Problem::new(format!("{}: {why}", name(path)));
        let unwanted = unwanted(set, resources, &existing).map_err(problem)?;
        Ok(match self.format {
            Format::Text => unwanted.iter().map(|it| it.arguments() + "\n").collect(),
            Format::Json => list(&unwanted.iter().map(Unwanted::reference).collect::<Vec<_>>()),
        })
    }
}

const NO_SANDBOX: &str = "no sandbox found; see that --backend and --label are those of what is deployed, or list the \
                          services in a FILE";

/// Two configurations that name a header for the same thing differently.
fn clashing([one, other]: &[Named; 2], found: &[(String, Found)]) -> Problem {
    let shown = |named: &Named| {
        let place = found.get(named.configuration).map(|(file, found)| {
            let place = found.place(&named.path);
            format!("{file}:{}:{}", place.line, place.column)
        });
        format!("{:?} ({}, {})", named.header, place.unwrap_or_default(), named.path)
    };
    Problem::new(format!(
        "no routes: the configurations name different headers for one thing, {} and {}; give -c only the folder that is \
         installed",
        shown(one),
        shown(other)
    ))
}

const NO_BACKEND: &str = "nothing says where the sandboxes are; write a FILE with a `backend`, or --backend, as in \
                          --backend '{service}-{tenant}'";

/// The name of a set of routes without a file.
const SET: &str = "tenancy";

fn source(path: &Path) -> Result<Source, Problem> {
    Ok(Source { file: name(path), text: instances::read(path)? })
}

fn name(path: &Path) -> String {
    if super::input::is_stdin(path) { "stdin".into() } else { path.display().to_string() }
}

fn refused(mistakes: &[Mistake], source: Option<&Source>) -> Problem {
    let mut groups: Vec<Vec<&Mistake>> = Vec::new();
    for it in mistakes {
        match groups.iter_mut().find(|group| group.first().is_some_and(|first| first.message == it.message)) {
            Some(group) => group.push(it),
            None => groups.push(vec![it]),
        }
    }
    let shown: Vec<_> = groups.iter().filter_map(|group| shown(group, source)).collect();
    Problem::new(format!("no routes\n{}", shown.join("\n\n")))
}

/// Mistakes of one kind: the first with its line, and the places of the others.
fn shown(group: &[&Mistake], source: Option<&Source>) -> Option<String> {
    const NAMED: usize = 3;
    let (first, others) = group.split_first()?;
    let first = mistake(&Renderer::plain(), first, source);
    let named: Vec<_> = others.iter().take(NAMED).map(|it| it.at.path.as_str()).collect();
    let more = match others.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    let others = if named.is_empty() { String::new() } else { format!("\nthe same: {}{more}", named.join(", ")) };
    Some(first + &others)
}

/// A summary, so that users need not count routes.
fn summary(plan: &Plan) -> String {
    let detours = plan.services.iter().flat_map(|service| &service.detours);
    let sandboxes: std::collections::BTreeSet<_> = detours.map(|detour| detour.sandbox.as_str()).collect();
    let counted = |count: usize, one: &str, many: &str| format!("{count} {}", if count == 1 { one } else { many });
    let services = counted(plan.services.len(), "service", "services");
    format!("{services}, {}", counted(sandboxes.len(), "sandbox", "sandboxes"))
}

fn list(items: &[Value]) -> String {
    format!("{:#}\n", json!({"apiVersion": "v1", "kind": "List", "items": items}))
}
