//! OpenTelemetry's SDKs of five languages read what the module wrote (R25), over `integration/vectors/baggage.json`.
//!
//! An edge that keeps third-party baggage gets each vector twice: with tenant and overrides, which each SDK then has to
//! read exactly, and without, when no SDK may read any. Third-party members pass byte for byte, so what an SDK makes of
//! them is its own affair: the table of `integration/readers/README.md` says where that differs from W3C Baggage, and
//! what it says is neither more nor less than what is so.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{Seek, Write};
use std::process::Command;
use std::sync::LazyLock;

use anyhow::{Context, Result, bail, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use integration::cases::{Case, Outcome};
use integration::runners::ModuleRunner;
use integration::text::Text;
use integration::{root, vectors};
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::json;

const TENANT: &str = "feat-x";
/// With each mark that may stand in overrides.
const OVERRIDES: &str = "shop.web:v1.2_a;method=POST|PUT;caller=!web,cart:mp-101";
const LANGUAGES: [&str; 5] = ["Go", "Java", "JavaScript", "Python", "Rust"];
/// The head of the table.
const MISREAD: &str = "| language | vectors | what the SDK does with them |\n| --- | --- | --- |\n";
/// A request beside those of the vectors: as many overrides as fit.
const LARGEST: &str = "largest overrides";

static SENT: LazyLock<Vec<Sent>> = LazyLock::new(|| sent().expect("what the module wrote"));

/// Members as an SDK hands them to an application, by key.
type Entries = BTreeMap<String, String>;

#[derive(Deserialize)]
struct Vector {
    id: String,
    headers: Vec<Text>,
}

/// A request behind the module.
struct Sent {
    name: String,
    /// What the client sent, beside a tenant; nothing where it sent neither.
    overrides: Option<String>,
    /// The lines that left.
    baggage: Vec<Vec<u8>>,
}

#[test]
#[ignore = "integration/readers/test.sh runs it where Go is"]
fn go() -> Result<()> {
    check("Go")
}

#[test]
#[ignore = "integration/readers/test.sh runs it where Java and Maven are"]
fn java() -> Result<()> {
    check("Java")
}

#[test]
#[ignore = "integration/readers/test.sh runs it where Node.js and npm are"]
fn javascript() -> Result<()> {
    check("JavaScript")
}

#[test]
#[ignore = "integration/readers/test.sh runs it where Python is"]
fn python() -> Result<()> {
    check("Python")
}

#[test]
#[ignore = "integration/readers/test.sh runs it"]
fn rust() -> Result<()> {
    check("Rust")
}

fn check(language: &str) -> Result<()> {
    let mut misread = BTreeSet::new();
    for (request, entries) in SENT.iter().zip(read(language, &SENT)?) {
        let name = format!("{language}: {}", request.name);
        let entry = |key: &str| entries.get(key).map(String::as_str);
        assert_eq!(entry("tenant"), request.overrides.as_ref().map(|_| TENANT), "{name}");
        if request.name != LARGEST {
            assert_eq!(entry("overrides"), request.overrides.as_deref(), "{name}");
        }
        if request.overrides.is_some() && entries != request.members()? {
            println!("{name}: {entries:?}\ninstead of {:?}", request.members()?);
            misread.insert(request.name.clone());
        }
    }
    assert_eq!(misread, listed(language)?, "{language}: the vectors that it misreads, and those that its README lists");
    Ok(())
}

/// What the module makes of each vector, and of the largest overrides.
fn sent() -> Result<Vec<Sent>> {
    let mut module = ModuleRunner::new(&json!({
        "version": 1,
        "role": "edge",
        "tenant": {"from": [{"header": "x-tenant", "trust": "anyone"}], "to": [{"baggage": "tenant"}]},
        "overrides": {"from": [{"header": "x-override", "trust": "anyone"}], "to": [{"baggage": "overrides"}]},
        "foreignBaggage": "keep",
    }))?;
    let mut sent = Vec::new();
    for vector in vectors::<Vector>()? {
        for overrides in [Some(OVERRIDES.to_owned()), None] {
            sent.push(send(&mut module, &vector.id, &vector.headers, overrides)?);
        }
    }
    let largest: Vec<_> = (0..64).map(|number| format!("service-{number:02}:{}", "v".repeat(52))).collect();
    sent.push(send(&mut module, LARGEST, &[], Some(largest.join(",")))?);
    Ok(sent)
}

fn send(module: &mut ModuleRunner, name: &str, baggage: &[Text], overrides: Option<String>) -> Result<Sent> {
    // Characters stand for their bytes in UTF-8, which a case writes as one character each.
    let bytes = |line: &Text| line.expand().bytes().map(char::from).collect::<String>();
    let mut headers: Vec<_> = baggage.iter().map(|line| format!("baggage: {}", bytes(line))).collect();
    if let Some(overrides) = &overrides {
        headers.extend([format!("x-tenant: {TENANT}"), format!("x-override: {overrides}")]);
    }
    let headers = headers.into_iter().map(Text::Plain).collect();
    let run = module.run(&Case { headers, ..Case::default() }).with_context(|| name.to_owned())?;
    let Outcome::Upstream(left, _) = run.outcome else { bail!("{name}: refused") };
    let baggage = left.0.into_iter().filter(|(name, _)| name == b"baggage").map(|(_, value)| value).collect();
    Ok(Sent { name: name.to_owned(), overrides, baggage })
}

impl Sent {
    /// The members that the module wrote, decoded as W3C Baggage says; of one key the last counts.
    fn members(&self) -> Result<Entries> {
        let [line] = &self.baggage[..] else { bail!("{}: {} lines", self.name, self.baggage.len()) };
        let member = |text: &str| {
            let pair = text.split(';').next().unwrap_or_default();
            let (key, value) = pair.split_once('=').with_context(|| format!("a member, not {text:?}"))?;
            let value = percent_decode_str(value.trim()).decode_utf8_lossy();
            Ok((key.trim().to_owned(), value.into_owned()))
        };
        std::str::from_utf8(line)?.split(',').map(member).collect()
    }
}

/// What the SDK of a language reads in each request.
fn read(language: &str, sent: &[Sent]) -> Result<Vec<Entries>> {
    let mut input = tempfile::tempfile()?;
    for request in sent {
        let lines: Vec<_> = request.baggage.iter().map(|line| STANDARD.encode(line)).collect();
        writeln!(input, "{}", lines.join(" "))?;
    }
    input.rewind()?;
    let reader = root().join("integration/readers/read.sh");
    let output = Command::new(reader).arg(language.to_lowercase()).stdin(input).output()?;
    ensure!(output.status.success(), "{language}: {}", String::from_utf8_lossy(&output.stderr));
    let answers = String::from_utf8(output.stdout)?.lines().map(entries).collect::<Result<Vec<_>>>()?;
    ensure!(answers.len() == sent.len(), "{language}: {} answers to {} requests", answers.len(), sent.len());
    Ok(answers)
}

fn entries(answer: &str) -> Result<Entries> {
    let texts = answer.split(' ').map(|text| Ok(String::from_utf8(STANDARD.decode(text)?)?));
    let texts = texts.collect::<Result<Vec<_>>>()?;
    Ok(texts.chunks_exact(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect())
}

/// The vectors that the README lists for the SDK of this language.
fn listed(language: &str) -> Result<BTreeSet<String>> {
    let readme = fs::read_to_string(root().join("integration/readers/README.md"))?;
    let (_, table) = readme.split_once(MISREAD).context("the README's table")?;
    let mut listed = BTreeSet::new();
    for row in table.lines().take_while(|line| line.starts_with('|')) {
        let [_, of, vectors, _, _] = row.split('|').map(str::trim).collect::<Vec<_>>()[..] else {
            bail!("three cells: {row}")
        };
        ensure!(LANGUAGES.contains(&of), "{of} is none of {LANGUAGES:?}");
        listed.extend(vectors.split(", ").filter(|_| of == language).map(str::to_owned));
    }
    Ok(listed)
}
