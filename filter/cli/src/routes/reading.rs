//! Reads fields of a document, and notes what is wrong with each at its place.

use std::cell::RefCell;
use std::rc::Rc;

use serde_json::Value;
use tenancy_filter::nearest;

use crate::document::{Content, Node, Place};

use super::{Mistake, Whence};

/// The mistakes of a text.
pub(super) struct Notes<'t> {
    pub(super) text: &'t str,
    pub(super) mistakes: RefCell<Vec<Mistake>>,
}

/// A value, and how its path is written.
#[derive(Clone)]
pub(super) struct At<'n> {
    pub(super) node: Rc<Node>,
    pub(super) path: String,
    pub(super) notes: &'n Notes<'n>,
}

impl<'n> At<'n> {
    pub(super) fn whence(&self) -> Whence {
        Whence { place: Some(Place::of(self.notes.text, self.node.bytes.clone())), path: self.path.clone() }
    }

    /// Notes what is wrong with it.
    pub(super) fn refuse(&self, message: impl Into<String>) {
        self.notes.mistakes.borrow_mut().push(self.whence().mistake(message));
    }

    fn child(&self, name: &str, node: &Rc<Node>) -> Self {
        let path = if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) };
        Self { node: node.clone(), path, notes: self.notes }
    }

    /// Whether it is an object; its fields have to be among those known.
    pub(super) fn is_object(&self, known: &[&str], example: &str) -> bool {
        if !matches!(self.node.content, Content::Object(_)) {
            self.refuse(format!("is {}; write an object, as in {example}", self.shown()));
            return false;
        }
        for (key, _) in self.node.fields() {
            let name = key.text().unwrap_or_default();
            if !known.contains(&name) {
                let meant = nearest(name, known).map_or(String::new(), |known| format!("did you mean {known}? "));
                self.child(name, key).refuse(format!("unknown field; {meant}known here: {}", known.join(", ")));
            }
        }
        true
    }

    /// A field; `None` if it is absent or null.
    pub(super) fn field(&self, name: &str) -> Option<Self> {
        self.node.field(name).filter(|node| !node.is_null()).map(|node| self.child(name, node))
    }

    /// A field that has to be there.
    pub(super) fn required(&self, name: &str, remedy: &str) -> Option<Self> {
        let field = self.field(name);
        if field.is_none() && !self.is_misspelt(name) {
            self.child(name, &self.node).refuse(format!("missing; {remedy}"));
        }
        field
    }

    /// Whether another field is meant for this one, which is told of it already.
    pub(super) fn is_misspelt(&self, name: &str) -> bool {
        let is_meant = |key: &str| key != name && nearest(key, &[name]).is_some();
        self.node.fields().iter().filter_map(|(key, _)| key.text()).any(is_meant)
    }

    /// The entries of a list.
    pub(super) fn entries(&self, example: &str) -> Vec<Self> {
        if !matches!(self.node.content, Content::List(_)) {
            self.refuse(format!("is {}; write a list, as in {example}", self.shown()));
        }
        let entry = |(index, node): (usize, &Rc<Node>)| {
            let path = format!("{}[{index}]", self.path);
            Self { node: node.clone(), path, notes: self.notes }
        };
        self.node.list().iter().enumerate().map(entry).collect()
    }

    pub(super) fn text(&self) -> Option<String> {
        match self.node.value() {
            Value::String(text) => Some(text),
            Value::Number(_) | Value::Bool(_) => {
                let text = self.node.text().unwrap_or_default();
                self.refuse(format!("is {}; write {text:?}, in quotes", self.shown()));
                None
            }
            Value::Null | Value::Array(_) | Value::Object(_) => {
                self.refuse(format!("is {}; write a text", self.shown()));
                None
            }
        }
    }

    /// A text that a rule admits, which returns why not.
    pub(super) fn admitted(&self, rule: impl Fn(&str) -> Option<String>) -> Option<String> {
        let text = self.text()?;
        match rule(&text) {
            Some(why) => {
                self.refuse(why);
                None
            }
            None => Some(text),
        }
    }

    pub(super) fn port(&self) -> Option<u16> {
        let port = self.node.value().as_u64().and_then(|port| u16::try_from(port).ok()).filter(|port| *port > 0);
        if port.is_none() {
            self.refuse(format!("is {}; write a port from 1 to 65535, without quotes", self.shown()));
        }
        port
    }

    pub(super) fn flag(&self) -> Option<bool> {
        let flag = self.node.value().as_bool();
        if flag.is_none() {
            self.refuse(format!("is {}; write true or false", self.shown()));
        }
        flag
    }

    fn shown(&self) -> String {
        match self.node.value() {
            Value::Null => "nothing".into(),
            Value::Bool(flag) => format!("the boolean {flag}"),
            Value::Number(number) => format!("the number {number}"),
            Value::String(text) => format!("{text:?}"),
            Value::Array(_) => "a list".into(),
            Value::Object(_) => "an object".into(),
        }
    }
}
