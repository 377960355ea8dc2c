//! `tenancy seal show`.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde_json::{Map, Value, json};
use tenancy::{Instance, Request, Told};
use tenancy_filter::{Event, Lookup, Seal, SealText, Unsealed, split_context};
use tenancy_filter_crypto::Alone;

use super::made;
use crate::command::moment::Moment;
use crate::command::words::Format;
use crate::command::{Problem, input, instances};

/// Says what a seal holds, for how long, and whether it counts where its key is known.
///
/// Exit codes: 0 it counts, or no key was given and it is well-formed; 1 it does not count; 2 the input cannot be used.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// A seal, or a line of a header or of baggage with one; `-` is stdin
    seal: String,
    /// A configuration with `seal.verify`, in a file as `tenancy check` takes it
    #[arg(short, long, visible_alias = "configuration", value_name = "FILE")]
    config: Vec<PathBuf>,
    /// A public key, as base64 (SubjectPublicKeyInfo, DER)
    #[arg(long, value_name = "NAME=BASE64", conflicts_with = "config", value_parser = named)]
    public_key: Vec<(String, String)>,
    /// The time for which to tell: 2026-01-31T08:00:00Z, or seconds since 1970; otherwise now
    #[arg(long, value_name = "TIME")]
    time: Option<Moment>,
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

const EXAMPLES: &str = "\
Examples:
  tenancy seal show -c sidecar.yaml v1.k1.4102444800.ZGV2MQo.MEUCIQ…
  tenancy seal show --public-key k1=MFkwEwYHKoZIzj0CAQ… 'x-tenancy-seal: v1.k1.4102444800.ZGV2MQo.MEUCIQ…'
  kubectl logs deploy/shop | grep -m1 baggage: | tenancy seal show -";

/// The exit code of a seal that does not count.
const NOT_VALID: u8 = 1;

/// Whether a seal counts.
enum Verdict {
    Valid,
    /// No key was given.
    WellFormed,
    NotValid(Unsealed),
}

impl Arguments {
    pub(crate) fn run(&self) -> Result<ExitCode, Problem> {
        let text =
            if input::is_stdin(Path::new(&self.seal)) { instances::read(Path::new("-"))? } else { self.seal.clone() };
        let seal = find(&text).ok_or_else(|| {
            Problem::new(
                "no seal is in the input; expected one as in v1.KEY.EXPIRY.CONTEXT.SIGNATURE, or a line with it",
            )
        })?;
        let now = self.time.unwrap_or_else(Moment::now);
        let verdict = verdict(&self.verifiers()?, seal, now);
        let fields = fields(seal, now);
        match self.format {
            Format::Text => tell(&fields, &verdict)?,
            Format::Json => writeln!(io::stdout(), "{:#}", to_json(fields, &verdict))?,
        }
        Ok(match verdict {
            Verdict::Valid | Verdict::WellFormed => ExitCode::SUCCESS,
            Verdict::NotValid(_) => ExitCode::from(NOT_VALID),
        })
    }

    /// The instances that verify; empty if no key is given.
    fn verifiers(&self) -> Result<Vec<Instance>, Problem> {
        if !self.public_key.is_empty() {
            let keys: Map<String, Value> =
                self.public_key.iter().map(|(name, key)| (name.clone(), key.clone().into())).collect();
            return Ok(vec![made::sidecar(&json!({"verify": keys}))?]);
        }
        if self.config.is_empty() {
            return Ok(Vec::new());
        }
        let mut verifiers = instances::load(&self.config, &[])?;
        verifiers.retain(|instance| matches!(instance.filter.seal(), Some(Seal::Verify(_))));
        if verifiers.is_empty() {
            let missing = "no configuration has seal.verify; name a sidecar's, or a key with --public-key k1=BASE64";
            return Err(Problem::new(missing));
        }
        Ok(verifiers)
    }
}

/// A key with its name.
fn named(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').map(|(name, key)| (name.to_owned(), key.to_owned()));
    pair.ok_or_else(|| format!("expected a name and a key, as in k1=MFkw…, found {text:?}"))
}

/// The seal in a text: the first that is well-formed, else the first that begins as one.
fn find(text: &str) -> Option<&str> {
    let is_separator = |character: char| character.is_whitespace() || matches!(character, ',' | ';');
    // Behind the name of a header or the key of a list-member; neither a seal has.
    let value = |piece| {
        [':', '='].into_iter().fold(piece, |piece: &str, sign| match piece.split_once(sign) {
            Some((name, value)) if !name.contains('.') => value,
            Some(_) | None => piece,
        })
    };
    let candidates = text.split(is_separator).map(value).filter(|piece| {
        let version = piece.split('.').next().and_then(|version| version.strip_prefix('v'));
        version.is_some_and(|digits| digits.starts_with(|first: char| first.is_ascii_digit()))
    });
    let candidates: Vec<_> = candidates.collect();
    candidates.iter().find(|piece| is_well_formed(piece)).or(candidates.first()).copied()
}

/// Several sidecars may list different keys: the one counts that knows the seal's.
fn verdict(verifiers: &[Instance], seal: &str, now: Moment) -> Verdict {
    let attributes = Request::without_authority("GET", "/");
    let outcomes = verifiers.iter().map(|instance| {
        let seal_rules = instance.filter.seal();
        Alone { attributes: &attributes, seal: seal_rules, private_key: None, now: now.0 }.unseal(seal.as_bytes())
    });
    let outcome = outcomes.reduce(|first, next| if first == Err(Unsealed::UnknownKey) { next } else { first });
    match outcome {
        Some(Ok(_)) => Verdict::Valid,
        Some(Err(why)) => Verdict::NotValid(why),
        None if is_well_formed(seal) => Verdict::WellFormed,
        None => Verdict::NotValid(Unsealed::Malformed),
    }
}

fn is_well_formed(seal: &str) -> bool {
    SealText::parse(seal.as_bytes()).is_some_and(|seal| seal.context().is_some() && seal.signature().is_some())
}

/// What can be read of a seal, by its fields.
fn fields(seal: &str, now: Moment) -> Vec<(&'static str, Value)> {
    let Some(parts) = SealText::parse(seal.as_bytes()) else { return Vec::new() };
    let expiry = Moment(parts.expiry);
    let context = parts.context().unwrap_or_default();
    let (tenant, overrides) = split_context(&context);
    let text = |bytes: &[u8]| Some(bytes.escape_ascii().to_string()).filter(|text| !text.is_empty()).into();
    vec![
        ("key", parts.key.into()),
        ("expiry", parts.expiry.into()),
        ("expires", format!("{expiry}, {}", expiry.from(now)).into()),
        ("tenant", text(tenant)),
        ("overrides", text(overrides)),
    ]
}

fn tell(fields: &[(&str, Value)], verdict: &Verdict) -> io::Result<()> {
    let mut out = io::stdout();
    for (name, value) in fields.iter().filter(|(name, _)| *name != "expiry") {
        writeln!(out, "{name:9}  {}", value.as_str().unwrap_or("none"))?;
    }
    let (_, sentence) = words(verdict);
    writeln!(out, "{:9}  {sentence}", "seal")
}

fn to_json(fields: Vec<(&str, Value)>, verdict: &Verdict) -> Value {
    let mut json = Map::from_iter(fields.into_iter().map(|(name, value)| (name.to_owned(), value)));
    let (word, sentence) = words(verdict);
    json.insert("verdict".into(), word.into());
    json.insert("text".into(), sentence.into());
    json.into()
}

/// A word for the verdict, and a sentence.
fn words(verdict: &Verdict) -> (String, String) {
    match verdict {
        Verdict::Valid => ("valid".into(), "valid".into()),
        Verdict::WellFormed => {
            let remedy = "name its key with -c or --public-key";
            ("not_verified".into(), format!("well-formed, but not verified: {remedy}"))
        }
        Verdict::NotValid(why) => {
            let told = Told::new(&Event::Unsealed { why: *why });
            (told.word("why").unwrap_or_default().to_owned(), told.text)
        }
    }
}
