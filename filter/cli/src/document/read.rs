//! Reads YAML, and so JSON, into nodes.

use std::borrow::Cow;
use std::ops::Range;
use std::rc::Rc;

use saphyr_parser::{Event, Parser, ScanError, Span};

use super::node::{Content, Node, Scalar};
use super::place::{Offsets, Place};
use super::scalar;

/// Why a text is not YAML.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotYaml {
    /// Where it is not.
    pub place: Place,
    /// What is wrong there.
    pub message: String,
    /// Whether it is a key that occurs twice in one object.
    pub(super) is_repeated_key: bool,
}

/// The most values of a document, each as often as an alias names it: more than any cluster's manifests hold.
const MAX_SIZE: usize = 1_000_000;

/// The most lists and objects in each other, as in `serde_json`.
const MAX_DEPTH: usize = 128;

/// Reads the documents of a text, up to the first mistake.
pub(crate) fn parse(text: &str) -> (Vec<Rc<Node>>, Option<NotYaml>) {
    let text = &*without_surrogates(text);
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

/// JSON without halves of surrogate pairs (RFC 8259 §7), which YAML has not; each is U+FFFD, so that places stay.
fn without_surrogates(text: &str) -> Cow<'_, str> {
    let is_half =
        |digits: &str| digits.starts_with(['d', 'D']) && u16::from_str_radix(digits, 16).is_ok_and(is_surrogate);
    let escapes = text.match_indices(r"\u").map(|(at, escape)| at.saturating_add(escape.len()));
    let digits = escapes.map(|at| at..at.saturating_add("fffd".len()));
    let halves: Vec<_> = digits.filter(|digits| text.get(digits.clone()).is_some_and(is_half)).collect();
    if halves.is_empty() || !text.trim_start().starts_with(['{', '[']) {
        return text.into();
    }
    let mut text = text.to_owned();
    halves.into_iter().for_each(|digits| text.replace_range(digits, "fffd"));
    text.into()
}

fn is_surrogate(unit: u16) -> bool {
    (0xd800..=0xdfff).contains(&unit)
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
            return Err(self.mistake(bytes, "has more than a million values, or more than 128 levels"));
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
                    self.mistake(key.bytes.clone(), &format!("{name:?} occurs twice in one object; keep one"));
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
