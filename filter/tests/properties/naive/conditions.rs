//! The conditions of an override.

use super::overrides::is_service;
use super::{Scene, trim};

/// What a condition is about, whether it excludes, and which values it names.
#[derive(Clone, PartialEq)]
pub(crate) struct Condition {
    key: String,
    excludes: bool,
    values: Vec<String>,
}

/// All conditions of an entry, if they are sound.
pub(crate) fn parse<'a>(texts: impl Iterator<Item = &'a str>) -> Option<Vec<Condition>> {
    let conditions = texts.map(parse_one).collect::<Option<Vec<_>>>()?;
    let has_one_at_most = |key| conditions.iter().filter(|condition| condition.key == key).count() <= 1;
    ["method", "caller"].into_iter().all(has_one_at_most).then_some(conditions)
}

fn parse_one(text: &str) -> Option<Condition> {
    let (key, values) = text.split_once('=')?;
    let (key, values) = (trim(key), trim(values));
    let values: Vec<_> = values.strip_prefix('!').unwrap_or(values).split('|').map(trim).map(str::to_owned).collect();
    let is_sound =
        ["method", "caller"].contains(&key) && values.len() <= 8 && values.iter().all(|name| is_service(name));
    is_sound.then(|| Condition { key: key.to_owned(), excludes: text.contains('!'), values })
}

/// They once more as text.
pub(crate) fn text(conditions: &[Condition], when: &str) -> String {
    let text = |Condition { key, excludes, values }: &Condition| {
        format!("{when}{key}={}{}", if *excludes { "!" } else { "" }, values.join("|"))
    };
    conditions.iter().map(text).collect()
}

/// Whether all of them hold; one that nobody can decide does not.
pub(crate) fn hold(scene: &Scene, conditions: &[Condition]) -> bool {
    conditions.iter().all(|Condition { key, excludes, values }| {
        if key == "method" {
            let method = scene.values(":method").last().unwrap_or_default();
            !method.is_empty() && values.iter().any(|value| value == method) != *excludes
        } else {
            let named = |caller: &str| values.iter().any(|value| value.eq_ignore_ascii_case(caller));
            scene.config["caller"].as_str().is_some_and(|caller| named(caller) != *excludes)
        }
    })
}
