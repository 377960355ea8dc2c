//! Seals, where a text says by itself whether it is valid.

use std::sync::LazyLock;

use regex_lite::Regex;
use serde_json::Value;
use tenancy_filter::Refusal;

use super::overrides::{self, CANONICAL, Entries};
use super::{Scene, baggage, tenant, trim};

const DIGITS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The form of a seal. Its fourth part is the context.
static SEAL: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^v1\.[A-Za-z0-9_-]{1,32}\.[0-9]{1,12}\.([A-Za-z0-9_-]*)\.[A-Za-z0-9_-]*$").unwrap());

/// The member of baggage.
pub(crate) const MEMBER: &str = "tenancy-seal";

/// The signature of every valid seal.
const SIGNATURE: &str = "b3VycyE";

/// What the host says of a seal: the context that it holds; `None` if it is not valid.
pub(crate) fn held(text: &str) -> Option<String> {
    let context = &SEAL.captures(text).filter(|_| text.len() <= 832)?[1];
    let held = decoded(context).filter(|held| encoded(held) == context && held.matches('\n').count() == 1)?;
    text.ends_with(&format!(".{SIGNATURE}")).then_some(held)
}

/// The seal that the host makes of a context.
pub(crate) fn made(context: &str) -> String {
    format!("v1.k1.4102444800.{}.{SIGNATURE}", encoded(context))
}

/// The name of the header, if the configuration knows seals.
pub(crate) fn header(config: &Value) -> Option<String> {
    let name = config.get("seal")?.get("header").and_then(Value::as_str).unwrap_or("x-tenancy-seal");
    Some(name.to_ascii_lowercase())
}

/// Whether the filter reads seals, and believes nothing else if so.
pub(crate) fn drops(config: &Value) -> bool {
    config["seal"].get("verify").is_some() && config["seal"]["unsealed"] != "count"
}

/// What a request carries by its seals.
pub(super) enum Sealed {
    /// This seal, and what it holds.
    By(String, Option<String>, Entries),
    /// Nothing valid; a refused seal may travel on.
    No(Option<String>),
}

pub(super) fn read(scene: &Scene) -> Result<Sealed, Refusal> {
    let seal = &scene.config["seal"];
    let Some(header) = header(scene.config).filter(|_| seal.get("verify").is_some()) else {
        return Ok(Sealed::No(None));
    };
    let lines = scene.values(&header).flat_map(|line| line.split(',')).map(trim).filter(|text| !text.is_empty());
    let mut carriers = vec![lines.map(str::to_owned).collect::<Vec<_>>()];
    if baggage::is_written(scene.config) {
        carriers.extend(baggage::lists(scene, MEMBER));
    }
    let texts: Vec<_> = carriers.into_iter().flat_map(|texts| texts.into_iter().take(4)).collect();
    if let Some((text, held)) = texts.iter().find_map(|text| Some((text, held(text)?))) {
        let (name, line) = held.split_once('\n').unwrap();
        let tenant = Some(name.to_owned()).filter(|name| tenant::is_valid(&scene.config["tenant"], name));
        if tenant.is_none() && !name.is_empty() && scene.config["tenant"]["onInvalid"] == "reject" {
            return Err(Refusal::TenantInvalid);
        }
        return Ok(Sealed::By(text.clone(), tenant, overrides::of_line(line)));
    }
    let is_seal = |text: &String| SEAL.is_match(text) && text.len() <= 832;
    let passes = seal["unsealed"] == "count" && !scene.is_edge;
    Ok(Sealed::No(texts.into_iter().find(is_seal).filter(|_| passes)))
}

/// The seal of what an edge decided.
pub(super) fn sign(scene: &Scene, tenant: Option<&str>, entries: &Entries) -> Option<String> {
    scene.config["seal"].get("sign")?;
    let line = overrides::line(entries, CANONICAL);
    let context = format!("{}\n{}", tenant.unwrap_or_default(), line.as_deref().unwrap_or_default());
    ((2..=512).contains(&context.len())).then(|| made(&context))
}

/// Base64url without padding (RFC 4648 §5): four digits of six bits are three bytes. `None` for what is none.
pub(crate) fn decoded(text: &str) -> Option<String> {
    let mut decoded = String::new();
    for digits in text.as_bytes().chunks(4) {
        let values = digits.iter().map(|digit| DIGITS.find(char::from(*digit))).collect::<Option<Vec<_>>>()?;
        let bits = values.iter().fold(0, |bits, value| bits << 6 | value) << (6 * (4 - digits.len()));
        decoded.extend([bits >> 16, bits >> 8, bits].map(|byte| char::from(byte as u8)).iter().take(digits.len() - 1));
    }
    Some(decoded)
}

pub(crate) fn encoded(text: &str) -> String {
    let bytes: Vec<_> = text.chars().map(|c| c as usize).collect();
    let digits = bytes.chunks(3).flat_map(|bytes| {
        let bits = bytes.iter().fold(0, |bits, byte| bits << 8 | byte) << (8 * (3 - bytes.len()));
        [bits >> 18, bits >> 12, bits >> 6, bits].into_iter().take(bytes.len() + 1)
    });
    digits.map(|value| char::from(DIGITS.as_bytes()[value & 63])).collect()
}
