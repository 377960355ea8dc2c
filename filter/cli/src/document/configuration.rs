//! A plugin configuration in a file, with the places of its fields.

use std::ops::Range;
use std::rc::Rc;

use serde_json::Value;

use super::node::{Content, Node};
use super::read;
use super::scalar;

/// A plugin configuration in a file.
#[derive(Clone, Debug)]
pub(super) enum Configuration {
    /// As fields, which become JSON on their way to the proxy.
    Fields(Rc<Node>),
    /// As JSON in a text.
    Text(Rc<Text>),
    /// Not at all; where it belongs.
    Missing(Range<usize>),
}

/// JSON in a text of the file.
#[derive(Debug)]
pub(super) struct Text {
    json: String,
    /// The place in the file of each byte of the JSON, and of its end.
    places: Vec<usize>,
    /// The bytes at which the JSON ends to be JSON, or its tree; neither if it is JSON that YAML does not know.
    tree: Result<Option<Rc<Node>>, Range<usize>>,
}

/// What a path leads to.
enum Step<'n> {
    /// A field, or an entry of a list, which has no key.
    To { key: Option<&'n Node>, value: &'n Node },
    /// Nothing that is there; the innermost object or list around it.
    Within(&'n Node),
}

impl Configuration {
    /// The configuration at a node, as text if the node is a scalar.
    pub(super) fn at(file: &str, node: &Rc<Node>) -> Self {
        match &node.content {
            Content::List(_) | Content::Object(_) => Self::Fields(node.clone()),
            Content::Scalar(scalar) => {
                let places = scalar::places(file, node.bytes.clone(), scalar);
                Self::Text(Rc::new(Text { json: scalar.text.clone(), places, tree: tree(&scalar.text) }))
            }
        }
    }

    pub(super) fn json(&self) -> String {
        match self {
            Self::Fields(node) => node.value().to_string(),
            Self::Text(text) => text.json.clone(),
            Self::Missing(_) => String::new(),
        }
    }

    /// The fields; `None` if they cannot be read.
    pub(super) fn tree(&self) -> Option<&Rc<Node>> {
        match self {
            Self::Fields(node) => Some(node),
            Self::Text(text) => text.tree.as_ref().ok()?.as_ref(),
            Self::Missing(_) => None,
        }
    }

    /// The bytes of the file with the value of a path, or around the place where it is missing.
    pub(super) fn value(&self, path: &str) -> Range<usize> {
        self.locate(path, |step| match step {
            Step::To { value, .. } | Step::Within(value) => value,
        })
    }

    /// The same of the key that names it.
    pub(super) fn key(&self, path: &str) -> Range<usize> {
        self.locate(path, |step| match step {
            Step::To { key: Some(key), .. } => key,
            Step::To { key: None, value } | Step::Within(value) => value,
        })
    }

    fn locate(&self, path: &str, choose: impl for<'n> Fn(Step<'n>) -> &'n Node) -> Range<usize> {
        match self {
            Self::Missing(bytes) => bytes.clone(),
            Self::Fields(node) => choose(follow(node, path)).bytes.clone(),
            Self::Text(text) => match &text.tree {
                Ok(Some(tree)) => text.in_file(&choose(follow(tree, path)).bytes),
                Ok(None) => text.in_file(&(0..1)),
                Err(bytes) => text.in_file(bytes),
            },
        }
    }
}

impl Text {
    /// The place of some bytes of the JSON in the file.
    fn in_file(&self, bytes: &Range<usize>) -> Range<usize> {
        let end = self.places.last().copied().unwrap_or_default();
        let place = |at: usize| self.places.get(at).copied().unwrap_or(end);
        let start = place(bytes.start);
        // Behind the last byte, which may be the last of its line.
        let last = place(bytes.end.saturating_sub(1).max(bytes.start));
        start..last.saturating_add(1).min(end).max(start)
    }
}

/// The tree of a JSON text, or the bytes at which it ends to be JSON. Any YAML is taken for a tree, because the filter
/// itself says that it is none.
fn tree(json: &str) -> Result<Option<Rc<Node>>, Range<usize>> {
    let (mut documents, mistake) = read::parse(json);
    match (serde_json::from_str::<Value>(json), mistake) {
        (Err(error), _) if json.trim_start().starts_with('{') => {
            let at = byte(json, error.line(), error.column());
            Err(at..at.saturating_add(1))
        }
        (Ok(_), Some(mistake)) if mistake.is_repeated_key => Err(mistake.place.bytes),
        (Ok(_) | Err(_), Some(_)) => Ok(None),
        (Ok(_) | Err(_), None) => Ok(documents.pop()),
    }
}

/// The byte at a line, from 1, and a column in bytes, from 1, as `serde_json` counts.
fn byte(text: &str, line: usize, column: usize) -> usize {
    let before = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len);
    before.fold(column.saturating_sub(1), usize::saturating_add).min(text.trim_end().len().saturating_sub(1))
}

/// Follows a path such as `tenant.from[0].host`. Of several keys that begin it the longest counts, because a key may
/// hold dots and brackets.
fn follow<'n>(root: &'n Node, path: &str) -> Step<'n> {
    let mut at = Step::To { key: None, value: root };
    let mut rest = path;
    while !rest.is_empty() {
        let Step::To { value: node, .. } = at else { break };
        let next = match rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((index, behind)) => {
                let entry = index.parse::<usize>().ok().and_then(|index| node.list().get(index));
                entry.map(|value| (None, &**value, behind))
            }
            None => field(node, rest.strip_prefix('.').unwrap_or(rest)),
        };
        match next {
            Some((key, value, behind)) => (at, rest) = (Step::To { key, value }, behind),
            None => at = Step::Within(node),
        }
    }
    at
}

/// The field that a path begins with, and what is left of the path.
fn field<'n, 'p>(node: &'n Node, path: &'p str) -> Option<(Option<&'n Node>, &'n Node, &'p str)> {
    let found = node.fields().iter().filter_map(|(key, value)| {
        let name = key.text()?.escape_debug().to_string();
        let behind = path.strip_prefix(&name)?;
        let is_whole = behind.is_empty() || behind.starts_with(['.', '[']);
        is_whole.then_some((Some(&**key), &**value, behind))
    });
    found.min_by_key(|(_, _, behind)| behind.len())
}
