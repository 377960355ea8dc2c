//! Resources as YAML that every reader takes for the same: YAML 1.1, as `kubectl` reads it, has more words for true and
//! false, and more kinds of numbers, than 1.2.

use serde_json::Value;

/// The resources as documents of YAML, each behind its `---`.
pub fn to_yaml(resources: &[Value]) -> String {
    let document = |resource: &Value| [vec!["---".to_owned()], lines(resource)].concat();
    let lines = resources.iter().flat_map(document);
    lines.map(|line| line + "\n").collect()
}

/// The lines of a value, without indentation; a scalar is one line.
fn lines(value: &Value) -> Vec<String> {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            fields.iter().flat_map(|(key, value)| field(&scalar(key), value)).collect()
        }
        Value::Array(entries) => entries.iter().flat_map(|entry| hang("- ", lines(entry))).collect(),
        Value::String(text) => vec![scalar(text)],
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => vec![value.to_string()],
    }
}

fn field(key: &str, value: &Value) -> Vec<String> {
    match value {
        Value::Object(fields) if !fields.is_empty() => below(key, "  ", lines(value)),
        Value::Array(entries) if !entries.is_empty() => below(key, "  ", lines(value)),
        Value::Array(_) => vec![format!("{key}: []")],
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            lines(value).into_iter().map(|line| format!("{key}: {line}")).collect()
        }
    }
}

fn below(key: &str, indent: &str, lines: Vec<String>) -> Vec<String> {
    let indented = lines.into_iter().map(|line| format!("{indent}{line}"));
    std::iter::once(format!("{key}:")).chain(indented).collect()
}

/// The lines with a start before the first, and as much space before the others.
fn hang(start: &str, lines: Vec<String>) -> Vec<String> {
    let space = " ".repeat(start.len());
    let before = std::iter::once(start).chain(std::iter::repeat(&*space));
    lines.into_iter().zip(before).map(|(line, before)| format!("{before}{line}")).collect()
}

/// What YAML 1.1 takes for a truth value or nothing.
const WORDS: [&str; 9] = ["true", "false", "yes", "no", "on", "off", "y", "n", "null"];

/// A text, in quotes wherever it could be taken for something else.
fn scalar(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._/".contains(&byte);
    let starts_plain = text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '/');
    let is_word = WORDS.contains(&text.to_ascii_lowercase().as_str());
    if starts_plain && text.bytes().all(is_plain) && !is_word { text.to_owned() } else { Value::from(text).to_string() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use serde_json::json;

    use super::*;

    #[test]
    fn a_reader_of_yaml_gets_what_was_written() {
        let resource = json!({
            "on": "yes", "1": "1e3", "a": [], "b": {}, "c": [{"d": [["e"], "f"]}, {"g": 1}], "h": {"i": {"j": null}},
            "outbound|8080||a": "@type", "*": "0x1f", "k": true, "l": "a: b", "m": "", "n.o/p": "type.googleapis.com/q",
        });
        let text = to_yaml(&[resource.clone(), resource.clone()]);
        let (documents, broken) = crate::document::parse(&text);
        assert!(broken.is_none(), "{text}");
        assert_eq!(
            documents.iter().map(|node| node.value()).collect::<Vec<_>>(),
            [resource.clone(), resource],
            "{text}"
        );
    }

    #[test]
    fn what_yaml_1_1_takes_for_something_else_is_quoted() {
        for text in ["on", "Yes", "n", "1_000", "0b1", "12", "1.5", "~", "null", ".inf", "-", "1e3"] {
            assert_eq!(scalar(text), format!("\"{text}\""));
        }
        for text in ["feat-x", "x-tenant", "gateway.networking.k8s.io/v1", "/cart", "nobody"] {
            assert_eq!(scalar(text), text);
        }
    }
}
