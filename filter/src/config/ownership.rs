//! The header names and baggage keys that a configuration owns, and their use.

use crate::baggage::{self, BAGGAGE_PREFIXES, Key, OLDER_BAGGAGE};
use crate::bytes::grammar::{MAX_TENANT_BYTES, is_token};
use crate::names::{Field, HeaderName, Kept, Names, same_name};
use crate::read::carried::Asked;
use crate::read::host::HostPlace;
use crate::read::overrides::MAX_ENCODED_BYTES;
use crate::request::Role;
use crate::seal::MAX_SEAL_BYTES;
use crate::write::strip::CONNECTION;

use super::meaning;
use super::node::{Node, short};

/// The use of a name: a header or a key carries one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    Tenant,
    Overrides,
    Projections,
    Destinations,
    Seal,
}

/// Headers of baggage members, which are named by key.
pub(super) const BAGGAGE: [&str; 3] = [baggage::NAME, OLDER_BAGGAGE[0], OLDER_BAGGAGE[1]];

/// Everything owned so far.
pub(super) struct Ownership {
    pub(super) role: Role,
    pub(super) names: Names,
    pub(super) asked: Asked,
    headers: Vec<(HeaderName, Field, Owner)>,
    keys: Vec<(Key, Owner, Use)>,
}

/// Whether a baggage key is written too.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    Read,
    Written,
}

impl Ownership {
    pub(super) fn new(role: Role) -> Self {
        let mut names = Names::default();
        if role.is_edge() {
            names.insert(CONNECTION, Field::Connection);
        }
        Self { role, names, asked: Asked::new(role), headers: Vec::new(), keys: Vec::new() }
    }

    /// A header to write.
    pub(super) fn target_header(&mut self, node: &Node<'_>, owner: Owner) -> Option<(HeaderName, Field)> {
        self.own_header(&carrier_name(node)?, node, owner)
    }

    /// The header to write that the field at this node names.
    pub(super) fn own_header(&mut self, name: &str, node: &Node<'_>, owner: Owner) -> Option<(HeaderName, Field)> {
        let name: HeaderName = name.into();
        if let Some((_, _, other)) = self.headers.iter().find(|(known, ..)| *known == name) {
            node.mistake(format!("{name:?} carries {} already; a header carries one thing", other.what()));
            return None;
        }
        let field = Field::Target(self.number());
        self.own(&name, field, owner);
        Some((name, field))
    }

    /// A header to read, which may also be written.
    pub(super) fn source_header(&mut self, node: &Node<'_>, owner: Owner) -> Option<Field> {
        let name = carrier_name(node)?;
        match self.headers.iter().find(|(known, ..)| *known == name) {
            Some((_, _, other)) if *other != owner => {
                node.mistake(format!("{name:?} carries {} already; a header carries one thing", other.what()));
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

    /// A baggage key to write, and its number among those that are read.
    pub(super) fn target_key(&mut self, node: &Node<'_>, owner: Owner) -> Option<(Key, u16)> {
        self.own_key((baggage_key(node)?, Use::Written), node, owner)
    }

    /// The baggage key, to write or to read, that the field at this node names, and its number.
    pub(super) fn own_key(&mut self, (key, usage): (Key, Use), node: &Node<'_>, owner: Owner) -> Option<(Key, u16)> {
        if let Some((_, other, _)) = self.keys.iter().find(|(known, ..)| *known == key) {
            node.mistake(format!("{:?} carries {} already; a key carries one thing", key.0, other.what()));
            return None;
        }
        self.keys.push((key.clone(), owner, usage));
        let number = self.asked.members.number(&key.0);
        Some((key, number))
    }

    /// A baggage key to read, which may also be written, by its number.
    pub(super) fn source_key(&mut self, node: &Node<'_>, owner: Owner) -> Option<u16> {
        let key = baggage_key(node)?;
        match self.keys.iter().find(|(known, ..)| *known == key) {
            Some((_, other, _)) if *other != owner => {
                node.mistake(format!("{:?} carries {} already; a key carries one thing", key.0, other.what()));
                return None;
            }
            Some(_) => {}
            None => self.keys.push((key.clone(), owner, Use::Read)),
        }
        Some(self.asked.members.number(&key.0))
    }

    /// A cookie to read, by its number.
    pub(super) fn cookie(&mut self, node: &Node<'_>) -> Option<u16> {
        self.refuse_in_mesh(node, "a cookie");
        let name = node.text()?;
        if !is_token(name.as_bytes()) {
            node.mistake(format!("expected the name of a cookie (RFC 6265: a token), found {name:?}"));
            return None;
        }
        self.keep(Kept::Cookie);
        Some(self.asked.cookies.number(name))
    }

    /// The host in a header.
    pub(super) fn host(&mut self, node: &Node<'_>) -> Option<HostPlace> {
        self.refuse_in_mesh(node, "the host of another header");
        let place = node.word(&HostPlace::WORDS)?;
        place.header().into_iter().for_each(|header| self.keep(header));
        Some(place)
    }

    /// The headers by which a link recognises a page that a browser opens.
    pub(super) fn keep_navigation(&mut self) {
        [Kept::FetchMode, Kept::FetchDest, Kept::Purpose].into_iter().for_each(|header| self.keep(header));
    }

    /// Reads a header that is never changed.
    fn keep(&mut self, header: Kept) {
        if self.names.get(header.name().as_bytes()).is_none() {
            self.names.insert(header.name(), Field::Kept(header));
        }
    }

    /// The headers that are read and never changed.
    pub(super) fn kept(&self) -> impl Iterator<Item = Kept> {
        Kept::ALL.into_iter().filter(|header| self.names.get(header.name().as_bytes()).is_some())
    }

    /// A query parameter to read, by its number.
    pub(super) fn query(&mut self, node: &Node<'_>) -> Option<u16> {
        self.refuse_in_mesh(node, "a query");
        let name = node.text()?;
        if name.is_empty() {
            node.mistake("is empty; name the parameter, decoded");
        }
        Some(self.asked.queries.number(name))
    }

    /// An edge does not remove cookies, queries and headers of proxies and browsers, so later proxies would believe a
    /// value that the edge did not.
    fn refuse_in_mesh(&self, node: &Node<'_>, what: &str) {
        if !self.role.is_edge() {
            node.mistake(format!(
                "only an edge reads {what}: it does not remove it, so in the mesh any client could have sent it; leave it out"
            ));
        }
    }

    /// Removes a header by its lower-case name, or all headers with the prefix before `*`, unless it is owned.
    pub(super) fn strip(&mut self, name: &str) {
        match name.strip_suffix('*') {
            Some(prefix) => self.names.insert_prefix(prefix, Field::Stripped),
            None if self.names.get(name.as_bytes()).is_none() => self.names.insert(name, Field::Stripped),
            None => {}
        }
    }

    /// The name of a header that is read or written, by its field.
    pub(super) fn header(&self, field: Field) -> Option<&str> {
        self.headers.iter().find(|(_, known, _)| *known == field).map(|(name, ..)| &**name)
    }

    /// Whether a context is written as baggage.
    pub(super) fn writes_baggage(&self) -> bool {
        self.keys.iter().any(|(.., usage)| *usage == Use::Written)
    }

    pub(super) fn has_keys(&self) -> bool {
        !self.keys.is_empty()
    }

    /// Every key that is read or written.
    pub(super) fn all_keys(&self) -> Vec<Key> {
        self.keys.iter().map(|(key, ..)| key.clone()).collect()
    }

    /// The keys whose members are removed unless the filter writes them: at an edge all, in the mesh not those that it
    /// only reads.
    pub(super) fn removed_keys(&self) -> Vec<Key> {
        let removed = self.keys.iter().filter(|(.., usage)| self.role.is_edge() || *usage == Use::Written);
        removed.map(|(key, ..)| key.clone()).collect()
    }

    /// The bytes of all members that may be written, at worst.
    pub(super) fn longest_baggage(&self) -> usize {
        let written = self.keys.iter().filter(|(.., usage)| *usage == Use::Written);
        let member = |(key, owner, _): &(Key, Owner, Use)| {
            let value = match owner {
                Owner::Tenant | Owner::Projections | Owner::Destinations => MAX_TENANT_BYTES,
                Owner::Overrides => MAX_ENCODED_BYTES,
                Owner::Seal => MAX_SEAL_BYTES,
            };
            key.0.len().saturating_add(value).saturating_add("=,".len())
        };
        written.map(member).fold(0, usize::saturating_add)
    }

    /// Owns `baggage`, and the older headers that applications read as baggage.
    pub(super) fn own_baggage(&mut self) {
        self.names.insert(baggage::NAME, Field::Baggage);
        OLDER_BAGGAGE.iter().for_each(|name| self.names.insert(name, Field::OlderBaggage));
        BAGGAGE_PREFIXES.iter().for_each(|prefix| self.names.insert_prefix(prefix, Field::BaggagePrefix));
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
            Self::Tenant => "the tenant",
            Self::Overrides => "the overrides",
            Self::Projections => "a projection",
            Self::Destinations => "the destinations",
            Self::Seal => "the seal",
        }
    }
}

/// A name of a header that may carry our context.
fn carrier_name(node: &Node<'_>) -> Option<HeaderName> {
    let name = node.text()?.to_ascii_lowercase();
    let is = |taken: &&str| same_name(taken.as_bytes(), name.as_bytes());
    if !is_token(name.as_bytes()) {
        node.mistake(format!("expected a header name (letters, digits, \"-\"), found {:?}", short(&name)));
    } else if BAGGAGE.iter().any(is) {
        node.mistake(format!("{name:?} holds members; name one by its key, as in {{baggage: tenant}}"));
    } else if let Some((meaning, remedy)) = meaning::of(&name) {
        node.mistake(format!("{name:?} has a meaning of its own: {meaning}; {remedy}"));
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
