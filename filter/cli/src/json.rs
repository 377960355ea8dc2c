//! Explanations as JSON.

use serde_json::{Map, Value, json};

use crate::explain::{Explanation, Hop, Outcome};
use crate::request::{Line, Request};
use crate::told::{Fact, Told, latin1};

impl Explanation {
    /// The explanation as JSON: what became of the request in the end, every event in order, and each hop.
    ///
    /// A status of 200 says that it goes on; then `body` is `null`. Otherwise `headers` are those of the answer. Each byte of a header is the character of its number,
    /// up to U+00FF.
    pub fn to_json(&self) -> Value {
        let mut json = outcome(&self.outcome());
        let events: Vec<_> = self.hops.iter().flat_map(|hop| hop.told.iter().map(|told| event(hop, told))).collect();
        json.insert("events".into(), events.into());
        json.insert("hops".into(), self.hops.iter().map(hop).collect());
        json.into()
    }
}

fn hop(hop: &Hop) -> Value {
    let mut json = Map::from_iter([("instance".to_owned(), hop.instance.clone().into())]);
    json.extend(outcome(&hop.outcome));
    json.into()
}

fn outcome(outcome: &Outcome) -> Map<String, Value> {
    let (status, body, lines) = match outcome {
        Outcome::Passed(Request { headers, trailers, .. }) => {
            (200, Value::Null, [self::lines(headers), self::lines(trailers)])
        }
        Outcome::Answered { status, headers, body } => {
            (*status, body.clone().into(), [self::lines(headers), json!([])])
        }
    };
    let [headers, trailers] = lines;
    let fields = [("status", status.into()), ("body", body), ("headers", headers), ("trailers", trailers)];
    fields.map(|(name, value)| (name.to_owned(), value)).into_iter().collect()
}

fn lines(lines: &[Line]) -> Value {
    lines.iter().map(|(name, value)| json!([latin1(name), latin1(value)])).collect()
}

/// Details of one key, such as the headers that are withheld, become a list.
fn event(hop: &Hop, told: &Told) -> Value {
    let mut json = Map::new();
    json.insert("instance".into(), hop.instance.clone().into());
    json.insert("event".into(), told.name.into());
    for (key, fact) in &told.details {
        let value = match fact {
            Fact::Text(text) => Value::from(text.clone()),
            Fact::Count(count) => (*count).into(),
        };
        match json.get_mut(*key) {
            None => {
                json.insert((*key).to_owned(), value);
            }
            Some(Value::Array(list)) => list.push(value),
            Some(first) => *first = json!([first.take(), value]),
        }
    }
    json.insert("text".into(), told.to_string().into());
    json.into()
}
