//! What the page says of seals.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "a test may panic")]

use integration::seals;
use serde_json::{Value, json};
use tenancy_page::answer;

/// Before the vectors expire.
const BEFORE: u64 = 4_102_444_000;

fn asked(documents: &str, head: &str, time: u64) -> Value {
    let question = json!({"documents": documents, "request": {"head": head, "time": time}});
    let answer: Value = serde_json::from_str(&answer(&question.to_string())).unwrap();
    assert_eq!(answer["hops"].as_array().map(Vec::is_empty), Some(false), "{answer}");
    answer
}

/// The reasons for the line of this name in the end.
fn reasons(answer: &Value, change: &str, name: &str) -> String {
    let lines = answer["whole"]["lines"].as_array().unwrap();
    let line = lines.iter().find(|line| line["change"] == change && line["name"] == name);
    line.unwrap_or_else(|| panic!("no {change} {name} in {answer}"))["reasons"].to_string()
}

#[test]
fn each_vector_is_verified_for_the_time_of_the_question() {
    let seals = seals().unwrap();
    let sidecar = seals.sidecar().to_string();
    let told = |seal: &str, time| {
        let answer = asked(&sidecar, &format!("GET / HTTP/1.1\nHost: a\nx-tenancy-seal: {seal}"), time);
        let events = answer["hops"][0]["events"].as_array().unwrap().clone();
        events.into_iter().find(|event| event["event"].as_str().unwrap().ends_with("sealed")).unwrap_or_default()
    };
    for vector in &seals.valid {
        assert_eq!(told(&vector.seal, BEFORE)["tenant"], vector.tenant.as_str(), "{}", vector.name);
    }
    for vector in &seals.refused {
        assert_eq!(told(&vector.seal, BEFORE)["why"], vector.why.as_str(), "{}", vector.name);
    }
    assert_eq!(told(&seals.valid[0].seal, seals.valid[0].expiry + 31)["why"], "expired");
}

#[test]
fn a_seal_is_made_with_a_private_key_of_the_configuration() {
    let seals = seals().unwrap();
    let edge = format!(
        "version: 1\nrole: edge\ntenant: {{from: [{{host: '{{tenant}}.a.com'}}], to: [{{header: x-tenant}}]}}\n\
         seal: {{sign: {{key: k1, privateKey: {}}}}}\n",
        seals.keys["k1"].private
    );
    let both = format!("{edge}---\n{}\n", seals.sidecar());
    let answer = asked(&both, "GET / HTTP/1.1\nHost: feat-x.a.com\nx-tenancy-seal: v1.k1.1.a.b", BEFORE);
    assert!(reasons(&answer, "written", "x-tenancy-seal").contains("seal: made, of what was decided"), "{answer}");
    assert!(reasons(&answer, "stripped", "x-tenancy-seal").contains("replaced by what the filter writes"), "{answer}");
    assert!(!reasons(&answer, "written", "x-tenant").contains("seal"), "{answer}");
    let told = answer["hops"][1]["events"].to_string();
    assert!(told.contains("valid, of key k1: tenant feat-x"), "{told}");
    let unknown = edge.split("privateKey").next().unwrap().to_owned() + "privateKeyEnv: KEY}}\n";
    let told = asked(&unknown, "GET / HTTP/1.1\nHost: feat-x.a.com", BEFORE)["hops"][0]["events"].to_string();
    assert!(told.contains("not made here: the private key stands in KEY of the proxy's environment"), "{told}");
}

#[test]
fn what_a_seal_decides_is_its_reason() {
    let seals = seals().unwrap();
    let sidecar = seals.sidecar().to_string();
    let head = |more: &str| format!("GET / HTTP/1.1\nHost: a\nx-tenant: evil\n{more}");
    let with_seal = asked(&sidecar, &head(&format!("x-tenancy-seal: {}", seals.valid[0].seal)), BEFORE);
    assert!(reasons(&with_seal, "written", "x-tenant").contains("seal: valid, of key k1"), "{with_seal}");
    assert!(reasons(&with_seal, "stripped", "x-tenant").contains("seal: valid, of key k1"), "{with_seal}");
    let without = asked(&sidecar, &head(""), BEFORE);
    assert!(reasons(&without, "stripped", "x-tenant").contains("seal: none came with this context"), "{without}");
}
