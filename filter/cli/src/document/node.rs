//! YAML, and so JSON, as a tree with the place of each value.

use std::ops::Range;
use std::rc::Rc;

use saphyr_parser::ScalarStyle;
use serde_json::{Number, Value};

/// A value with its place.
#[derive(Debug)]
pub(crate) struct Node {
    /// Its text: that of a scalar; of an object or list only the beginning.
    pub(crate) bytes: Range<usize>,
    pub(crate) content: Content,
    /// The number of values in it, including itself, each as often as an alias names it.
    pub(super) size: usize,
    /// How many values are in each other at most, with itself.
    pub(super) depth: usize,
}

#[derive(Debug)]
pub(crate) enum Content {
    Scalar(Scalar),
    List(Vec<Rc<Node>>),
    /// Keys with their values; no key occurs twice.
    Object(Vec<(Rc<Node>, Rc<Node>)>),
}

#[derive(Debug)]
pub(crate) struct Scalar {
    pub(crate) text: String,
    pub(crate) style: ScalarStyle,
    /// Whether it has an anchor or a tag.
    pub(crate) has_properties: bool,
    /// Whether a tag makes it a text, whatever it looks like.
    pub(super) is_tagged_text: bool,
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

    /// The values of its fields, or its entries.
    pub(crate) fn values(&self) -> impl Iterator<Item = &Rc<Node>> {
        self.fields().iter().map(|(_, value)| value).chain(self.list())
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
