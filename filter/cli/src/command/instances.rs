//! Instances of the filter from files.

use std::io;
use std::path::{Path, PathBuf};

use annotate_snippets::Renderer;
use tenancy::{Code, Finding, Found, Instance, Source, check};
use tenancy_filter::{Filter, Findings, Parsed};

use super::files::{Files, NO_CONFIGURATION};
use super::snippet::snippet;
use super::{Problem, input, private_key};

/// The text of a file; `-` is stdin.
pub(crate) fn read(path: &Path) -> Result<String, Problem> {
    let read = input::open(path).and_then(io::read_to_string);
    read.map_err(|why| Problem::new(format!("{}: {why}", path.display())))
}

/// The instances of the configurations in these files and folders, in order: all, or those of these names. Their
/// warnings go to stderr.
pub(crate) fn load(paths: &[PathBuf], names: &[String]) -> Result<Vec<Instance>, Problem> {
    let instance = |Found { name, json, .. }: Found| match Filter::from_config(json.as_bytes()) {
        Ok(Parsed { filter, warnings: _ }) => with_private_key(Instance::new(name, filter)),
        Err(findings) => Err(Problem::new(format!("{name}: {findings}"))),
    };
    accepted(paths, names)?.into_iter().map(|(_, found)| instance(found)).collect()
}

/// All configurations in these files and folders that the filter takes, each with its file.
pub(crate) fn configurations(paths: &[PathBuf]) -> Result<Vec<(String, Found)>, Problem> {
    accepted(paths, &[])
}

/// The configurations that the filter takes; the others are a problem.
fn accepted(paths: &[PathBuf], names: &[String]) -> Result<Vec<(String, Found)>, Problem> {
    // Each by itself, because a file that is named twice is two instances.
    let files = paths.iter().map(|path| Files::read(std::slice::from_ref(path))).collect::<Result<Vec<_>, _>>()?;
    let sources: Vec<_> = files.iter().flat_map(|files| files.sources.clone()).collect();
    let report = check(&sources);
    if let Some(problem) = files.iter().find_map(|files| files.broken(&report)) {
        return Err(problem);
    }
    let chosen = choose(&sources, names)?;
    let is_chosen = |finding: &&Finding| {
        chosen.iter().any(|(source, found)| source.file == finding.file && found.name == finding.plugin)
    };
    let mut refused = Vec::new();
    for finding in report.findings.iter().filter(is_chosen) {
        match finding.code {
            Code::Configuration | Code::NotText => refused.push(shown(finding, &sources)),
            Code::InVain => eprintln!("{}\n", shown(finding, &sources)),
            // What a proxy does with its configuration is another question than what the filter does.
            Code::FailOpen
            | Code::StripLate
            | Code::StripMissing
            | Code::StripIncomplete
            | Code::NotStripped
            | Code::TokenEarly
            | Code::IssuerMissing
            | Code::SwitchedOff
            | Code::NotRemovedEarly
            | Code::PayloadUnknown
            | Code::MatchServer
            | Code::NeverAttaches
            | Code::Misplaced
            | Code::BelievesClients
            | Code::SealMismatch
            | Code::SealKeyMissing
            | Code::Placeholder => {}
        }
    }
    if !refused.is_empty() {
        return Err(Problem::new(format!("the filter refuses the configuration\n{}", refused.join("\n\n"))));
    }
    Ok(chosen.into_iter().map(|(source, found)| (source.file.clone(), found)).collect())
}

/// Sets the calling workload of each instance whose configuration has none; `None` if it is unknown.
pub(crate) fn set_caller(instances: &mut [Instance], name: Option<&str>) {
    instances.iter_mut().for_each(|instance| instance.filter.set_caller(name.map(str::as_bytes)));
}

/// The configurations of these names; all if there are none.
fn choose<'s>(sources: &'s [Source], names: &[String]) -> Result<Vec<(&'s Source, Found)>, Problem> {
    let found =
        sources.iter().flat_map(|source| source.documents().found.into_iter().map(move |found| (source, found)));
    let found: Vec<_> = found.collect();
    if found.is_empty() {
        return Err(Problem::new(NO_CONFIGURATION));
    }
    if let Some(name) = names.iter().find(|name| !found.iter().any(|(_, found)| is_called(found, name))) {
        let known: Vec<_> = found.iter().map(|(_, found)| found.name.as_str()).collect();
        return Err(Problem::new(format!("no configuration is called {name:?}; there are: {}", known.join(", "))));
    }
    let is_chosen = |(_, found): &(_, Found)| names.is_empty() || names.iter().any(|name| is_called(found, name));
    Ok(found.into_iter().filter(is_chosen).collect())
}

/// Whether that is its name, or how its name ends: `tenancy` of `istio-system/tenancy`.
fn is_called(found: &Found, name: &str) -> bool {
    let rest = found.name.strip_suffix(name);
    !name.is_empty() && rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
}

fn shown(finding: &Finding, sources: &[Source]) -> String {
    snippet(&Renderer::plain(), finding, sources)
}

/// An instance with a configuration of this file, outside a manifest. Its warnings go to stderr.
pub(crate) fn inline(json: &str, file: &str) -> Result<Instance, Problem> {
    let told = |finding: &tenancy_filter::Finding| format!("{file}: config: {finding}");
    let refused = |findings: Findings| Problem::new(findings.iter().map(told).collect::<Vec<_>>().join("\n"));
    let Parsed { filter, warnings } = Filter::from_config(json.as_bytes()).map_err(refused)?;
    warnings.iter().for_each(|warning| eprintln!("{}", told(warning)));
    with_private_key(Instance::new("config", filter))
}

/// Gives an instance the private key of its seals as the proxy has it, from the environment, if it is there.
fn with_private_key(instance: Instance) -> Result<Instance, Problem> {
    let private_key = instance.key_variable().map(private_key::in_variable).transpose()?.flatten();
    Ok(Instance { private_key, ..instance })
}
