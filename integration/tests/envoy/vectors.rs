//! The vectors of `integration/vectors/baggage.json` (W3C Baggage, R21 to R23), by three runners.
//!
//! The tenant comes from a header that anyone may send, and is written into baggage. A vector without an operation is
//! run twice: with a tenant, so that the line is written anew and holds what the filter read; and without one, when
//! nothing may be touched, not even what exceeds the limits of W3C, at which a proxy may drop members and need not.

use std::borrow::Cow;

use anyhow::{Context, Result, ensure};
use integration::cases::{Case, Counts, Outcome, Passage};
use integration::runners::{ModuleRunner, NativeRunner, Proxy, Wire};
use integration::text::Text;
use serde::Deserialize;
use serde_json::{Value, json};

const MAX_MEMBERS: usize = 64;
const MAX_BYTES: usize = 8192;
const OURS: &str = "tenant=acme";

/// Their tenants are no names of tenants, which no source yields: the encoder's own test holds them, beside it.
const FOR_THE_ENCODER: [&str; 2] = ["BG-109", "BG-110"];

#[derive(Deserialize)]
struct Vector {
    id: String,
    level: String,
    headers: Vec<Text>,
    #[serde(default)]
    headers_named: Vec<(String, String)>,
    op: Option<Operation>,
    expect: Expected,
}

#[derive(Deserialize)]
struct Operation {
    set: Option<(String, String)>,
}

/// What a vector expects; a field that this test does not know is an error.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Expected {
    #[serde(deserialize_with = "present")]
    header: Option<Option<String>>,
    members: Option<Vec<Member>>,
    members_alternative: Option<Vec<Member>>,
    invalid_members: Option<u64>,
    member_count: Option<usize>,
    member_count_max_policy: Option<usize>,
    bytes: Option<usize>,
    bytes_joined_with_single_comma: Option<usize>,
    first_member: Option<String>,
    dropped: Option<u64>,
    field_lines_out: Option<usize>,
    members_seen: Option<Vec<String>>,
    /// Said by `members_seen`.
    #[serde(rename = "must_read_all_lines")]
    _must_read_all_lines: Option<bool>,
    /// What an SDK makes of two members of one key; third-party members are not ours to merge.
    #[serde(rename = "otel_effective")]
    _otel_effective: Option<Value>,
    /// For people.
    #[serde(rename = "policy")]
    _policy: Option<String>,
}

/// A member, decoded.
#[derive(Debug, PartialEq, Eq, Deserialize)]
struct Member {
    key: String,
    value: String,
    properties: Vec<(String, Option<String>)>,
}

/// A field that is there, if only as null.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Deserialize::deserialize(deserializer).map(Some)
}

fn configuration() -> Value {
    json!({
        "version": 1,
        "role": "edge",
        "tenant": {"from": [{"header": "x-tenant", "trust": "anyone"}], "to": [{"baggage": "tenant"}]},
        "foreignBaggage": "keep",
    })
}

/// The vectors that a request can bring, after a look at the others.
fn vectors() -> Result<Vec<Vector>> {
    let all = integration::vectors::<Vector>()?.into_iter();
    let (others, vectors): (Vec<_>, Vec<_>) = all.partition(|vector| FOR_THE_ENCODER.contains(&vector.id.as_str()));
    let ids: Vec<_> = others.iter().map(|vector| vector.id.as_str()).collect();
    ensure!(ids == FOR_THE_ENCODER && !vectors.is_empty(), "{} vectors and {ids:?}", vectors.len());
    Ok(vectors)
}

impl Vector {
    /// The requests: with the tenant of the operation, or with one and without.
    fn cases(&self) -> Vec<Case> {
        match &self.op {
            None => vec![self.case(Some("acme")), self.case(None)],
            Some(Operation { set: None }) => vec![self.case(None)],
            Some(Operation { set: Some((_, tenant)) }) => vec![self.case(Some(tenant))],
        }
    }

    fn case(&self, tenant: Option<&str>) -> Case {
        let baggage = self.lines().into_iter().map(|line| format!("baggage: {line}"));
        let named = self.headers_named.iter().map(|(name, value)| format!("{name}: {value}"));
        let tenant = tenant.map(|tenant| format!("x-tenant: {tenant}"));
        let headers = baggage.chain(named).chain(tenant).map(Text::Plain).collect();
        Case { name: self.id.clone(), headers, ..Case::default() }
    }

    /// The baggage lines; characters stand for their bytes in UTF-8, which a case writes as one character each.
    fn lines(&self) -> Vec<String> {
        self.headers.iter().map(|line| line.expand().bytes().map(char::from).collect()).collect()
    }

    /// The members that were sent, by the commas alone.
    fn sent(&self) -> Vec<String> {
        let lines = self.lines();
        let elements = lines.iter().flat_map(|line| line.split(',')).map(trimmed);
        elements.filter(|element| !element.is_empty()).map(str::to_owned).collect()
    }

    /// Panics where a request did not become what the vector expects.
    fn check(&self, case: &Case, outcome: &Outcome) {
        let Outcome::Upstream(headers, _) = outcome else { panic!("{}: {outcome:?}", self.id) };
        let left = headers.values("baggage");
        let has_tenant = case.headers().values("x-tenant") != [""; 0];
        for (name, value) in &self.headers_named {
            assert_eq!(headers.values(name), [value.as_str()], "{}", self.id);
        }
        match (&self.op, has_tenant) {
            (Some(_), _) => self.check_operation(&left),
            (None, true) => self.check_rewritten(&left),
            (None, false) => self.check_untouched(case, &left),
        }
    }

    fn check_operation(&self, left: &[String]) {
        let expect = &self.expect;
        if let Some(header) = &expect.header {
            assert_eq!(left, header.clone().into_iter().collect::<Vec<_>>(), "{}", self.id);
        }
        let members: Vec<_> = left.iter().flat_map(|line| line.split(',')).collect();
        assert!(expect.member_count.is_none_or(|count| members.len() == count), "{}: {left:?}", self.id);
        let first = members.first().copied();
        assert!(expect.first_member.is_none() || first == expect.first_member.as_deref(), "{}: {left:?}", self.id);
    }

    fn check_rewritten(&self, left: &[String]) {
        let expect = &self.expect;
        assert_eq!(left.len(), expect.field_lines_out.unwrap_or(1), "{}", self.id);
        let members: Vec<_> = left[0].split(',').collect();
        let (ours, strangers) = members.split_first().expect("a member");
        assert_eq!(*ours, OURS, "{}", self.id);
        if let Some(expected) = &expect.members {
            let read: Vec<_> = strangers.iter().map(|text| Member::read(text)).collect();
            let is = |expected: &Vec<Member>| *expected == read;
            assert!(is(expected) || expect.members_alternative.as_ref().is_some_and(is), "{}: {read:?}", self.id);
        } else {
            assert_eq!(strangers, self.fitting(), "{}", self.id);
        }
        if let Some(keys) = &expect.members_seen {
            assert_eq!(strangers.iter().map(|text| Member::read(text).key).collect::<Vec<_>>(), *keys, "{}", self.id);
        }
        assert!(expect.member_count_max_policy.is_none_or(|most| members.len() == most), "{}", self.id);
        if self.level == "W3C-MAY" {
            assert!(expect.member_count.is_none_or(|count| strangers.len() == count), "{}", self.id);
        }
    }

    fn check_untouched(&self, case: &Case, left: &[String]) {
        assert_eq!(left, case.headers().values("baggage"), "{}", self.id);
        let (expect, joined) = (&self.expect, self.sent().join(","));
        assert!(expect.bytes.is_none_or(|bytes| joined.len() == bytes), "{}", self.id);
        assert!(expect.bytes_joined_with_single_comma.is_none_or(|bytes| joined.len() == bytes), "{}", self.id);
        if self.level == "W3C-MUST/grammar" {
            assert!(expect.member_count.is_none_or(|count| self.sent().len() == count), "{}", self.id);
        }
    }

    /// The third-party members that fit whole behind ours, up to the first that does not.
    fn fitting(&self) -> Vec<String> {
        let mut bytes = OURS.len();
        let fits = |member: &String| {
            bytes += ",".len() + member.len();
            bytes <= MAX_BYTES
        };
        self.sent().into_iter().take(MAX_MEMBERS - 1).take_while(fits).collect()
    }

    fn check_counts(&self, case: &Case, counted: &Counts) {
        let count = |name: &str| counted.get(name).copied().unwrap_or(0);
        if case.headers().values("x-tenant") != [""; 0] {
            let [invalid, dropped] = [self.expect.invalid_members, self.expect.dropped];
            assert!(invalid.is_none_or(|number| count("baggage_invalid") == number), "{}: {counted:?}", self.id);
            assert!(dropped.is_none_or(|number| count("baggage_limit") == number), "{}: {counted:?}", self.id);
        }
    }
}

impl Member {
    /// Reads a member as the vectors' own reader does: nothing of it is checked.
    fn read(text: &str) -> Self {
        let mut parts = text.split(';').map(trimmed);
        let pair =
            |part: &str| part.split_once('=').map(|(key, value)| (trimmed(key).to_owned(), decoded(trimmed(value))));
        let (key, value) = parts.next().and_then(pair).expect("a key and a value");
        let property = |part: &str| match pair(part) {
            Some((key, value)) => (key, Some(value)),
            None => (part.to_owned(), None),
        };
        Self { key, value, properties: parts.filter(|part| !part.is_empty()).map(property).collect() }
    }
}

fn trimmed(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

/// Percent-decoded, with U+FFFD for what is no UTF-8.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut parts = text.split('%');
    bytes.extend(parts.next().unwrap_or_default().bytes());
    for part in parts {
        let (digits, rest) = part.split_at(2);
        bytes.push(u8::from_str_radix(digits, 16).expect("an escape"));
        bytes.extend(rest.bytes());
    }
    let text: Cow<'_, str> = String::from_utf8_lossy(&bytes);
    text.into_owned()
}

#[test]
fn natively() -> Result<()> {
    let filter = NativeRunner::new(&configuration())?;
    for vector in vectors()? {
        for case in vector.cases() {
            let run = filter.run(&case)?;
            vector.check(&case, &run.outcome);
            vector.check_counts(&case, &run.counted);
        }
    }
    Ok(())
}

#[test]
fn inside_the_module() -> Result<()> {
    let mut module = ModuleRunner::new(&configuration())?;
    for vector in vectors()? {
        for case in vector.cases() {
            let run = module.run(&case).with_context(|| vector.id.clone())?;
            vector.check(&case, &run.outcome);
            vector.check_counts(&case, &run.counted);
        }
    }
    Ok(())
}

#[tokio::test]
async fn through_envoy() -> Result<()> {
    let proxy = Proxy::start(&configuration(), &[Passage::default()].into()).await?;
    for vector in vectors()? {
        for (case, wire) in vector.cases().iter().flat_map(|case| Wire::ALL.map(|wire| (case, wire))) {
            let outcome = proxy.run(case, wire).await.with_context(|| format!("{} ({wire:?})", vector.id))?;
            vector.check(case, &outcome);
        }
    }
    Ok(())
}
