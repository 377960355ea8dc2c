//! Baggage: ours in front, third-party members behind, unchanged.

use std::sync::LazyLock;

use regex_lite::Regex;
use serde_json::Value;

use super::names::{OLDER_BAGGAGE, fold};
use super::overrides::{self, CANONICAL, Entries};
use super::{Lines, Scene, decode, list, put, seal, trim};

/// W3C Baggage, "Definition"; RFC 9110 for `token` and `OWS`. An empty property is tolerated.
static MEMBER: LazyLock<Regex> = LazyLock::new(|| {
    let value = r"(?:[!#$&-+\--:<-\[\]-~]|%[0-9A-Fa-f]{2})*";
    let pair = |token: &str, value: &str| format!(r"{token}[ \t]*={value}");
    let member = pair(TOKEN, &format!(r"[ \t]*(?<value>{value})"));
    let property = format!(r"(?:{TOKEN}(?:[ \t]*=[ \t]*{value})?)?");
    Regex::new(&format!(r"^{member}(?:[ \t]*;[ \t]*{property})*$")).unwrap()
});

const TOKEN: &str = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+";

pub(crate) fn is_token(text: &str) -> bool {
    static WHOLE: LazyLock<Regex> = LazyLock::new(|| Regex::new(&format!("^{TOKEN}$")).unwrap());
    WHOLE.is_match(text)
}

fn members(line: &str) -> impl Iterator<Item = &str> {
    line.split(',').map(trim).filter(|member| !member.is_empty())
}

fn key(member: &str) -> &str {
    trim(member.split(['=', ';']).next().unwrap_or_default())
}

/// The decoded values of a key, of each list.
pub(crate) fn values(scene: &Scene, wanted: &str) -> Vec<Vec<String>> {
    lists(scene, wanted).into()
}

/// The same, of `baggage` and of the older lists.
pub(crate) fn lists(scene: &Scene, wanted: &str) -> [Vec<String>; 2] {
    let decoded = |member: &str| Some(decode(&MEMBER.captures(member)?["value"]));
    of_key(scene, wanted).map(|members| members.into_iter().filter_map(decoded).collect())
}

/// The members of a key: of `baggage`, and in the mesh of the older lists.
fn of_key<'a>(scene: &'a Scene, wanted: &str) -> [Vec<&'a str>; 2] {
    let is_older = |name: &str| !scene.is_edge && OLDER_BAGGAGE.contains(&name);
    let older = scene.call.lines.iter().filter(move |(name, _)| is_older(name)).map(|(_, value)| value.as_str());
    let with_key = |line: &'a str| members(line).filter(|member| key(member) == wanted);
    [scene.values("baggage").flat_map(with_key).collect(), older.flat_map(with_key).collect()]
}

/// The decoded values of a key; what is no value at all in the place of one whose member has a condition for a property.
pub(crate) fn whole_values(scene: &Scene, wanted: &str) -> Vec<String> {
    let value = |member: &str| {
        let value = decode(&MEMBER.captures(member)?["value"]);
        let name = |property: &str| trim(property.split('=').next().unwrap()).to_ascii_lowercase();
        let lost = member.split(';').skip(1).map(name).any(|name| ["method", "caller"].contains(&name.as_str()));
        Some(if lost { "invalid".to_owned() } else { value })
    };
    of_key(scene, wanted).into_iter().flatten().filter_map(value).collect()
}

/// Whether some reader may take a key for one of ours.
pub(crate) fn owns(scene: &Scene, received: &str) -> bool {
    let is_strict = scene.is_edge || (seal::drops(scene.config) && !scene.is_leaving);
    is_one_of_ours(scene, received, is_strict)
}

/// The same of a key in the name of a header.
pub(crate) fn owns_in_any_case(scene: &Scene, received: &str) -> bool {
    is_one_of_ours(scene, received, true)
}

fn is_one_of_ours(scene: &Scene, received: &str, in_any_spelling: bool) -> bool {
    let is_blank = |c: char| !c.is_ascii_graphic();
    let decoded = decode(&received.replace('+', " "));
    let trimmed = decoded.trim_matches(is_blank);
    let joined = decoded.replace(is_blank, "");
    keys(scene).into_iter().any(|ours| match in_any_spelling {
        true => fold(trimmed) == fold(ours) || fold(&joined) == fold(ours),
        false => trimmed == ours,
    })
}

/// Our keys: all that are named where the mesh begins and ends, and within it those that we write.
fn keys<'a>(scene: &Scene<'a>) -> Vec<&'a str> {
    let ends: &[&str] = if scene.is_edge || scene.is_leaving { &["from", "to"] } else { &["to"] };
    let entries = ["tenant", "overrides"]
        .iter()
        .flat_map(|section| ends.iter().flat_map(move |end| list(&scene.config[section][end])));
    let owns_seal = scene.config.get("seal").is_some() && (ends.contains(&"from") || is_written(scene.config));
    entries.filter_map(|entry| entry["baggage"].as_str()).chain(owns_seal.then_some(seal::MEMBER)).collect()
}

/// Whether a context is written as baggage.
pub(crate) fn is_written(config: &Value) -> bool {
    ["tenant", "overrides"]
        .iter()
        .flat_map(|section| list(&config[section]["to"]))
        .any(|to| to.get("baggage").is_some())
}

pub(crate) fn drops_third_party(scene: &Scene) -> bool {
    let moves_context = ["tenant", "overrides"].iter().any(|section| scene.config.get(section).is_some());
    let drops = scene.config.get("foreignBaggage").map_or(scene.is_edge && moves_context, |word| word == "drop");
    drops && !scene.is_leaving
}

/// Whether baggage is any business of this configuration.
pub(crate) fn is_managed(scene: &Scene) -> bool {
    drops_third_party(scene) || !keys(scene).is_empty()
}

/// The third-party members of an older list, where it holds something of ours.
pub(crate) fn without_ours(scene: &Scene, all: &[String]) -> Option<Vec<String>> {
    let strangers = all.iter().filter(|member| !owns(scene, key(member)) && MEMBER.is_match(member));
    all.iter().any(|member| owns(scene, key(member))).then(|| strangers.cloned().collect())
}

/// Leaves one line, or none; or what there is, where none of it is ours.
pub(crate) fn write(scene: &Scene, tenant: Option<&str>, entries: &Entries, seal: Option<&str>, lines: &mut Lines) {
    let received: Vec<_> = scene.values("baggage").flat_map(members).collect();
    let mut all = ours(scene, tenant, entries);
    all.extend(seal.filter(|_| is_written(scene.config)).map(|seal| format!("{}={seal}", seal::MEMBER)));
    if !drops_third_party(scene) {
        if all.is_empty() && !received.iter().any(|member| owns(scene, key(member))) {
            return;
        }
        let strangers = received.into_iter().filter(|member| !owns(scene, key(member)) && MEMBER.is_match(member));
        for stranger in strangers {
            let with = [&all[..], &[stranger.to_owned()]].concat();
            if with.len() > 64 || with.join(",").len() > 8192 {
                break;
            }
            all = with;
        }
    }
    put(lines, "baggage", (!all.is_empty()).then(|| all.join(",")));
}

fn ours(scene: &Scene, tenant: Option<&str>, entries: &Entries) -> Vec<String> {
    let targets = |section: &str| list(&scene.config[section]["to"]).filter_map(|to: &Value| to["baggage"].as_str());
    let tenants = targets("tenant").filter_map(|key| Some(format!("{key}={}", tenant?)));
    let line = overrides::line(entries, CANONICAL).map(|line| encode(&line));
    let overrides = targets("overrides").filter_map(|key| Some(format!("{key}={}", line.as_ref()?)));
    tenants.chain(overrides).collect()
}

/// All that may stand in a service, a version, conditions and the separators between, unreserved or escaped.
fn encode(line: &str) -> String {
    let marks = [(',', "%2C"), (':', "%3A"), (';', "%3B"), ('=', "%3D"), ('|', "%7C"), ('!', "%21")];
    marks.into_iter().fold(line.to_owned(), |line, (mark, escape)| line.replace(mark, escape))
}
