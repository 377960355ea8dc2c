//! Instructions inside Envoy with growing numbers of sandboxes, or growing requests.

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use tenancy_filter::Filter;
use workload::{Get, WHOLE_JOB, borrowed, decide};

use crate::bench::{Bench, Changes, Task};
use crate::chain::{Chain, SANDBOX, STABLE, answer, sandbox_route, wasm};
use crate::inside::{NONE, OURS};
use crate::modules::Modules;

/// What grows, how far, and the instructions over the same request: of a routing over no filter and no rules, of all else
/// over no filter.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Point {
    pub(crate) series: String,
    pub(crate) size: usize,
    /// The bytes of the request's header lines.
    pub(crate) bytes: usize,
    pub(crate) instructions: i64,
}

pub(crate) const SANDBOXES: [usize; 4] = [1, 100, 1000, 5000];
/// The series that have a goal.
pub(crate) const TREE: &str = "projection, exact match tree";
pub(crate) const HOSTILE: &str = "hostile request, KiB";
/// Those beside it.
pub(crate) const EXACT: &str = "projection, one exact rule a sandbox";
pub(crate) const TURNER: &str = "Turner's regex, no filter";
pub(crate) const SIGNADOT: &str = "Signadot's regex, no filter";
pub(crate) const ROUTINGS: [&str; 4] = [TREE, EXACT, TURNER, SIGNADOT];

/// What routing is measured over.
const NO_RULES: &str = "no filter and no rules";

/// The mesh's part: the version of the called service as a header of its own.
const PROJECTION: &str = r#"{"version": 1, "role": "mesh", "overrides": {"to": [{"header": "x-override"}]},
    "projections": [{"header": "x-foo-version", "service": "foo"}]}"#;

/// Measures the sandboxes, then the requests.
pub(crate) async fn measure(modules: &Modules) -> Result<Vec<Point>> {
    let ours = Chain::new(OURS, vec![wasm(&modules.ours, WHOLE_JOB)]);
    let mut chains = vec![Chain::new(NONE, vec![]), Chain::without_rules(NO_RULES), ours];
    for routing in ROUTINGS {
        chains.extend(SANDBOXES.map(|count| sandboxes(modules, routing, count)));
    }
    let bench = Bench::start(&chains).await?;
    let mut points = Vec::new();
    for routing in ROUTINGS {
        for count in SANDBOXES {
            points.push(with_sandboxes(&bench, routing, count).await?);
            println!("  {:?}", points.last().context("just pushed")?);
        }
    }
    for (series, size, get) in requests() {
        points.push(with_request(&bench, series, size, &get).await?);
        println!("  {:?}", points.last().context("just pushed")?);
    }
    Ok(points)
}

fn chain_name(routing: &str, count: usize) -> String {
    format!("{routing}, {count}")
}

fn sandboxes(modules: &Modules, routing: &str, count: usize) -> Chain {
    let rules = |rule: &dyn Fn(usize) -> Value| {
        let rules = (1..=count).map(|number| sandbox_route(rule(number))).chain([answer(STABLE)]);
        json!({"routes": rules.collect::<Vec<_>>()})
    };
    let exact = |number| json!({"name": "x-foo-version", "string_match": {"exact": format!("sb-{number}")}});
    let regex = |header: &str, regex: String| json!({"name": header, "string_match": {"safe_regex": {"regex": regex}}});
    let (is_filtered, routing_fields) = match routing {
        TREE => (true, json!({"matcher": tree(count)})),
        EXACT => (true, rules(&exact)),
        TURNER => (false, rules(&|number| regex("x-override", format!("(.*,|^)foo:sb-{number}(,.*|$)")))),
        _ => (
            false,
            rules(&|number| regex("baggage", format!(r"^.*\b(sd-routing-key|sd-sandbox)\s*=\s*sb-{number}\b.*$"))),
        ),
    };
    let filters = if is_filtered { vec![wasm(&modules.ours, PROJECTION)] } else { Vec::new() };
    Chain { routing: routing_fields, ..Chain::new(chain_name(routing, count), filters) }
}

/// A match tree with a branch for every sandbox.
fn tree(count: usize) -> Value {
    let action = |name| {
        let mut route = answer(name);
        route["@type"] = "type.googleapis.com/envoy.config.route.v3.Route".into();
        json!({"action": {"name": "route", "typed_config": route}})
    };
    let input = "type.googleapis.com/envoy.type.matcher.v3.HttpRequestHeaderMatchInput";
    let map: Map<_, _> = (1..=count).map(|number| (format!("sb-{number}"), action(SANDBOX))).collect();
    json!({
        "matcher_tree": {
            "input": {"name": "header", "typed_config": {"@type": input, "header_name": "x-foo-version"}},
            "exact_match_map": {"map": map},
        },
        "on_no_match": action(STABLE),
    })
}

/// Asks for the last sandbox, which a list of rules finds last.
async fn with_sandboxes(bench: &Bench, routing: &str, count: usize) -> Result<Point> {
    let get = Get::ordinary().line("x-override", format!("bar:v1,foo:sb-{count}"));
    let get = get.line("baggage", format!("sd-routing-key=sb-{count}")).named(format!("{count} sandboxes"));
    let projected = vec![("x-foo-version".to_owned(), Some(format!("sb-{count}")))];
    let changes = if [TREE, EXACT].contains(&routing) { projected } else { Changes::new() };
    let mut task = Task { from: SANDBOX, ..Task::new(&get, changes) };
    if count >= 1000 && [TURNER, SIGNADOT].contains(&routing) {
        // A second each, under valgrind.
        (task.warm_up, task.requests) = (10, 40);
    }
    let all = bench.run(&chain_name(routing, count), &task).await?;
    let none = bench.run(NO_RULES, &Task::new(&get, Changes::new())).await?;
    point(routing, count, &get, all, none)
}

/// The contents of a request by kind, up to Envoy's or our limit.
fn requests() -> Vec<(&'static str, usize, Get)> {
    let list = |count: usize, entry: &dyn Fn(usize) -> String| (0..count).map(entry).collect::<Vec<_>>().join(",");
    let mut requests = Vec::new();
    let empty = || Get { lines: Vec::new(), ..Get::tenant() };
    for count in [1, 10, 50, 96] {
        let get = (0..count).fold(empty(), |get, number| get.line(&format!("x-header-{number}"), "value"));
        requests.push(("headers", count, get));
    }
    for count in [1, 16, 64] {
        let members = list(count, &|number| format!("key-{number}=value-{number}"));
        requests.push(("baggage members", count, empty().line("baggage", members)));
    }
    for count in [1, 16, 64] {
        let overrides = list(count, &|number| format!("service-{number}:v{number}"));
        requests.push(("overrides", count, empty().line("x-override", overrides)));
    }
    requests.extend([6, 60].map(|kibibytes| (HOSTILE, kibibytes, Get::hostile(kibibytes))));
    requests
}

async fn with_request(bench: &Bench, series: &str, size: usize, get: &Get) -> Result<Point> {
    let filter = Filter::from_config(WHOLE_JOB.as_bytes())?.filter;
    let changes = decide(&filter, &borrowed(&get.headers()));
    let few = |changes| Task { warm_up: 200, requests: 300, ..Task::new(get, changes) };
    let ours = bench.run(OURS, &few(changes)).await?;
    let none = bench.run(NONE, &few(Changes::new())).await?;
    point(series, size, get, ours, none)
}

fn point(series: &str, size: usize, get: &Get, all: u64, none: u64) -> Result<Point> {
    let instructions = i64::try_from(all)? - i64::try_from(none)?;
    Ok(Point { series: series.into(), size, bytes: get.size(), instructions })
}
