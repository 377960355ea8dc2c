//! What holds for every request under every configuration; shared by the property tests and the fuzz targets.

mod call;
mod consequences;
pub(crate) mod seal;
pub(crate) mod text;

use std::sync::LazyLock;

use serde_json::{Value, json};
use tenancy_filter::{Answer, Filter, Parsed, Role, Severity};

use call::{Change, decide, trailers};

use crate::naive::{self, Call, Lines};

/// A public key. Nobody verifies by it: see `naive::held`.
const KEY: &str = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEQva9rvytDLFTpUagwpJaQDPHfY8pNyg2Ye4bAwBPVPx1PN5fqzZVqtUnI9rRaQx11mi0z7kgxoteRNw0E6vYDw==";

/// A configuration, and the mesh proxy that stands behind it.
#[derive(Debug)]
pub(crate) struct Subject {
    pub(crate) config: Value,
    pub(crate) filter: Filter,
    pub(crate) next: Filter,
}

/// All of them.
pub(crate) static SUBJECTS: LazyLock<Vec<Subject>> = LazyLock::new(|| {
    let configs: Vec<Value> = serde_json::from_str(include_str!("configurations.json")).unwrap();
    configs.into_iter().map(Subject::new).collect()
});

/// Requests that have something for everybody.
static HOSTILE: LazyLock<Vec<(&Subject, Call)>> = LazyLock::new(|| {
    let seeds: [&[u8]; 5] = [
        include_bytes!("../../../fuzz/seeds/request/every-source"),
        include_bytes!("../../../fuzz/seeds/request/every-spelling"),
        include_bytes!("../../../fuzz/seeds/request/mesh"),
        include_bytes!("../../../fuzz/seeds/request/outbound"),
        include_bytes!("../../../fuzz/seeds/request/waypoint"),
    ];
    seeds.into_iter().map(text::parse).collect()
});

impl Subject {
    fn new(config: Value) -> Self {
        let compile =
            |config: &Value| Filter::from_config(config.to_string().as_bytes()).expect("a valid configuration").filter;
        let filter = compile(&config);
        let next = compile(&behind(&config));
        Self { config, filter, next }
    }
}

/// The configuration of the next proxy: of a mesh proxy, but for an edge that only strips.
fn behind(config: &Value) -> Value {
    let mut next = config.clone();
    // The route took the list of destinations, and removed it.
    next.as_object_mut().unwrap().remove("destinations");
    let moves_context = config.get("tenant").or(config.get("overrides")).is_some();
    if config["role"] != "edge" || !moves_context {
        return next;
    }
    next["role"] = json!("mesh");
    if let Some(seal) = next.get_mut("seal").and_then(Value::as_object_mut) {
        // A context that is too large for a seal goes without.
        seal.retain(|name, _| name == "header");
        seal.extend([("verify".to_owned(), json!({"k1": KEY})), ("unsealed".to_owned(), json!("count"))]);
    }
    // What an edge settled is settled, and it alone strips, tunnels, and reads what it does not remove.
    next.as_object_mut().unwrap().retain(|name, _| !["strip", "connect", "traceHeaders"].contains(&name.as_str()));
    if let Some(tenant) = next.get_mut("tenant").and_then(Value::as_object_mut) {
        tenant.remove("onConflict");
        let is_carried = |source: &Value| ["cookie", "query", "of"].iter().all(|field| source.get(*field).is_none());
        tenant["from"].as_array_mut().unwrap().retain(is_carried);
    }
    next
}

/// Panics where a request shows that one of the laws is broken.
pub(crate) fn hold(subject: &Subject, call: &Call) {
    let decision = agree(&subject.config, &subject.filter, call);
    let trailers = trailers(&subject.filter, call);
    assert_eq!(sorted(&call::apply(&call.lines, &trailers)), sorted(&naive::trailers(&subject.config, call)));

    let leaves = is_withheld(subject, call);
    let changes = match decision {
        Ok(changes) => changes,
        Err(answer) => {
            assert!(!leaves, "what leaves is not answered");
            return consequences::a_link_leads_to_the_same_host(call, &answer);
        }
    };
    let after = call::apply(&call.lines, &changes);
    if leaves {
        consequences::nothing_of_ours_leaves(&subject.config, &after);
    }
    consequences::only_what_differs_is_written(call, &changes);
    consequences::only_what_is_ours_is_named(&subject.config, call, &changes);
    consequences::what_is_written_is_visible_ascii(&changes);
    consequences::baggage_keeps_within_its_limits(&changes);
    let role = subject.filter.role(call::peer(call));
    consequences::third_party_members_pass_byte_for_byte(&subject.config, role, call, &changes, leaves);
    consequences::the_next_proxy_changes_nothing(subject, call, &after);
    if !leaves && !naive::is_tunnel(&call.lines) {
        consequences::a_valid_seal_alone_is_enough(subject, call, &after);
        consequences::nothing_but_a_seal_counts_under_drop(subject, call, &after);
    }
    if role == Role::Edge {
        consequences::nothing_of_ours_comes_from_a_client(subject, call, &after);
    }
}

/// Whether a request goes to an external host; a tunnel is left alone.
fn is_withheld(subject: &Subject, call: &Call) -> bool {
    let is_edge = subject.filter.role(call::peer(call)) == Role::Edge;
    !is_edge && naive::leaves(&subject.config, call) && !naive::is_tunnel(&call.lines)
}

/// What the filter decides, which is what the naive one decides.
fn agree(config: &Value, filter: &Filter, call: &Call) -> Result<Vec<Change>, Answer> {
    let decision = decide(filter, call);
    let after = decision.as_ref().map(|changes| sorted(&call::apply(&call.lines, changes)));
    let expected = naive::outcome(config, call);
    assert_eq!(after, expected.as_ref().map(sorted), "the naive filter disagrees (right)");
    decision
}

/// Lines by name; those of one name stay in order.
fn sorted(lines: &Lines) -> Lines {
    let mut lines = lines.clone();
    lines.sort_by(|a, b| a.0.cmp(&b.0));
    lines
}

/// The subject with share links.
pub(crate) fn linked() -> &'static Subject {
    let has_link =
        |subject: &&Subject| naive::list(&subject.config["tenant"]["from"]).any(|source| source.get("link").is_some());
    SUBJECTS.iter().find(has_link).expect("one")
}

/// The subjects that know seals.
pub(crate) fn sealed() -> Vec<&'static Subject> {
    SUBJECTS.iter().filter(|subject| subject.config.get("seal").is_some()).collect()
}

/// Panics where a host pattern that is taken finds another tenant than the naive one.
pub(crate) fn host(text: &[u8]) {
    let (config, call) = text::parse_host(text);
    if let Ok(Parsed { filter, .. }) = Filter::from_config(config.to_string().as_bytes()) {
        let _either = agree(&config, &filter, &call);
    }
}

/// Panics where templates that are taken offer other clusters than the naive filter does, or what R38 excludes.
pub(crate) fn templates(text: &[u8]) {
    let (config, call) = text::parse_templates(text);
    let Ok(Parsed { filter, .. }) = Filter::from_config(config.to_string().as_bytes()) else { return };
    consequences::no_template_is_its_senders_alone(&config);
    if let Ok(changes) = agree(&config, &filter, &call) {
        consequences::clusters_are_few_and_end_with_the_own_one(&call, &changes);
    }
}

/// R26: panics where a configuration is neither taken nor refused as it should be.
pub(crate) fn configuration(json: &[u8]) {
    let [once, twice] = [(); 2].map(|()| Filter::from_config(json));
    assert_eq!(format!("{once:?}"), format!("{twice:?}"));
    let findings = once.as_ref().map_or_else(|findings| findings, |parsed| &parsed.warnings);
    for finding in findings.iter() {
        assert!(!finding.message.is_empty() && !finding.to_string().contains('\n'), "{finding:?}");
    }
    let is_refused = findings.iter().any(|finding| finding.severity == Severity::Error);
    assert_eq!(once.is_err(), is_refused, "{findings}");
    match once {
        Err(_) => {}
        Ok(Parsed { filter, .. }) => {
            let config = serde_json::from_slice(json).unwrap();
            for (_, call) in HOSTILE.iter() {
                let _either = agree(&config, &filter, call);
            }
        }
    }
}
