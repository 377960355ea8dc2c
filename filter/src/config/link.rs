//! `link` of a `query` of `tenant.from`.

use crate::events::Origin;
use crate::read::link::Link;
use crate::read::source::{Condition, Source};
use crate::read::tenant::TenantPlace;

use super::draft::Draft;
use super::node::Node;

/// The longest lifetime of a cookie in user agents (RFC 6265bis §5.5), in seconds.
const MAX_SECONDS: u32 = 400 * DAY;
const DAY: u32 = 24 * 60 * 60;

/// A link by the parameter of this name and number.
pub(super) fn read<'c>(
    node: &Node<'c>,
    (parameter, query): (&str, u16),
    when: Condition,
    origin: Origin,
    draft: &mut Draft,
) -> Option<(Link, Node<'c>)> {
    let link = node.object(&["cookie", "maxAge"])?;
    let cookie = link.required("cookie", "name one that tenant.from reads, as in {cookie: tenant, maxAge: 8h}");
    let max_age = link.required("maxAge", "say for how long the cookie counts, as in 8h");
    let cookie = cookie?;
    let name = cookie.text()?.into();
    let max_age = read_duration(&max_age?)?;
    draft.owned.keep_navigation();
    Some((Link { parameter: parameter.into(), query, cookie: name, max_age, when, origin }, cookie))
}

/// Checks the links after all sources are known: a cookie that no source reads would have no effect.
pub(super) fn with_cookies(
    links: Vec<(Link, Node<'_>)>,
    sources: &[Source<TenantPlace>],
    draft: &mut Draft,
) -> Vec<Link> {
    for (link, node) in &links {
        let name = &link.cookie;
        let cookie = TenantPlace::Cookie(draft.owned.asked.cookies.number(name));
        if sources.iter().any(|source| source.place == cookie) {
            continue;
        }
        node.mistake(format!("{name:?} is no source; add it to tenant.from, as in {{cookie: {name}, trust: anyone}}"));
    }
    links.into_iter().map(|(link, _)| link).collect()
}

/// A number and a unit, in seconds.
fn read_duration(node: &Node<'_>) -> Option<u32> {
    let seconds = seconds(node.text()?);
    if seconds.is_none() {
        node.expected("a duration of up to 400d, as in 90s, 30m, 8h or 7d");
    }
    seconds
}

fn seconds(text: &str) -> Option<u32> {
    let (unit, number) = text.as_bytes().split_last()?;
    let unit = match unit {
        b's' => 1,
        b'm' => 60,
        b'h' => 60 * 60,
        b'd' => DAY,
        _ => return None,
    };
    // The standard library would accept a sign.
    let is_number = number.first() != Some(&b'0') && number.iter().all(u8::is_ascii_digit);
    let number = Some(number).filter(|_| is_number).and_then(|number| std::str::from_utf8(number).ok())?;
    let seconds = number.parse::<u32>().ok()?.checked_mul(unit)?;
    (seconds <= MAX_SECONDS).then_some(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_a_number_and_a_unit() {
        for (text, expected) in [
            ("1s", 1),
            ("90s", 90),
            ("30m", 1_800),
            ("8h", 28_800),
            ("7d", 604_800),
            ("400d", 34_560_000),
            ("34560000s", 34_560_000),
        ] {
            assert_eq!(seconds(text), Some(expected), "{text}");
        }
        for text in [
            "",
            "8",
            "h",
            "0h",
            "08h",
            "+8h",
            "-8h",
            "8H",
            "8 h",
            " 8h",
            "8h ",
            "8hh",
            "1h30m",
            "1.5h",
            "8w",
            "401d",
            "34560001s",
            "4294967297s",
            "99999999999999999999d",
            "\u{663}h",
        ] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }
}
