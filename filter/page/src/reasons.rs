//! Which events are about a header line.

use serde_json::Value;
use tenancy_filter::SealText;

use crate::changes::Change;

/// The sentences of the events that explain why a line was stripped or written.
pub(crate) fn reasons(
    configuration: &Value,
    events: &[Value],
    change: Change,
    (name, value): (&str, &[u8]),
) -> Vec<String> {
    let holds_context = ["tenant", "overrides"].iter().any(|kind| writes(configuration, kind, name));
    // A seal is written beside the context, and decides what that is.
    let is_seal = SealText::parse(value).is_some();
    let is_sealed = holds_context || is_seal;
    let tells = |event: &Value| match change {
        Change::Kept => false,
        Change::Stripped => {
            names(event, name)
                || (name == "baggage" && is_of(event, "member_"))
                || (is_sealed && (is_of(event, "sealed") || is_of(event, "unsealed")))
        }
        Change::Written => {
            names(event, name)
                || (is_of(event, "tenant_") && writes(configuration, "tenant", name))
                || (is_of(event, "override_") && writes(configuration, "overrides", name))
                || (is_sealed && is_of(event, "sealed"))
                || (is_seal && is_of(event, "seal_made"))
                || is_restored(event)
        }
    };
    let text = |event: &Value| event.get("text").and_then(Value::as_str).map(str::to_owned);
    events.iter().filter(|event| tells(event)).filter_map(text).collect()
}

fn is_of(event: &Value, kind: &str) -> bool {
    event.get("event").and_then(Value::as_str).is_some_and(|event| event.starts_with(kind))
}

fn is_restored(event: &Value) -> bool {
    is_of(event, "recalled") && event.get("context").is_some_and(|context| context == "restored")
}

/// Whether an event names this header, alone or among others.
fn names(event: &Value, name: &str) -> bool {
    event.get("header").is_some_and(|header| match header {
        Value::Array(list) => list.iter().any(|header| header == name),
        header => header == name,
    })
}

/// Whether a configuration writes a tenant or overrides into this header.
fn writes(configuration: &Value, kind: &str, name: &str) -> bool {
    let targets = configuration.get(kind).and_then(|kind| kind.get("to")).and_then(Value::as_array);
    targets.into_iter().flatten().any(|target| {
        let header = target.get("header").and_then(Value::as_str);
        header.is_some_and(|header| header.eq_ignore_ascii_case(name))
            || (name == "baggage" && target.get("baggage").is_some())
    })
}
