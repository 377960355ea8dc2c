//! YAML, and so JSON, as a tree that knows where each of its values stands.

use std::ops::Range;
use std::rc::Rc;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span};
use serde_json::{Number, Value};

use super::place::{Offsets, Place};
use super::scalar;

/// A value, and where it stands.
#[derive(Debug)]
pub(crate) struct Node {
    /// What stands for it: a scalar's text; of an object or list only how it begins.
    pub(crate) bytes: Range<usize>,
    pub(crate) content: Content,
    /// How many values it holds, with itself, each as often as an alias names it.
    size: usize,
    depth: usize,
}

#[derive(Debug)]
pub(crate) enum Content {
    Scalar(Scalar),
    List(Vec<Rc<Node>>),
    /// Keys with their values; no key stands twice.
    Object(Vec<(Rc<Node>, Rc<Node>)>),
}

#[derive(Debug)]
pub(crate) struct Scalar {
    pub(crate) text: String,
    pub(crate) style: ScalarStyle,
    /// Whether an anchor or a tag stands before it.
    pub(crate) has_properties: bool,
    /// Whether a tag makes it a text, whatever it looks like.
    is_tagged_text: bool,
}

/// Why a text is no YAML.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotYaml {
    /// Where it is not.
    pub place: Place,
    /// What is wrong there.
    pub message: String,
    /// Whether it is a key that stands twice in one object.
    pub(super) is_repeated_key: bool,
}

/// The most values of a document, each as often as an alias names it: more than any cluster's manifests hold.
const MAX_SIZE: usize = 1_000_000;

/// The most lists and objects in each other, as in `serde_json`.
const MAX_DEPTH: usize = 128;

/// Reads the documents of a text, up to the first mistake.
pub(crate) fn parse(text: &str) -> (Vec<Rc<Node>>, Option<NotYaml>) {
    let mut reading = Reading { offsets: Offsets::of(text), text, open: Vec::new(), anchors: Vec::new() };
    let mut documents = Vec::new();
    for step in Parser::new_from_str(text) {
        match step.map_err(|error| reading.refused(&error)).and_then(|(event, span)| reading.take(event, span)) {
            Ok(None) => {}
            Ok(Some(document)) => documents.push(document),
            Err(mistake) => return (documents, Some(mistake)),
        }
    }
    (documents, None)
}

/// A list or an object that has not ended.
struct Open {
    bytes: Range<usize>,
    anchor: usize,
    children: Vec<Rc<Node>>,
}

struct Reading<'t> {
    text: &'t str,
    offsets: Offsets,
    open: Vec<Open>,
    /// What the anchors of a number name.
    anchors: Vec<(usize, Rc<Node>)>,
}

impl Reading<'_> {
    /// Takes an event. Returns a document once it is whole.
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<Option<Rc<Node>>, NotYaml> {
        let bytes = self.offsets.byte(span.start.index())..self.offsets.byte(span.end.index());
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let is_tagged_text = tag.as_ref().is_some_and(|tag| tag.is_yaml_core_schema() && tag.suffix == "str");
                let has_properties = anchor != 0 || tag.is_some();
                let content = Scalar { text: text.into_owned(), style, has_properties, is_tagged_text };
                let bytes = scalar::trimmed(self.text, bytes, &content);
                self.close(Open { bytes, anchor, children: Vec::new() }, |_| Content::Scalar(content))
            }
            Event::SequenceStart(anchor, _) | Event::MappingStart(anchor, _) => {
                self.open.push(Open { bytes, anchor, children: Vec::new() });
                Ok(None)
            }
            Event::SequenceEnd => match self.open.pop() {
                Some(open) => self.close(open, Content::List),
                None => Ok(None),
            },
            Event::MappingEnd => match self.open.pop() {
                Some(open) => {
                    self.refuse_repeated(&open)?;
                    self.close(open, |children| Content::Object(pairs(&children)))
                }
                None => Ok(None),
            },
            Event::Alias(number) => match self.anchors.iter().rev().find(|(known, _)| *known == number) {
                Some((_, node)) => Ok(self.add(node.clone())),
                None => Err(self.mistake(bytes, "names an anchor that has not ended")),
            },
            Event::DocumentEnd => {
                self.anchors.clear();
                Ok(None)
            }
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) => Ok(None),
        }
    }

    /// Makes a value of what has ended.
    fn close(
        &mut self,
        open: Open,
        content: impl FnOnce(Vec<Rc<Node>>) -> Content,
    ) -> Result<Option<Rc<Node>>, NotYaml> {
        let Open { bytes, anchor, children } = open;
        let size = children.iter().map(|child| child.size).fold(1, usize::saturating_add);
        let depth = children.iter().map(|child| child.depth).max().unwrap_or(0).saturating_add(1);
        if size > MAX_SIZE || depth > MAX_DEPTH {
            return Err(self.mistake(bytes, "holds more than a million values, or more than 128 in each other"));
        }
        let first = children.first().map(|child| child.bytes.clone());
        let content = content(children);
        let bytes = match content {
            Content::Scalar(_) => bytes,
            Content::List(_) | Content::Object(_) => self.beginning(bytes, first),
        };
        let node = Rc::new(Node { bytes, content, size, depth });
        if anchor != 0 {
            self.anchors.push((anchor, node.clone()));
        }
        Ok(self.add(node))
    }

    /// How a list or an object begins: its bracket, or its first key or dash.
    fn beginning(&self, bytes: Range<usize>, first: Option<Range<usize>>) -> Range<usize> {
        let is_bracket = |bracket: &str| matches!(bracket, "{" | "[" | "-");
        let bracket = bytes.start..bytes.start.saturating_add(1);
        match first {
            Some(first) if !self.text.get(bracket.clone()).is_some_and(is_bracket) => first,
            Some(_) | None => bracket,
        }
    }

    /// Adds a value to what is open; if nothing is, it is the document.
    fn add(&mut self, node: Rc<Node>) -> Option<Rc<Node>> {
        match self.open.last_mut() {
            Some(open) => {
                open.children.push(node);
                None
            }
            None => Some(node),
        }
    }

    fn refuse_repeated(&self, open: &Open) -> Result<(), NotYaml> {
        let mut known = std::collections::HashSet::new();
        let repeated = open.children.iter().step_by(2).find(|key| !key.text().is_none_or(|text| known.insert(text)));
        match repeated {
            None => Ok(()),
            Some(key) => {
                let name = key.text().unwrap_or_default();
                let mistake =
                    self.mistake(key.bytes.clone(), &format!("{name:?} stands twice in one object; keep one"));
                Err(NotYaml { is_repeated_key: true, ..mistake })
            }
        }
    }

    fn refused(&self, error: &ScanError) -> NotYaml {
        let at = self.offsets.byte(error.marker().index());
        self.mistake(at..at, error.info())
    }

    fn mistake(&self, bytes: Range<usize>, message: &str) -> NotYaml {
        NotYaml { place: Place::of(self.text, bytes), message: message.to_owned(), is_repeated_key: false }
    }
}

fn pairs(children: &[Rc<Node>]) -> Vec<(Rc<Node>, Rc<Node>)> {
    let (keys, values) = (children.iter().step_by(2), children.iter().skip(1).step_by(2));
    keys.zip(values).map(|(key, value)| (key.clone(), value.clone())).collect()
}

impl Node {
    /// A scalar's text, whatever its type.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Scalar(scalar) => Some(&scalar.text),
            Content::List(_) | Content::Object(_) => None,
        }
    }

    pub(crate) fn list(&self) -> &[Rc<Node>] {
        match &self.content {
            Content::List(list) => list,
            Content::Scalar(_) | Content::Object(_) => &[],
        }
    }

    pub(crate) fn fields(&self) -> &[(Rc<Node>, Rc<Node>)] {
        match &self.content {
            Content::Object(fields) => fields,
            Content::Scalar(_) | Content::List(_) => &[],
        }
    }

    /// A field with its key.
    pub(crate) fn entry(&self, name: &str) -> Option<&(Rc<Node>, Rc<Node>)> {
        self.fields().iter().find(|(key, _)| key.text() == Some(name))
    }

    pub(crate) fn field(&self, name: &str) -> Option<&Rc<Node>> {
        self.entry(name).map(|(_, value)| value)
    }

    /// A field of a field, and so on.
    pub(crate) fn at(&self, names: &[&str]) -> Option<&Rc<Node>> {
        let (first, others) = names.split_first()?;
        others.iter().try_fold(self.field(first)?, |node, name| node.field(name))
    }

    pub(crate) fn is_null(&self) -> bool {
        self.value() == Value::Null
    }

    /// The value as JSON. A plain scalar has the type that YAML's core schema gives it (YAML 1.2.2 §10.3.2).
    pub(crate) fn value(&self) -> Value {
        match &self.content {
            Content::Scalar(scalar) => scalar.value(),
            Content::List(list) => list.iter().map(|entry| entry.value()).collect(),
            Content::Object(fields) => Value::Object(
                fields
                    .iter()
                    .map(|(key, value)| {
                        let name = key.text().map_or_else(|| key.value().to_string(), str::to_owned);
                        (name, value.value())
                    })
                    .collect(),
            ),
        }
    }
}

impl Scalar {
    fn value(&self) -> Value {
        match self.style {
            ScalarStyle::Plain if !self.is_tagged_text => plain(&self.text),
            ScalarStyle::Plain
            | ScalarStyle::SingleQuoted
            | ScalarStyle::DoubleQuoted
            | ScalarStyle::Literal
            | ScalarStyle::Folded => self.text.clone().into(),
        }
    }
}

fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => true.into(),
        "false" | "False" | "FALSE" => false.into(),
        _ => number(text).map_or_else(|| text.into(), Value::Number),
    }
}

fn number(text: &str) -> Option<Number> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let radix = |prefix, radix| text.strip_prefix(prefix).and_then(|digits| u64::from_str_radix(digits, radix).ok());
    if let Some(number) = radix("0x", 16).or_else(|| radix("0o", 8)) {
        return Some(number.into());
    }
    // Otherwise Rust also reads "inf" and "nan".
    if !unsigned.starts_with(|first: char| first.is_ascii_digit() || first == '.') {
        return None;
    }
    let whole = text.strip_prefix('+').unwrap_or(text);
    let integer = whole.parse::<u64>().map(Number::from).or_else(|_| whole.parse::<i64>().map(Number::from));
    integer.ok().or_else(|| Number::from_f64(text.parse().ok()?))
}
