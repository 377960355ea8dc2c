//! What an edge removes, because a client may not send it.

use crate::baggage::{BaggageRules, Foreign};
use crate::bytes::grammar::is_token;
use crate::bytes::text::{join, split, trim};
use crate::decision::Mutation;
use crate::events::{Event, Events};
use crate::names::{Field, Line, Lines, Names};

/// Names the headers that the next hop drops (RFC 9110 §7.6.1).
pub(crate) const CONNECTION: &str = "connection";

/// Removes every owned line but those that are about to be written.
pub(crate) fn strip<'a>(names: &Names, baggage: Option<&BaggageRules>, lines: &Lines<'a>) -> Vec<Mutation<'a>> {
    let is_written = |line: &Line<'_>| line.exact && matches!(line.field, Field::Target(_) | Field::Baggage);
    if lines.owned.iter().all(is_written) {
        return Vec::new();
    }
    let mut mutations = Vec::new();
    for name in lines.names(|line| is_removed(line, baggage)) {
        mutations.push(Mutation::remove(name));
    }
    if let Some(rules @ BaggageRules { foreign: Foreign::Keep, .. }) = baggage {
        mutations.extend(rules.rewrite_older(lines));
    }
    for name in lines.names(|line| line.field == Field::Connection) {
        mutations.extend(kept_tokens(names, lines, name).map(|rest| Mutation::set_or_remove(name, rest)));
    }
    mutations
}

/// Where only a seal gives context: removes every other form of what is written, in which a next proxy or an application
/// might read it. Headers and keys that only `from` names stay.
pub(crate) fn strip_forms<'a>(baggage: Option<&BaggageRules>, lines: &Lines<'a>) -> Vec<Mutation<'a>> {
    let is_form = |line: &Line<'_>| match line.field {
        Field::Target(_) => !line.exact,
        Field::BaggagePrefix => baggage.is_some_and(|rules| rules.owns_header(line.name)),
        Field::Source(_)
        | Field::Baggage
        | Field::OlderBaggage
        | Field::Connection
        | Field::Kept(_)
        | Field::Stripped => false,
    };
    let mut mutations: Vec<_> = lines.names(is_form).into_iter().map(Mutation::remove).collect();
    mutations.extend(baggage.into_iter().flat_map(|rules| rules.rewrite_older(lines)));
    mutations
}

/// Whether a name is ours, and not one that we merely read.
fn is_owned(field: Field) -> bool {
    !matches!(field, Field::Connection | Field::Kept(_))
}

/// Removes every owned trailer, carriers of baggage whole.
pub(crate) fn strip_trailers<'a>(lines: &Lines<'a>) -> Vec<Mutation<'a>> {
    lines.names(|line| is_owned(line.field)).into_iter().map(Mutation::remove).collect()
}

/// Tells of each name that an edge removes.
pub(crate) fn record(mutations: &[Mutation<'_>], events: &impl Events) {
    for mutation in mutations {
        match mutation {
            Mutation::Remove { name } => events.record(Event::Stripped { name }),
            Mutation::Set { .. } => {}
        }
    }
}

fn is_removed(line: &Line<'_>, baggage: Option<&BaggageRules>) -> bool {
    let keeps = |rules: &BaggageRules| rules.foreign == Foreign::Keep;
    match line.field {
        Field::Target(_) | Field::Baggage => !line.exact,
        Field::Source(_) | Field::Stripped => true,
        Field::OlderBaggage => !baggage.is_some_and(keeps),
        Field::BaggagePrefix => !baggage.is_some_and(|rules| keeps(rules) && !rules.owns_header(line.name)),
        Field::Connection | Field::Kept(_) => false,
    }
}

/// The tokens of `Connection` that do not name a header of ours, without what is no token; `None` if none does.
fn kept_tokens(names: &Names, lines: &Lines<'_>, name: &[u8]) -> Option<Vec<u8>> {
    let values = || lines.owned.iter().filter(|line| line.name == name).map(|line| line.value);
    let tokens = || values().flat_map(|value| split(value, b",")).map(trim);
    let ours = |token: &&[u8]| names.look_up(token).is_some_and(|(field, _)| is_owned(field));
    let kept = || tokens().filter(|token| is_token(token) && !ours(token));
    tokens().any(|token| ours(&token)).then(|| join(kept(), b", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::baggage::OurKeys;
    use crate::names::Scanned;
    use crate::request::Header;

    /// An edge that owns `x-tenant` and `x-debug-*`, and drops third-party baggage.
    fn names() -> (Names, BaggageRules) {
        let mut names = Names::default();
        names.insert("x-tenant", Field::Target(0));
        names.insert("baggage", Field::Baggage);
        names.insert(CONNECTION, Field::Connection);
        names.insert_prefix("x-debug-", Field::Stripped);
        (names, BaggageRules { keys: OurKeys::new(Vec::new()), foreign: Foreign::Drop, any_spelling: true })
    }

    fn headers<'a>(lines: &[(&'a str, &'a str)]) -> Vec<Header<'a>> {
        lines.iter().map(|(name, value)| Header { name: name.as_bytes(), value: value.as_bytes() }).collect()
    }

    #[test]
    fn connection_names_nothing_of_ours() {
        let (names, baggage) = names();
        for (value, left) in [
            ("upgrade", None),
            ("upgrade, x-other", None),
            ("Upgrade , X_Tenant", Some("Upgrade")),
            ("x-debug-on,upgrade,,baggage, te", Some("upgrade, te")),
            ("x-tenant", Some("")),
            ("\u{e9}, x-tenant, a b, te\0", Some("")),
        ] {
            let headers = headers(&[("connection", value)]);
            let expected = match left {
                None => vec![],
                Some("") => vec![Mutation::remove(b"connection")],
                Some(left) => vec![Mutation::set(b"connection", left.as_bytes())],
            };
            let mut scanned = Scanned::default();
            names.scan(&headers, &mut scanned);
            assert_eq!(strip(&names, Some(&baggage), &scanned.lines()), expected, "{value}");
        }
    }

    #[test]
    fn each_name_is_removed_once() {
        let (names, baggage) = names();
        let headers = headers(&[("x_tenant", "a"), ("x-debug-1", ""), ("x_tenant", "b"), ("x-tenant", "c")]);
        let expected = [Mutation::remove(b"x-debug-1"), Mutation::remove(b"x_tenant")];
        let mut scanned = Scanned::default();
        names.scan(&headers, &mut scanned);
        assert_eq!(strip(&names, Some(&baggage), &scanned.lines()), expected, "x-tenant is about to be written");
    }

    #[test]
    fn trailers_of_ours_go_whole() {
        let (names, _) = names();
        let trailers = headers(&[("x-tenant", "a"), ("baggage", "a=1"), ("grpc-status", "0"), ("x.debug.1", "1")]);
        let expected = [&b"baggage"[..], b"x-tenant", b"x.debug.1"].map(Mutation::remove);
        let mut scanned = Scanned::default();
        names.scan(&trailers, &mut scanned);
        assert_eq!(strip_trailers(&scanned.lines()), expected);
    }
}
