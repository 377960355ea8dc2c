//! The requests that are measured, and the configuration that does the whole job on them.

pub mod worst;

use tenancy_filter::{Filter, Header, Mutation, Peer, Tally};
use tenancy_filter_envoy::{Attributes, Facts};
use worst::Worst;

/// An edge that does everything but read a token: the tenant from the host, overrides from the client, baggage kept.
pub const WHOLE_JOB: &str = r#"{
    "version": 1,
    "role": "edge",
    "tenant": {
        "from": [{"host": "{tenant}.www.carouselltenancy.com"}],
        "to": [{"header": "c-tenancy"}, {"baggage": "tenant"}]
    },
    "overrides": {
        "from": [{"header": "x-override", "trust": "anyone"}],
        "to": [{"header": "x-override"}]
    },
    "foreignBaggage": "keep"
}"#;

/// What a browser sends, whoever its user is.
const BROWSER: [(&str, &str); 11] = [
    (
        "user-agent",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
    ),
    ("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
    ("accept-encoding", "gzip, deflate, br"),
    ("accept-language", "en-GB,en;q=0.9"),
    ("cache-control", "no-cache"),
    ("pragma", "no-cache"),
    ("referer", "https://www.example.com/a/b"),
    ("sec-fetch-dest", "document"),
    ("sec-fetch-mode", "navigate"),
    ("sec-fetch-site", "same-origin"),
    ("upgrade-insecure-requests", "1"),
];

const TENANT_HOST: &str = "feat-x.www.carouselltenancy.com";

/// A GET without a body.
#[derive(Clone, Debug)]
pub struct Get {
    /// What tables call it.
    pub name: String,
    /// Its host.
    pub authority: String,
    /// The query of its path.
    pub query: String,
    /// Its header lines, names in lower case.
    pub lines: Vec<(String, String)>,
}

impl Get {
    fn new(name: &str, authority: &str, lines: &[(&str, &str)]) -> Self {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Self {
            name: name.into(),
            authority: authority.into(),
            query: "c=d".into(),
            lines: lines.iter().map(owned).collect(),
        }
    }

    /// A browser's request, with nothing of ours.
    pub fn ordinary() -> Self {
        Self::new("ordinary", "www.example.com", &BROWSER)
    }

    /// The same with a tenant's host, two lines of overrides and third-party baggage.
    pub fn tenant() -> Self {
        let ours = [("x-override", "foo:v1"), ("x-override", "bar:v2, foo:v3"), ("baggage", "userId=alice,region=eu")];
        Self::new("tenant", TENANT_HOST, &[&BROWSER[..], &ours].concat())
    }

    /// A browser's request within the mesh, of a trace.
    pub fn traced(name: &str, trace: u8) -> Self {
        let traceparent = format!("00-{trace:032x}-00f067aa0ba902b7-01");
        Self::new(name, "shop", &BROWSER).line("traceparent", traceparent)
    }

    /// The worst that a client may send, and a tenth of it, by the bytes of its lines: 100 header lines, 64 members
    /// and 64 overrides at 60 KiB.
    pub fn hostile(kibibytes: usize) -> Self {
        // Envoy counts its four pseudo-headers too.
        let (count, members) = (kibibytes * 100 / 60 - 4, kibibytes * 64 / 60);
        // Spaced, so that each line has to be written anew.
        let list = |entry: &dyn Fn(usize) -> String| (0..members).map(entry).collect::<Vec<_>>().join(", ");
        let mut get = Self::new("hostile", TENANT_HOST, &[]);
        get.name = format!("hostile, {kibibytes} KiB");
        get.lines.push(("baggage".into(), list(&|number| format!("key-{number}=value-{number}"))));
        get.lines.push(("x-override".into(), list(&|number| format!("service-{number}:v{number}"))));
        let left = kibibytes * 1024 - get.size();
        let rest = count - get.lines.len();
        // Of the length of names of ours, so that each has to be looked at.
        get.lines.extend((0..rest).map(|number| (format!("x-over-{number:02}a"), "a".repeat(left / rest - 10))));
        get
    }

    /// With one more line.
    pub fn line(mut self, name: &str, value: impl Into<String>) -> Self {
        self.lines.push((name.into(), value.into()));
        self
    }

    /// Under another name.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// The bytes of its names and values.
    pub fn size(&self) -> usize {
        self.lines.iter().map(|(name, value)| name.len() + value.len()).sum()
    }

    /// As a proxy sees it: pseudo-headers first.
    pub fn headers(&self) -> Vec<(String, String)> {
        let path = format!("/a/b?{}", self.query);
        let pseudo = [(":authority", self.authority.as_str()), (":path", &path), (":method", "GET")];
        let pseudo = pseudo.iter().chain(&[(":scheme", "http")]).map(|(name, value)| ((*name).into(), (*value).into()));
        pseudo.chain(self.lines.iter().cloned()).collect()
    }

    /// As it goes over the wire in HTTP/1.1, with this in front of its path.
    pub fn to_http1(&self, prefix: &str) -> Vec<u8> {
        let lines: String = self.lines.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        format!("GET {prefix}/a/b?{} HTTP/1.1\r\nhost: {}\r\n{lines}\r\n", self.query, self.authority).into_bytes()
    }
}

/// The requests whose costs without a proxy are counted, each with its configuration.
pub fn counted() -> Vec<Counted> {
    let usual = [Get::ordinary(), Get::tenant(), Get::hostile(60)];
    let usual = usual.map(|get| Counted { get, configuration: WHOLE_JOB.into(), is_inbound: false, times: 1000 });
    let worst = worst::counted().map(|Worst { get, configuration, direction, .. }| Counted {
        get,
        configuration,
        is_inbound: direction == "INBOUND",
        times: 10,
    });
    usual.into_iter().chain(worst).collect()
}

/// A request whose costs without a proxy are counted.
#[derive(Debug)]
pub struct Counted {
    /// The request.
    pub get: Get,
    /// The configuration.
    pub configuration: String,
    /// Whether its listener says so.
    pub is_inbound: bool,
    /// How often it is decided.
    pub times: usize,
}

/// A host that knows the direction of its listener alone.
struct Listener {
    is_inbound: bool,
}

impl Attributes for Listener {
    type Failure = std::convert::Infallible;

    fn property(&self, path: &[&str]) -> Result<Option<Vec<u8>>, Self::Failure> {
        let is_asked = self.is_inbound && path == ["xds", "listener_direction"];
        Ok(is_asked.then(|| 1u64.to_le_bytes().into()))
    }
}

/// Looks at the decision of a request that nobody refuses, by a front end whose host knows the listener alone.
pub fn decided<T>(
    filter: &Filter,
    headers: &[Header<'_>],
    is_inbound: bool,
    tally: &Tally,
    look: impl FnOnce(&[Mutation<'_>]) -> T,
) -> T {
    let scan = filter.scan(headers, Peer::Unknown);
    let facts = Facts::gather(&Listener { is_inbound }, scan.wants(), filter).expect("a host that cannot fail");
    let gathered = facts.gathered();
    let decision = scan.decide(&gathered, (), tally);
    look(&decision.expect("no refusal").mutations)
}

/// Decides a request. Returns the headers that it writes, or removes if there is no value.
pub fn decide(filter: &Filter, headers: &[Header<'_>]) -> Vec<(String, Option<String>)> {
    decide_at(filter, headers, false)
}

/// The same at an inbound listener or another one.
pub fn decide_at(filter: &Filter, headers: &[Header<'_>], is_inbound: bool) -> Vec<(String, Option<String>)> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let change = |mutation: &Mutation<'_>| match mutation {
        Mutation::Remove { name } => (text(name), None),
        Mutation::Set { name, value } => (text(name), Some(text(value))),
    };
    decided(filter, headers, is_inbound, &Tally::default(), |mutations| mutations.iter().map(change).collect())
}

/// Header lines as the filter takes them.
pub fn borrowed(lines: &[(String, String)]) -> Vec<Header<'_>> {
    lines.iter().map(|(name, value)| Header { name: name.as_bytes(), value: value.as_bytes() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes(get: &Get) -> Vec<(String, Option<String>)> {
        decide(&Filter::from_config(WHOLE_JOB.as_bytes()).unwrap().filter, &borrowed(&get.headers()))
    }

    #[test]
    fn requests_make_the_work_that_they_are_for() {
        let set = |name: &str, value: &str| (name.to_owned(), Some(value.to_owned()));
        let mut tenant = changes(&Get::tenant());
        tenant.sort();
        let baggage = set("baggage", "tenant=feat-x,userId=alice,region=eu");
        assert_eq!(tenant, [baggage, set("c-tenancy", "feat-x"), set("x-override", "foo:v1,bar:v2")]);
        assert_eq!(changes(&Get::ordinary()), []);
    }

    #[test]
    fn a_hostile_request_fills_its_limits() {
        for (kibibytes, lines, members) in [(60, 96, 64), (6, 6, 6)] {
            let get = Get::hostile(kibibytes);
            assert_eq!(get.lines.len(), lines);
            assert_eq!(get.lines[0].1.split(',').count(), members);
            assert!(get.size() <= kibibytes * 1024 && get.size() + lines >= kibibytes * 1024, "{}", get.size());
            assert_eq!(changes(&get).len(), 3);
        }
    }
}
