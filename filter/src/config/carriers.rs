//! Which header names and baggage keys a configuration owns, and for what.

use crate::baggage::{self, Key, is_token};
use crate::edge::{BAGGAGE_PREFIXES, CONNECTION, OLDER_BAGGAGE};
use crate::filter::Role;
use crate::names::{Field, HeaderName, Names, begins, same_name};

use super::node::Node;

/// Whose carrier it is: a header or a key carries one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    Tenant,
    Overrides,
}

/// What frames a message or steers a connection; taking it away breaks the request (RFC 9110 §7.6.1).
const FRAMING: [&str; 10] = [
    "host",
    "connection",
    "content-length",
    "transfer-encoding",
    "te",
    "trailer",
    "upgrade",
    "keep-alive",
    "proxy-connection",
    "expect",
];

/// What has a meaning of its own, and is therefore no carrier of ours.
const MEANINGFUL: [&str; 4] = ["authorization", "cookie", "traceparent", "tracestate"];

/// Carriers of baggage members, which are named by key.
const BAGGAGE: [&str; 3] = [baggage::NAME, OLDER_BAGGAGE[0], OLDER_BAGGAGE[1]];

/// Everything owned so far.
pub(super) struct Carriers {
    pub(super) role: Role,
    pub(super) names: Names,
    headers: Vec<(HeaderName, Field, Owner)>,
    keys: Vec<Key>,
}

impl Carriers {
    pub(super) fn new(role: Role) -> Self {
        let mut names = Names::default();
        if role == Role::Edge {
            names.insert(CONNECTION, Field::Connection);
        }
        Self { role, names, headers: Vec::new(), keys: Vec::new() }
    }

    /// A header to write.
    pub(super) fn target_header(&mut self, node: &Node<'_>, owner: Owner) -> Option<(HeaderName, Field)> {
        let name = carrier_name(node)?;
        if self.headers.iter().any(|(known, ..)| *known == name) {
            node.mistake(format!("{name:?} is written already; a header carries one thing"));
            return None;
        }
        let field = Field::Target(self.number());
        self.own(&name, field, owner);
        Some((name, field))
    }

    /// A header to read, which may be one that is written too.
    pub(super) fn source_header(&mut self, node: &Node<'_>, owner: Owner) -> Option<Field> {
        let name = carrier_name(node)?;
        match self.headers.iter().find(|(known, ..)| *known == name) {
            Some((_, _, other)) if *other != owner => {
                node.mistake(format!("{name:?} carries the {} already; a header carries one thing", other.what()));
                None
            }
            Some((_, field, _)) => Some(*field),
            None => {
                let field = Field::Source(self.number());
                self.own(&name, field, owner);
                Some(field)
            }
        }
    }

    /// A baggage key to write.
    pub(super) fn target_key(&mut self, node: &Node<'_>) -> Option<Key> {
        let key = baggage_key(node)?;
        if self.keys.contains(&key) {
            node.mistake(format!("{:?} is written already; a key carries one thing", key.0));
            return None;
        }
        self.keys.push(key.clone());
        Some(key)
    }

    /// A name, or a prefix with `*` behind it, that an edge removes.
    pub(super) fn strip(&mut self, node: &Node<'_>) {
        let Some(text) = node.text() else { return };
        let (name, is_prefix) = text.strip_suffix('*').map_or((text, false), |prefix| (prefix, true));
        let hits = |framing: &&str| {
            let (framing, name) = (framing.as_bytes(), name.as_bytes());
            if is_prefix { begins(framing, name) } else { same_name(framing, name) }
        };
        if !is_token(name.as_bytes()) || name.contains('*') {
            node.mistake(format!("expected a header name, or a prefix followed by \"*\", found {text:?}"));
        } else if let Some(carrier) = BAGGAGE.iter().find(|carrier| hits(carrier)) {
            node.mistake(format!("{text:?} would remove {carrier:?}; write foreignBaggage: drop for that"));
        } else if let Some(framing) = FRAMING.iter().find(|framing| hits(framing)) {
            node.mistake(format!("{text:?} would remove {framing:?}, without which no request is whole; name less"));
        } else if is_prefix {
            self.names.insert_prefix(&name.to_ascii_lowercase(), Field::Stripped);
        } else if self.names.get(name.to_ascii_lowercase().as_bytes()).is_none() {
            self.names.insert(&name.to_ascii_lowercase(), Field::Stripped);
        }
    }

    /// The keys whose members survive only as we write them.
    pub(super) fn keys(&self) -> &[Key] {
        &self.keys
    }

    /// Owns baggage, and at an edge whatever else applications read as baggage.
    pub(super) fn own_baggage(&mut self) {
        self.names.insert(baggage::NAME, Field::Baggage);
        if self.role == Role::Edge {
            OLDER_BAGGAGE.iter().for_each(|name| self.names.insert(name, Field::OlderBaggage));
            BAGGAGE_PREFIXES.iter().for_each(|prefix| self.names.insert_prefix(prefix, Field::BaggagePrefix));
        }
    }

    fn number(&self) -> u16 {
        u16::try_from(self.headers.len()).unwrap_or(u16::MAX)
    }

    fn own(&mut self, name: &str, field: Field, owner: Owner) {
        self.names.insert(name, field);
        self.headers.push((name.into(), field, owner));
    }
}

impl Owner {
    fn what(self) -> &'static str {
        match self {
            Self::Tenant => "tenant",
            Self::Overrides => "overrides",
        }
    }
}

/// A name of a header that may carry our context.
fn carrier_name(node: &Node<'_>) -> Option<HeaderName> {
    let name = node.text()?.to_ascii_lowercase();
    let is = |taken: &&str| same_name(taken.as_bytes(), name.as_bytes());
    if !is_token(name.as_bytes()) {
        node.mistake(format!("expected a header name (letters, digits, \"-\"), found {name:?}"));
    } else if BAGGAGE.iter().any(is) {
        node.mistake(format!("{name:?} holds members; name one by its key, as in {{baggage: tenant}}"));
    } else if let Some(taken) = FRAMING.iter().chain(&MEANINGFUL).find(|taken| is(taken)) {
        node.mistake(format!("{taken:?} has a meaning of its own; choose a header of yours, as in x-tenant"));
    } else {
        return Some(name.into());
    }
    None
}

/// A baggage key is a token (W3C Baggage, "key"); without `%` and `+`, which some SDKs decode.
fn baggage_key(node: &Node<'_>) -> Option<Key> {
    let key = node.text()?;
    let fits = is_token(key.as_bytes()) && !key.contains(['%', '+']);
    if !fits {
        node.mistake(format!("expected a baggage key (letters, digits, \"-\", \".\", \"_\"), found {key:?}"));
    }
    fits.then(|| Key(key.into()))
}
