//! `strip`.

use crate::bytes::grammar::is_token;
use crate::names::{Field, Kept, begins, same_name};

use super::draft::Draft;
use super::meaning;
use super::node::Node;
use super::ownership::{BAGGAGE, Ownership};
use super::place;

/// A name, or a prefix followed by `*`.
struct Stripped<'c> {
    /// As it is written.
    text: &'c str,
    name: &'c str,
    is_prefix: bool,
}

/// Reads the headers that an edge removes; `believed` are those that it reads first.
pub(super) fn read(node: &Node<'_>, draft: &mut Draft, believed: &[Field]) {
    if !draft.role.is_edge() {
        node.mistake(format!("strips nothing {}; move it to the edge", place(draft.role)));
    }
    if node.value.as_array().is_some_and(Vec::is_empty) {
        node.mistake("is empty; leave it out, or name headers as in [x-debug-*]");
    }
    for entry in node.list() {
        let Some(stripped) = entry.text().map(Stripped::parse) else { continue };
        match stripped.fault(&draft.owned) {
            Some(fault) => entry.mistake(fault),
            None => {
                if let Some(doubt) = stripped.doubt(&draft.owned, believed) {
                    entry.warn(doubt);
                }
                draft.owned.strip(&stripped.text.to_ascii_lowercase());
            }
        }
    }
}

impl<'c> Stripped<'c> {
    fn parse(text: &'c str) -> Self {
        let (name, is_prefix) = text.strip_suffix('*').map_or((text, false), |prefix| (prefix, true));
        Self { text, name, is_prefix }
    }

    fn hits(&self, taken: &str) -> bool {
        let (taken, name) = (taken.as_bytes(), self.name.as_bytes());
        if self.is_prefix { begins(taken, name) } else { same_name(taken, name) }
    }

    /// Why it may not be removed; `None` if it may.
    fn fault(&self, owned: &Ownership) -> Option<String> {
        let text = self.text;
        if !is_token(self.name.as_bytes()) || self.name.contains('*') {
            Some(format!("expected a header name, or a prefix followed by \"*\", found {text:?}"))
        } else if let Some(header) = owned.kept().map(Kept::name).find(|name| self.hits(name)) {
            Some(format!("{text:?} would remove {header:?}, which tenant.from reads; leave one of them out"))
        } else if let Some(carrier) = BAGGAGE.iter().find(|carrier| self.hits(carrier)) {
            Some(format!("{text:?} would remove {carrier:?}; write foreignBaggage: drop for that"))
        } else {
            let framing = meaning::framing().find(|name| self.hits(name))?;
            Some(format!("{text:?} would remove {framing:?}, without which no request is whole; name less"))
        }
    }

    /// Why it is probably a mistake; `None` if it is not.
    fn doubt(&self, owned: &Ownership, believed: &[Field]) -> Option<String> {
        let text = self.text;
        let mut believed = believed.iter().filter_map(|field| owned.header(*field));
        if let Some(name) = believed.find(|name| self.hits(name)) {
            return Some(format!(
                "{text:?} does not keep an edge from believing {name:?}, which it reads and then removes by itself; name less, or give that header trust: mesh"
            ));
        }
        if self.is_prefix {
            let (name, meaning) = meaning::reached_by(self.name)?;
            return Some(format!("{text:?} would remove {name:?} too: {meaning}; name less"));
        }
        owned.names.look_up(self.name.as_bytes())?;
        Some(format!("{text:?} is removed already; leave it out"))
    }
}
