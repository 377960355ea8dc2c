//! Headers and baggage keys that carry context, and whether they pass instances as a client sends them.

use serde_json::{Value, json};
use tenancy_filter::{Peer, SEAL_HEADER, SEAL_MEMBER};

use crate::explain::{Instance, Outcome, explain};
use crate::request::Request;

use super::deployed::Deployed;

/// A header or a baggage key that a configuration names.
pub(super) struct Carrier {
    /// Where it is named first, as in `tenant.to[0].header`.
    pub(super) path: String,
    pub(super) medium: Medium,
    pub(super) name: String,
    /// Whether an edge may believe what a client writes there.
    pub(super) is_believed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Medium {
    Header,
    Baggage,
}

impl Medium {
    const WORDS: [(&'static str, Self); 2] = [("header", Self::Header), ("baggage", Self::Baggage)];

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Header => "header",
            Self::Baggage => "baggage key",
        }
    }
}

/// Neither tenant nor override, so nothing believes it.
const CLAIMED: &str = "!";

/// Whatever a configuration reads and writes, each once, where it is named first: sources come before targets, because
/// they say whom an edge believes.
pub(super) fn carriers(configuration: &Value) -> Vec<Carrier> {
    let lists = ["tenant.from", "tenant.to", "overrides.from", "overrides.to", "projections"];
    let entries = lists.into_iter().flat_map(|list| {
        let found = list.split('.').try_fold(configuration, |value, name| value.get(name));
        let entries = found.and_then(Value::as_array).into_iter().flatten().enumerate();
        entries.map(move |(index, entry)| (format!("{list}[{index}]"), entry))
    });
    // An instance that strips the list before the one that writes its own would hide that it chose the route.
    let destinations = configuration.get("destinations").map(|entry| of_entry("destinations", entry));
    let destinations = destinations.into_iter().flatten().map(|carrier| Carrier { is_believed: true, ..carrier });
    let mut carriers: Vec<Carrier> = Vec::new();
    let own = entries.flat_map(|(path, entry)| of_entry(&path, entry));
    for carrier in own.chain(of_seal(configuration)).chain(destinations) {
        if !carriers.iter().any(|known| known.is_same(&carrier)) {
            carriers.push(carrier);
        }
    }
    carriers
}

/// What a seal travels in: its header, and its member where the configuration writes baggage.
fn of_seal(configuration: &Value) -> Vec<Carrier> {
    let Some(seal) = configuration.get("seal") else { return Vec::new() };
    let header =
        of_entry("seal", &json!({"header": seal.get("header").cloned().unwrap_or_else(|| SEAL_HEADER.into())}));
    let targets = ["/tenant/to", "/overrides/to"].map(|list| configuration.pointer(list).and_then(Value::as_array));
    let writes_baggage = targets.into_iter().flatten().flatten().any(|target| target.get("baggage").is_some());
    let member = writes_baggage.then(|| of_entry("seal", &json!({"baggage": SEAL_MEMBER})));
    header.into_iter().chain(member.into_iter().flatten()).collect()
}

fn of_entry(path: &str, entry: &Value) -> Vec<Carrier> {
    let is_believed = entry.get("trust").is_some_and(|trust| trust == "verified" || trust == "anyone");
    let carrier = |(word, medium)| {
        let name = entry.get(word)?.as_str()?.to_owned();
        Some(Carrier { path: format!("{path}.{word}"), medium, name, is_believed })
    };
    Medium::WORDS.into_iter().filter_map(carrier).collect()
}

impl Carrier {
    fn is_same(&self, other: &Self) -> bool {
        let is_same_name = match self.medium {
            Medium::Header => self.name.eq_ignore_ascii_case(&other.name),
            Medium::Baggage => self.name == other.name,
        };
        self.medium == other.medium && is_same_name
    }

    /// Whether what a client writes there is still there behind all of these; `None` if one of them is refused.
    pub(super) fn passes(&self, chain: &[&Deployed<'_>]) -> Option<bool> {
        let instances: Vec<_> = chain.iter().map(|deployed| deployed.instance.as_ref()).collect::<Option<_>>()?;
        let (header, value) = match self.medium {
            Medium::Header => (self.name.to_ascii_lowercase(), CLAIMED.to_owned()),
            Medium::Baggage => ("baggage".to_owned(), format!("{}={CLAIMED}", self.name)),
        };
        let mut request = Request { peer: Peer::Unknown, ..Request::new("GET", "client", "/") };
        request.push(&header, value.as_bytes());
        let passed = instances.into_iter().try_fold(request, |request, instance| pass(instance, &request));
        Some(passed.is_some_and(|request| request.values(&header).iter().any(|left| left.contains(&value))))
    }
}

/// The request behind an instance; `None` if it is refused.
fn pass(instance: &Instance, request: &Request) -> Option<Request> {
    match explain(std::slice::from_ref(instance), request).outcome() {
        Outcome::Passed(request) => Some(request),
        Outcome::Answered { .. } => None,
    }
}
