//! A JSON value with its path and its findings.

use std::cell::RefCell;

use serde_json::{Map, Value};

use crate::request::Role;

use super::finding::{Finding, Severity};

/// The collected findings of one reading.
pub(super) type Notes = RefCell<Vec<Finding>>;

/// A value of the configuration and its path.
#[derive(Clone)]
pub(super) struct Node<'c> {
    pub(super) value: &'c Value,
    pub(super) path: String,
    notes: &'c Notes,
}

/// An object with known fields.
pub(super) struct Object<'c> {
    map: &'c Map<String, Value>,
    fields: Vec<&'static str>,
    path: String,
    notes: &'c Notes,
}

/// The form of a list's entry: exactly one place, of one of these kinds, and options.
pub(super) struct Form<K: 'static> {
    pub(super) kinds: &'static [(&'static str, K)],
    pub(super) options: &'static [&'static str],
}

/// An entry of that form.
pub(super) struct Entry<'c, K> {
    pub(super) kind: K,
    /// The field that names the kind.
    pub(super) word: &'static str,
    pub(super) place: Node<'c>,
    pub(super) object: Object<'c>,
}

/// What is shown of a text that may be a private key. The first 48 characters of all keys on P-256 are the same (PKCS#8,
/// base64).
const SECRET_CHARACTERS: usize = 24;

/// What is shown of any other value.
const SHOWN_CHARACTERS: usize = 60;

/// More entries than anyone writes by hand; generated entries belong in routes.
const MAX_ENTRIES: usize = 64;

impl<'c> Node<'c> {
    pub(super) fn root(value: &'c Value, notes: &'c Notes) -> Self {
        Self { value, path: String::new(), notes }
    }

    /// Notes a mistake here, which rejects the configuration.
    #[inline(never)]
    pub(super) fn mistake(&self, message: impl Into<String>) {
        self.note(Severity::Error, message.into());
    }

    /// Warns that this field has no effect, or hardly the intended one.
    #[inline(never)]
    pub(super) fn warn(&self, message: impl Into<String>) {
        self.note(Severity::Warning, message.into());
    }

    fn note(&self, severity: Severity, message: String) {
        self.notes.borrow_mut().push(Finding { severity, path: self.path.clone(), message });
    }

    /// Adds the findings of another reading, without duplicates.
    pub(super) fn note_once(&self, finding: Finding) {
        let mut notes = self.notes.borrow_mut();
        if !notes.contains(&finding) {
            notes.push(finding);
        }
    }

    /// Notes that the value has the wrong type, and shows it.
    #[inline(never)]
    pub(super) fn expected(&self, what: &str) {
        self.mistake(format!("expected {what}, found {}", self.shown()));
    }

    /// The value on one short line.
    pub(super) fn shown(&self) -> String {
        let limit = if self.path.starts_with("seal") { SECRET_CHARACTERS } else { SHOWN_CHARACTERS };
        cut_at(&self.value.to_string(), limit)
    }

    /// An object with these fields; each unknown field is a mistake.
    pub(super) fn object(&self, fields: &[&'static str]) -> Option<Object<'c>> {
        let Some(map) = self.value.as_object() else {
            self.expected(&format!("an object with the fields {}", fields.join(", ")));
            return None;
        };
        let object = Object { map, fields: fields.to_vec(), path: self.path.clone(), notes: self.notes };
        object.refuse_unknown();
        Some(object)
    }

    /// A field of an object that is read elsewhere; `None` if it is absent.
    pub(super) fn child(&self, name: &str) -> Option<Node<'c>> {
        let value = self.value.as_object()?.get(name)?;
        Some(Node { value, path: format!("{}.{name}", self.path), notes: self.notes })
    }

    /// The values of an object with free names; `None` if it is not an object.
    pub(super) fn map(&self) -> Option<Vec<(&'c str, Node<'c>)>> {
        let Some(map) = self.value.as_object() else {
            self.expected("an object");
            return None;
        };
        let path = |name: &str| format!("{}.{}", self.path, short(name).escape_debug());
        let node = |(name, value): (&'c String, &'c Value)| {
            (name.as_str(), Node { value, path: path(name), notes: self.notes })
        };
        Some(map.iter().map(node).collect())
    }

    /// An entry of a form: no place and several places are mistakes.
    pub(super) fn entry<K: Copy>(&self, form: &Form<K>) -> Option<Entry<'c, K>> {
        let kinds = || form.kinds.iter().map(|(word, _)| *word);
        let object = self.object(&kinds().chain(form.options.iter().copied()).collect::<Vec<_>>())?;
        let mut present = form.kinds.iter().filter_map(|(word, kind)| Some((*word, *kind, object.field(word)?)));
        match (present.next(), present.next()) {
            (Some((word, kind, place)), None) => Some(Entry { kind, word, place, object }),
            (None, _) | (Some(_), Some(_)) => {
                object.mistake(format!("expected exactly one of {}", kinds().collect::<Vec<_>>().join(", ")));
                None
            }
        }
    }

    pub(super) fn list(&self) -> Vec<Node<'c>> {
        let Some(entries) = self.value.as_array() else {
            self.expected("a list");
            return Vec::new();
        };
        if entries.len() > MAX_ENTRIES {
            self.mistake(format!("has {} entries; at most {MAX_ENTRIES} are allowed", entries.len()));
        }
        let node = |(index, value)| Node { value, path: format!("{}[{index}]", self.path), notes: self.notes };
        entries.iter().take(MAX_ENTRIES).enumerate().map(node).collect()
    }

    pub(super) fn text(&self) -> Option<&'c str> {
        let text = self.value.as_str();
        if text.is_none() {
            self.expected("a string");
        }
        text
    }

    /// A whole number in a range. Istio passes numbers on as doubles.
    pub(super) fn whole(&self, range: &std::ops::RangeInclusive<u64>) -> Option<u64> {
        let is_whole = |number: &f64| number.fract() == 0.0 && *number >= 0.0;
        let number = self.value.as_f64().filter(is_whole).map(|number| number as u64);
        let number = number.filter(|number| range.contains(number));
        if number.is_none() {
            self.expected(&format!("a whole number from {} to {}", range.start(), range.end()));
        }
        number
    }

    /// The meaning of one of a few words.
    pub(super) fn word<T: Copy>(&self, words: &[(&str, T)]) -> Option<T> {
        let meaning = |word: &str| words.iter().find(|(known, _)| *known == word).map(|(_, meaning)| *meaning);
        let meaning = self.value.as_str().and_then(meaning);
        if meaning.is_none() {
            self.expected_word(&words.iter().map(|(word, _)| *word).collect::<Vec<_>>());
        }
        meaning
    }

    fn expected_word(&self, known: &[&str]) {
        let meant = self.value.as_str().and_then(|word| nearest(word, known));
        let meant = meant.map_or(String::new(), |known| format!("; did you mean {known}?"));
        let words: Vec<_> = known.iter().map(|word| format!("{word:?}")).collect();
        self.mistake(format!("expected {}, found {}{meant}", words.join(" or "), self.shown()));
    }
}

/// A name, which is cut if it is as long as a key.
pub(super) fn short(name: &str) -> String {
    if name.len() > 40 { cut_at(name, SECRET_CHARACTERS) } else { name.to_owned() }
}

/// The first characters of a text.
fn cut_at(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit).and_then(|(at, _)| text.get(..at)) {
        Some(head) => format!("{head}…"),
        None => text.to_owned(),
    }
}

/// The known word nearest to a misspelt one; `None` if none is near.
///
/// ```
/// assert_eq!(tenancy_filter::nearest("tenent", &["tenant", "role"]), Some("tenant"));
/// ```
pub fn nearest<'w>(word: &str, known: &[&'w str]) -> Option<&'w str> {
    let distances = known.iter().map(|known| (strsim::levenshtein(word, known), *known));
    let (distance, known) = distances.min_by_key(|(distance, _)| *distance)?;
    (distance.saturating_mul(3) <= known.len()).then_some(known)
}

impl Node<'_> {
    /// The place that an entry names, and the header in which a host stands, whatever its other options. Header names have
    /// no case.
    fn place<K>(&self, form: &Form<K>) -> Option<(&'static str, String, Option<&str>)> {
        let map = self.value.as_object()?;
        let (word, place) = form.kinds.iter().find_map(|(word, _)| Some((*word, map.get(*word)?.to_string())))?;
        Some((
            word,
            if word == "header" { place.to_ascii_lowercase() } else { place },
            map.get("of").and_then(Value::as_str),
        ))
    }
}

impl<'c> Object<'c> {
    fn refuse_unknown(&self) {
        for (name, value) in self.map.iter().filter(|(name, _)| !self.fields.contains(&name.as_str())) {
            let meant = nearest(name, &self.fields);
            let meant = meant.map_or(String::new(), |known| format!("did you mean {known}? "));
            let known = self.fields.join(", ");
            let path = self.child_path(&short(name).escape_debug().to_string());
            Node { value, path, notes: self.notes }.mistake(format!("unknown field; {meant}known here: {known}"));
        }
    }

    fn child_path(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    /// Notes a mistake of the whole object.
    #[inline(never)]
    pub(super) fn mistake(&self, message: impl Into<String>) {
        self.whole().mistake(message);
    }

    fn whole(&self) -> Node<'c> {
        Node { value: &Value::Null, path: self.path.clone(), notes: self.notes }
    }

    /// A field; `None` if it is absent.
    #[inline(never)]
    pub(super) fn field(&self, name: &'static str) -> Option<Node<'c>> {
        debug_assert!(self.fields.contains(&name));
        self.map.get(name).map(|value| Node { value, path: self.child_path(name), notes: self.notes })
    }

    /// A required field; `remedy` says what to write.
    pub(super) fn required(&self, name: &'static str, remedy: &str) -> Option<Node<'c>> {
        self.field(name).or_else(|| {
            let missing = Node { path: self.child_path(name), ..self.whole() };
            missing.mistake(format!("missing; {remedy}"));
            None
        })
    }

    /// The entries of a required, non-empty list.
    pub(super) fn required_list(&self, name: &'static str, remedy: &str) -> Vec<Node<'c>> {
        let Some(node) = self.required(name, remedy) else { return Vec::new() };
        if node.value.as_array().is_some_and(Vec::is_empty) {
            node.mistake(format!("is empty; {remedy}"));
        }
        node.list()
    }

    /// The entries of `from`, each a different source; optional in the mesh, which also reads `to`.
    pub(super) fn sources<K>(&self, role: Role, form: &Form<K>, example: &str) -> Vec<Node<'c>> {
        let entries = match role {
            Role::Edge => self.required_list("from", &format!("at an edge nothing else is read, as in {example}")),
            Role::Mesh | Role::Waypoint => self.field("from").map_or(Vec::new(), |node| node.list()),
        };
        for (index, entry) in entries.iter().enumerate() {
            let mut earlier = entries.iter().take(index).filter_map(|entry| entry.place(form));
            if entry.place(form).is_some_and(|place| earlier.any(|known| known == place)) {
                entry.mistake("is read already; name a source once");
            }
        }
        entries
    }
}
