//! Each row of `integration/cases` through `tenancy explain`: a runner of the same table as Envoy.
#![allow(clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "a test may panic")]

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStringExt;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use integration::Headers;
use integration::cases::{Case, CaseFile, Direction, Outcome, Peer, Runner};
use serde_json::Value;

fn line(name: &[u8], value: &[u8]) -> OsString {
    OsString::from_vec([name, b": ", value].concat())
}

/// What the command is asked, for a configuration and perhaps a token in this folder.
fn arguments(case: &Case, folder: &Path) -> Result<Vec<OsString>> {
    let mut arguments: Vec<OsString> = ["explain", "--format", "json", "-c"].map(OsString::from).into();
    arguments.push(folder.join("config.json").into());
    let mut option = |name: &str, value: &OsStr| arguments.push([OsStr::new(name), value].join(OsStr::new("=")));
    option("--method", OsStr::new(&case.method));
    option("--path", OsStr::new(&case.path));
    option("--cluster", OsStr::new(&case.passage.cluster));
    option("--route", OsStr::new(&case.passage.route));
    option(
        "--direction",
        OsStr::new(match case.passage.direction {
            Direction::Unspecified => "unspecified",
            Direction::Inbound => "inbound",
            Direction::Outbound => "outbound",
        }),
    );
    option(
        "--peer",
        OsStr::new(match case.peer {
            Peer::Known => "known",
            Peer::Unknown => "unknown",
        }),
    );
    if let Some(token) = &case.token {
        let path = folder.join("token.json");
        std::fs::write(&path, token.to_string())?;
        option("--token", path.as_os_str());
    }
    for (name, value) in case.pseudo_headers().0.iter().chain(&case.headers().0) {
        option("--header", &line(name, value));
    }
    if !case.pseudo_headers().0.iter().any(|(name, _)| name == b":path") {
        [":path:", ":scheme:"].iter().for_each(|gone| option("--header", OsStr::new(gone)));
    }
    for (name, value) in &case.trailers().0 {
        option("--trailer", &line(name, value));
    }
    Ok(arguments)
}

fn headers(lines: &Value) -> Result<Headers> {
    let bytes = |text: &Value| -> Result<Vec<u8>> {
        let text = text.as_str().context("text")?;
        text.chars().map(|character| Ok(u8::try_from(u32::from(character))?)).collect()
    };
    let lines = lines.as_array().context("lines")?.iter();
    Ok(Headers(lines.map(|line| Ok((bytes(&line[0])?, bytes(&line[1])?))).collect::<Result<_>>()?))
}

/// What the command explains.
fn explanation(case: &Case, workload: Option<&str>, folder: &Path) -> Result<Value> {
    let run = Command::new(env!("CARGO_BIN_EXE_tenancy"))
        .args(arguments(case, folder)?)
        .args(workload.map(|name| format!("--caller={name}")))
        .output()?;
    ensure!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    Ok(serde_json::from_slice(&run.stdout)?)
}

fn outcome(case: &Case, json: &Value) -> Result<Outcome> {
    let status = json["status"].as_u64().context("a status")?;
    if status != 200 {
        return Ok(Outcome::answered(status.try_into()?, headers(&json["headers"])?));
    }
    let mut left = headers(&json["headers"])?;
    let pseudo = left.0.iter().filter(|(name, _)| name.starts_with(b":")).cloned().collect::<Vec<_>>();
    left.0.retain(|(name, _)| !name.starts_with(b":"));
    let sorted = |mut lines: Vec<_>| {
        lines.sort();
        lines
    };
    ensure!(sorted(pseudo) == sorted(case.pseudo_headers().0), "the pseudo-headers changed");
    Ok(Outcome::upstream(left, headers(&json["trailers"])?))
}

#[test]
fn the_command_says_what_envoy_does() -> Result<()> {
    let (mut rows, mut seen) = (0, BTreeMap::new());
    for file in CaseFile::chosen()? {
        let folder = tempfile::tempdir()?;
        std::fs::write(folder.path().join("config.json"), file.configuration.to_string())?;
        for case in file.cases.iter().filter(|case| case.runs(&[Runner::Command])) {
            let who = format!("{}: {}", file.name, case.name);
            let explanation =
                explanation(case, file.workload.as_deref(), folder.path()).with_context(|| who.clone())?;
            assert_eq!(outcome(case, &explanation).with_context(|| who.clone())?, case.expected(), "{who}");
            collect_events(&explanation, &mut seen)?;
            rows += 1;
        }
    }
    ensure!(rows > 0, "no row ran");
    let documented = documented()?;
    for (event, fields) in &seen {
        let known = documented.get(event).with_context(|| format!("the README has no event {event}"))?;
        ensure!(fields.is_subset(known), "{event}: {fields:?}, but the README has {known:?}");
    }
    Ok(())
}

/// The fields of each event that a row told, beside those that all have.
fn collect_events(explanation: &Value, seen: &mut BTreeMap<String, BTreeSet<String>>) -> Result<()> {
    for event in explanation["events"].as_array().context("events")? {
        let fields = event.as_object().context("an event")?.keys().filter(|key| !OF_ALL.contains(&key.as_str()));
        seen.entry(event["event"].as_str().context("a name")?.to_owned()).or_default().extend(fields.cloned());
    }
    Ok(())
}

const OF_ALL: [&str; 3] = ["instance", "event", "text"];

/// The fields of each event, by the table of the README.
fn documented() -> Result<BTreeMap<String, BTreeSet<String>>> {
    let page = std::fs::read_to_string(integration::root().join("filter/cli/README.md"))?;
    let (_, table) = page.split_once("| event | further fields | meaning |\n").context("a table of events")?;
    let words = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<BTreeSet<_>>();
    let rows =
        table.lines().skip(1).take_while(|line| line.starts_with('|')).map(|row| row.split('|').collect::<Vec<_>>());
    Ok(rows.flat_map(|cells| words(cells[1]).into_iter().map(move |event| (event, words(cells[2])))).collect())
}
