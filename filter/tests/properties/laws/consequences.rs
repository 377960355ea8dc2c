//! What follows from the requirements without knowing the answer.

use serde_json::Value;
use tenancy_filter::{Answer, Redirect, Role};

use super::call::{Change, apply, decide, peer};
use super::{Subject, sorted};
use crate::naive::{Call, Direction, Lines, MEMBER, decode, drops, fold, header, held, is_stripped, list};

/// The headers that hold an id.
const IDS: [&str; 7] = [
    "traceparent",
    "b3",
    "x-b3-traceid",
    "x-request-id",
    "x-datadog-trace-id",
    "uber-trace-id",
    "x-cloud-trace-context",
];

/// R2: a header that already is as it should be is left alone, and none is written twice.
pub(crate) fn only_what_differs_is_written(call: &Call, changes: &[Change]) {
    for (name, value) in changes {
        let present: Vec<_> = call.lines.iter().filter(|(other, _)| other == name).map(|(_, value)| value).collect();
        assert_ne!(present, Vec::from_iter(value), "{name:?} is so already");
        assert_eq!(changes.iter().filter(|(other, _)| other == name).count(), 1, "{name:?} changes once");
    }
}

/// R2, R3: no change names a header of somebody else. Repair removes trace headers of inbound requests.
pub(crate) fn only_what_is_ours_is_named(config: &Value, call: &Call, changes: &[Change]) {
    let repairs = config.get("repair").is_some() && matches!(call.direction, Direction::Inbound);
    let carriers = ["baggage", "correlation-context", "jaeger-baggage", "connection"];
    for name in changes.iter().map(|(name, _)| fold(name)) {
        let prefixes = ["ot-baggage-", "uberctx-", "baggage-"];
        let is_carrier = carriers.contains(&name.as_str()) || prefixes.iter().any(|prefix| name.starts_with(prefix));
        let holds_id = repairs && IDS.contains(&name.as_str());
        assert!(is_carrier || holds_id || is_configured(config, &name), "{name:?} is not ours");
        let untouchable = [":", "-path", "-authority", "host", "cookie"];
        let is_read_alone = list(&config["tenant"]["from"]).any(|source| source["of"] == *name);
        assert!(!untouchable.contains(&name.as_str()) && !is_read_alone, "{name:?} is nobody's to change");
        let is_trace = ["traceparent", "tracestate"].contains(&name.as_str());
        assert!(!is_trace || holds_id || config["traceHeaders"] == "drop", "{name:?} is kept");
    }
}

/// R40: whatever a link is made of, its redirect stays on the host, and comes to an end.
pub(crate) fn a_link_leads_to_the_same_host(call: &Call, answer: &Answer) {
    let Answer::Redirected(redirect) = answer else { return };
    let Redirect { location, cookie } = &**redirect;
    let value = |name: &str| call.lines.iter().rfind(|(other, _)| other == name).map_or("", |(_, value)| value);
    assert!(["GET", "HEAD"].contains(&value(":method")));
    let metadata = ["sec-fetch-mode", "sec-fetch-dest", "sec-purpose"].map(value);
    assert_eq!(metadata, ["navigate", "document", ""], "somebody opens a page");
    assert!(!matches!(location[..], [_, b'/' | b'\\', ..]) && location[0] == b'/', "{location:?}");
    assert!(location.iter().all(u8::is_ascii_graphic) && location.len() < value(":path").len(), "{location:?}");
    assert!(cookie.ends_with("; Path=/; HttpOnly; Secure; SameSite=Lax"), "{cookie:?}");
    assert!(cookie.chars().all(|c| c.is_ascii_graphic() || c == ' ') && cookie.matches(';').count() == 5, "{cookie:?}");
}

/// R13; white space may stand inside a third-party member.
pub(crate) fn what_is_written_is_visible_ascii(changes: &[Change]) {
    for (name, value) in changes.iter().filter_map(|(name, value)| Some((name, value.as_ref()?))) {
        assert!(value.chars().all(|c| matches!(c, ' '..='~' | '\t')), "{name:?} is written as {value:?}");
        assert_eq!(value.trim(), value, "{name:?}");
    }
}

/// R23.
pub(crate) fn baggage_keeps_within_its_limits(changes: &[Change]) {
    for line in changes.iter().filter(|(name, _)| name == "baggage").filter_map(|(_, value)| value.as_ref()) {
        assert!(line.len() <= 8192 && line.split(',').count() <= 64, "baggage is written as {line:?}");
    }
}

/// R21, R24: behind ours stand members of the request, in their order; where third-party members are kept and there is
/// room, all of the plainest.
pub(crate) fn third_party_members_pass_byte_for_byte(
    config: &Value,
    role: Role,
    call: &Call,
    changes: &[Change],
    leaves: bool,
) {
    let Some((_, line)) = changes.iter().find(|(name, _)| name == "baggage") else { return };
    let ours = keys(config, &["to"]);
    let is_ours =
        |member: &&str| ours.iter().any(|key| member.strip_prefix(key).is_some_and(|rest| rest.starts_with('=')));
    let written: Vec<_> = line.iter().flat_map(|line| line.split(',')).skip_while(is_ours).collect();
    let received: Vec<_> = baggage(&call.lines).collect();

    let mut rest = received.iter();
    assert!(written.iter().all(|member| rest.any(|other| other == member)), "{received:?} became {written:?}");

    let moves_context = config.get("tenant").or(config.get("overrides")).is_some();
    let drops = config.get("foreignBaggage").map_or(role == Role::Edge && moves_context, |word| word == "drop");
    let drops = drops && !leaves;
    assert!(!drops || written.is_empty(), "{written:?} are third-party");
    let has_room = received.len() < 60 && received.iter().map(|member| member.len() + 1).sum::<usize>() < 3000;
    if has_room && !drops {
        let plain = |member: &&&str| ["k1=v", "k2=v;p;q=1", "k3 = v ; p = 1"].contains(*member);
        let [came, went] = [&received, &written].map(|members| members.iter().filter(plain).collect::<Vec<_>>());
        assert_eq!(went, came);
    }
}

/// R38: something else stands beside what a request says, so that it never chooses a whole name.
pub(crate) fn no_template_is_its_senders_alone(config: &Value) {
    for template in list(&config["destinations"]["clusters"]).filter_map(Value::as_str) {
        assert_ne!(template.replace("{tenant}", "").replace("{version}", ""), "", "of {template:?}");
    }
}

/// R38: the route takes what stands between commas for the name of a cluster.
pub(crate) fn clusters_are_few_and_end_with_the_own_one(call: &Call, changes: &[Change]) {
    let Some((_, Some(clusters))) = changes.iter().find(|(name, _)| name == "x-tenancy-clusters") else { return };
    let own = call.route.as_ref().map_or("", |(_, cluster)| cluster);
    let others = clusters.strip_suffix(own).and_then(|others| others.strip_suffix(',')).expect("the own cluster last");
    let others: Vec<_> = others.split(',').collect();
    assert!((1..=7).contains(&others.len()), "{clusters:?}");
    for (place, cluster) in others.iter().enumerate() {
        assert!(!cluster.is_empty() && cluster.chars().all(|c| c.is_ascii_graphic()), "{cluster:?} of {clusters:?}");
        assert!(*cluster != own && !others[..place].contains(cluster), "{cluster:?} of {clusters:?} stands twice");
    }
}

/// R15: on the way out of the mesh nothing of ours is left, however it came.
pub(crate) fn nothing_of_ours_leaves(config: &Value, after: &Lines) {
    let headers: Vec<_> = headers(config, &["from", "to"]).collect();
    assert!(after.iter().all(|(name, _)| !headers.contains(name)), "{after:?} holds one of {headers:?}");
    let keys = keys(config, &["from", "to"]);
    let key = |member: &str| decode(member.split(['=', ';']).next().unwrap_or_default());
    for carrier in ["baggage", "correlation-context", "jaeger-baggage"] {
        let mut left = members(after, carrier).map(key);
        assert!(left.all(|key| !keys.contains(&key.trim())), "{carrier} in {after:?} holds one of {keys:?}");
    }
    for prefix in ["ot-baggage-", "uberctx-", "baggage-"] {
        let mut left = after.iter().filter_map(|(name, _)| name.strip_prefix(prefix));
        // Envoy hands over lower case alone.
        let is_ours = |left: &str| keys.iter().any(|key| key.to_ascii_lowercase() == left);
        assert!(!left.any(is_ours), "{prefix} in {after:?} names one of {keys:?}");
    }
}

/// R19. Behind an edge lies the mesh; what has left it leaves nothing more.
pub(crate) fn the_next_proxy_changes_nothing(subject: &Subject, call: &Call, after: &Lines) {
    let is_edge = subject.filter.role(peer(call)) == Role::Edge;
    let direction = if is_edge { Direction::Unspecified } else { call.direction.clone() };
    let next = Call { lines: after.clone(), is_unknown_peer: false, direction, ..call.clone() };
    assert_eq!(decide(&subject.next, &next), Ok(vec![]), "behind {after:?}");
}

/// R8: what a client may not send changes nothing, and is gone.
pub(crate) fn nothing_of_ours_comes_from_a_client(subject: &Subject, call: &Call, after: &Lines) {
    let config = &subject.config;
    let is_forged =
        |name: &str| is_configured(config, &fold(name)) && !name.starts_with(':') && !is_believed(config, name);
    let mut honest = call.clone();
    honest.lines.retain(|(name, _)| !is_forged(name));
    let mut decision = decide(&subject.filter, &honest).map(|changes| apply(&honest.lines, &changes));
    let list = config["destinations"]["header"].as_str().map(str::to_ascii_lowercase);
    if let (Ok(honest), Some(list)) = (&mut decision, list.filter(|list| !after.iter().any(|(name, _)| name == list))) {
        // By what it brought its route may have been chosen, so it gets no list; see R38.
        honest.retain(|(name, _)| *name != list);
    }
    assert_eq!(decision.as_ref().map(sorted), Ok(sorted(after)), "without what is forged (left)");

    let targets: Vec<_> = headers(config, &["to"]).collect();
    let written: Vec<_> = after.iter().map(|(name, _)| name).filter(|name| !name.starts_with(':')).collect();
    for name in written.iter().filter(|name| is_configured(config, &fold(name))) {
        assert!(targets.contains(name), "{name:?} is the client's");
        assert_eq!(written.iter().filter(|other| other == &name).count(), 1, "{name:?} stands once");
    }
    for key in keys(config, &["from", "to"]) {
        let members: Vec<_> = baggage(after).filter(|member| may_be(member, key)).collect();
        assert!(members.iter().all(|member| member.starts_with(&format!("{key}="))), "{members:?}");
        assert!(members.len() <= usize::from(keys(config, &["to"]).contains(&key)), "{members:?}");
    }
    assert_eq!(subject.filter.role(peer(call)), Role::Edge);
}

/// R44: an application that hands on the seal alone has handed on everything, whatever else it does.
pub(crate) fn a_valid_seal_alone_is_enough(subject: &Subject, call: &Call, after: &Lines) {
    if subject.config["seal"].get("verify").is_none() {
        return;
    }
    let is_valid =
        |(name, text): &&(String, String)| header(&subject.config).as_ref() == Some(name) && held(text).is_some();
    let Some(seal) = after.iter().find(is_valid) else {
        let is_edge = subject.filter.role(peer(call)) == Role::Edge;
        let is_seal = |(name, _): &(String, String)| header(&subject.config).as_ref() == Some(name);
        return assert!(!is_edge || !after.iter().any(is_seal), "{after:?} has a seal of the client's");
    };
    let is_pseudo = |(name, _): &&(String, String)| name.starts_with(':');
    let lines = call.lines.iter().filter(is_pseudo).chain([seal]).cloned().collect();
    let alone = Call { lines, token: None, ..call.clone() };
    let changed = decide(&subject.filter, &alone).map(|changes| apply(&alone.lines, &changes));
    assert_eq!(
        changed.map(|lines| written(&subject.config, &lines)),
        Ok(written(&subject.config, after)),
        "{seal:?} alone (left)"
    );
}

/// R44: without a valid seal no carrier of ours gives a context, and with one none changes it.
pub(crate) fn nothing_but_a_seal_counts_under_drop(subject: &Subject, call: &Call, after: &Lines) {
    let config = &subject.config;
    if !drops(config) {
        return;
    }
    let plain: Vec<_> = headers(config, &["from", "to"]).filter(|name| Some(name) != header(config).as_ref()).collect();
    let ours: Vec<_> = keys(config, &["from", "to"]).into_iter().filter(|key| *key != MEMBER).collect();
    let is_carrier = |name: &str| ["baggage", "correlation-context", "jaeger-baggage"].contains(&name);
    let mut bare = Call { token: None, ..call.clone() };
    bare.lines.retain(|(name, _)| !plain.contains(name));
    for (_, line) in bare.lines.iter_mut().filter(|(name, _)| is_carrier(name)) {
        let rest = line.split(',').filter(|member| !ours.iter().any(|key| may_be(member, key)));
        *line = rest.collect::<Vec<_>>().join(",");
    }
    let changed = decide(&subject.filter, &bare).map(|changes| apply(&bare.lines, &changes));
    assert_eq!(
        changed.map(|lines| written(config, &lines)),
        Ok(written(config, after)),
        "without plain carriers (left)"
    );
}

/// What stands in the targets, but for the list of clusters, which tells where a request came from.
fn written(config: &Value, lines: &Lines) -> Lines {
    let list = config["destinations"]["header"].as_str().map(str::to_ascii_lowercase);
    let targets: Vec<_> = headers(config, &["to"]).filter(|name| Some(name) != list.as_ref()).collect();
    let mut written: Lines = lines.iter().filter(|(name, _)| targets.contains(name)).cloned().collect();
    for key in keys(config, &["to"]) {
        let members = baggage(lines).filter(|member| member.starts_with(&format!("{key}=")));
        written.extend(members.map(|member| ("baggage".to_owned(), member.to_owned())));
    }
    sorted(&written)
}

fn may_be(member: &str, key: &str) -> bool {
    let received = member.split(['=', ';']).next().unwrap_or_default().replace('+', " ");
    fold(decode(&received).trim_matches(|c: char| !c.is_ascii_graphic())) == fold(key)
}

fn baggage(lines: &Lines) -> impl Iterator<Item = &str> {
    members(lines, "baggage")
}

fn members<'a>(lines: &'a Lines, carrier: &str) -> impl Iterator<Item = &'a str> {
    let lines = lines.iter().filter(move |(name, _)| name == carrier);
    let members = lines.flat_map(|(_, line)| line.split(',')).map(|member| member.trim_matches([' ', '\t']));
    members.filter(|member| !member.is_empty())
}

/// Whether a folded name is one that the configuration names.
fn is_configured(config: &Value, folded: &str) -> bool {
    headers(config, &["from", "to"]).any(|name| fold(&name) == folded) || is_stripped(config, folded)
}

/// Whether an edge may believe a header of this very name; for unknown peers it verifies seals.
fn is_believed(config: &Value, name: &str) -> bool {
    if config["seal"].get("verify").is_some() && header(config).is_some_and(|seal| seal == name) {
        return true;
    }
    let trusts = |entry: &&Value| ["anyone", "verified"].iter().any(|trust| entry["trust"] == *trust);
    entries(config, &["from"])
        .filter(trusts)
        .any(|entry| entry["header"].as_str().is_some_and(|known| known.to_ascii_lowercase() == name))
}

fn headers(config: &Value, ends: &'static [&'static str]) -> impl Iterator<Item = String> {
    let projections = config["projections"].as_array().into_iter().flatten();
    let entries = entries(config, ends).chain(projections).chain(config.get("destinations"));
    entries.filter_map(|entry| Some(entry["header"].as_str()?.to_ascii_lowercase())).chain(header(config))
}

fn keys<'a>(config: &'a Value, ends: &'static [&'static str]) -> Vec<&'a str> {
    let is_written = entries(config, &["to"]).any(|entry| entry.get("baggage").is_some());
    let seal = config.get("seal").filter(|_| is_written || ends.contains(&"from")).map(|_| MEMBER);
    entries(config, ends).filter_map(|entry| entry["baggage"].as_str()).chain(seal).collect()
}

fn entries<'a>(config: &'a Value, ends: &'static [&'static str]) -> impl Iterator<Item = &'a Value> {
    let lists =
        ["tenant", "overrides"].into_iter().flat_map(move |section| ends.iter().map(move |end| &config[section][end]));
    lists.filter_map(Value::as_array).flatten()
}
