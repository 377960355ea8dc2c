//! A mix of requests, no two alike, and what has to come of each.

use std::sync::Arc;

use anyhow::Result;
use integration::token::{Issuer, unsigned};
use serde_json::{Value, json};

pub(crate) const IDP: &str = "https://idp.example.com";

/// So many tokens are signed beforehand; each names a tenant of its own.
const TOKENS: u64 = 1_000;

pub(crate) fn configuration() -> Value {
    json!({
        "version": 1,
        "role": "edge",
        "tenant": {
            "from": [
                {"host": "{tenant}.www.example.com"},
                {"claim": "tenant"},
                {"header": "x-want", "trust": "anyone"},
                {"cookie": "want", "trust": "anyone"},
                {"query": "want", "trust": "anyone"},
                {"baggage": "want", "trust": "anyone"},
            ],
            "to": [{"header": "x-tenant"}, {"baggage": "tenant"}],
        },
        "overrides": {
            "from": [{"header": "x-want-override", "trust": "anyone"}],
            "to": [{"header": "x-override"}, {"baggage": "overrides"}],
        },
        "projections": [{"header": "x-foo-version", "service": "foo"}],
        "verified": {"issuers": [IDP]},
        "strip": ["x-debug-*"],
        "foreignBaggage": "keep",
    })
}

/// What has to come of a request.
pub(crate) enum Expected {
    /// An answer, whatever it says.
    Answer,
    /// Through the filter, with this tenant and these overrides.
    Passed(String, String),
    /// Through the filter, with this tenant, or with none.
    Perhaps(String),
    /// 400.
    Refused,
}

/// Every kind of request in turn.
#[derive(Clone)]
pub(crate) struct Mix {
    tokens: Arc<[String]>,
}

impl Mix {
    pub(crate) fn new(issuer: &Issuer) -> Self {
        Self { tokens: (0..TOKENS).map(|number| issuer.sign(&json!({"tenant": format!("c{number}")}))).collect() }
    }

    /// Appends the request of this number.
    pub(crate) fn write(&self, number: u64, to: &mut Vec<u8>) -> Expected {
        let tenant = format!("t{number}");
        let mut get = |label: &str, path: &str, lines: &[&[u8]]| {
            to.extend(format!("GET {path} HTTP/1.1\r\nHost: {label}www.example.com\r\n").bytes());
            lines.iter().for_each(|line| to.extend([line, &b"\r\n"[..]].concat()));
            to.extend(b"accept: */*\r\nuser-agent: soak\r\n\r\n");
        };
        let line = |name: &str, value: &str| format!("{name}: {value}").into_bytes();
        match number % 10 {
            0 => get("", "/a/b?c=d", &[]),
            1 => get(&format!("{tenant}."), "/", &[&line("x-tenant", "x"), &line("x_tenant", &tenant)]),
            2 => get("", "/", &[&line("x-want", &tenant), &line("x-want", &format!("{tenant}, {tenant}"))]),
            3 => get("", "/", &[&line("authorization", &format!("Bearer {}", self.token(number)))]),
            4 => get("", "/", &[&line("authorization", &format!("Bearer {}", forged(&tenant)))]),
            5 => get("", "/", &[&line("x-want-override", &format!("foo:{tenant}, bar:v2,foo:v3,baz"))]),
            6 => get(&format!("{tenant}."), "/?want=other", &[]),
            7 => get("", "/", &hostile(number).each_ref().map(Vec::as_slice)),
            8 => get("", "/", &[&line("baggage", &format!("a=1;b, want={tenant},{tenant}={tenant}"))]),
            _ => get("", "/?want=%", &[&line("cookie", &format!("a=b; want={tenant}"))]),
        }
        match number % 10 {
            0 | 4 => Expected::Passed(String::new(), String::new()),
            3 => Expected::Passed(format!("c{}", number % TOKENS), String::new()),
            5 => Expected::Passed(String::new(), format!("foo:{tenant},bar:v2")),
            6 => Expected::Refused,
            7 => Expected::Answer,
            _ => Expected::Passed(tenant, String::new()),
        }
    }

    fn token(&self, number: u64) -> &str {
        &self.tokens[usize::try_from(number % TOKENS).expect("few tokens")]
    }
}

fn forged(tenant: &str) -> String {
    format!("{}.", unsigned(&json!({"alg": "none"}), &json!({"iss": IDP, "tenant": tenant})))
}

/// Lines of all bytes that Envoy lets into a value, in every header that the filter reads.
fn hostile(seed: u64) -> [Vec<u8>; 12] {
    let names = ["x-want", "cookie", "baggage", "x-want-override", "x-tenant", "x-override"];
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut byte = move || {
        // Xorshift (Marsaglia 2003).
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let byte = (state >> 32) as u8;
        if byte < 0x80 { b",;=:%a1-"[usize::from(byte % 8)] } else { byte }
    };
    std::array::from_fn(|line| {
        let value = (0..seed % 400).map(|_| byte());
        names[line % names.len()].bytes().chain(*b": ").chain(value).collect()
    })
}

impl Expected {
    /// Whether an answer is as expected, by its head.
    pub(crate) fn fits(&self, head: &str) -> bool {
        let got = |name| header(head, name).unwrap_or_default();
        let (passed, refused) = (head.starts_with("HTTP/1.1 200"), head.starts_with("HTTP/1.1 400"));
        match self {
            Self::Answer => passed || refused,
            Self::Passed(tenant, overrides) => {
                passed && got("got-tenant") == tenant && got("got-overrides") == overrides
            }
            Self::Perhaps(tenant) => passed && [tenant, ""].contains(&got("got-tenant")),
            Self::Refused => refused,
        }
    }
}

/// The head of an answer, once it is there, and the length of the whole.
pub(crate) fn head(bytes: &[u8]) -> Result<Option<(&str, usize)>> {
    let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(None) };
    let head = std::str::from_utf8(&bytes[..end])?;
    let length: usize = header(head, "content-length").unwrap_or("0").parse()?;
    Ok(Some((head, end + 4 + length)))
}

/// A header of an answer.
pub(crate) fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = head.lines().filter_map(|line| line.split_once(':'));
    lines.find(|(known, _)| *known == name).map(|(_, value)| value.trim())
}
