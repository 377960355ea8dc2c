//! Instructions inside Envoy of a tenant's outbound request: by destinations, and by one exact rule for each sandbox.

use anyhow::{Context, Result};
use serde_json::{Value, json};
use workload::Get;

use crate::bench::{Bench, Changes, Task};
use crate::chain::{Chain, SANDBOX, UPSTREAM, wasm};
use crate::growth::Point;
use crate::modules::Modules;

/// The series, each with these numbers of sandboxes.
pub(crate) const DESTINATIONS: &str = "destinations, no rule";
pub(crate) const RULES: &str = "one exact rule a sandbox";
pub(crate) const WAYS: [&str; 2] = [DESTINATIONS, RULES];
pub(crate) const SANDBOXES: [usize; 5] = [1, 30, 100, 1000, 5000];

/// What both are measured over: the usual service, without filter and rules.
const USUAL: &str = "the usual service, no filter";

const HEADER: &str = "x-tenancy-clusters";
const SERVICE: &str = "outbound|80||foo.prod.svc.cluster.local";
/// As in `envoyfilter/destinations.yaml`.
const FIRST_THAT_EXISTS: &str = r#"
function envoy_on_route(route)
  local clusters = route:headers():get("x-tenancy-clusters") or ""
  for cluster in clusters:gmatch("[^,]+") do
    if route:getCluster(cluster) ~= nil then return cluster end
  end
end"#;

/// Of the tenant `sb-NUMBER`.
pub(crate) fn cluster(number: usize) -> String {
    format!("outbound|80||foo.sb-{number}.svc.cluster.local")
}

/// Measures each way with each number of sandboxes; every sandbox has a cluster in all of them, as in one mesh.
pub(crate) async fn measure(modules: &Modules) -> Result<Vec<Point>> {
    let mut chains = vec![Chain { routing: json!({"routes": [usual()]}), ..Chain::without_rules(USUAL) }];
    chains.push(Chain { routing: by_destinations(), ..Chain::new(DESTINATIONS, filters(modules, &destinations())) });
    chains.extend(
        SANDBOXES
            .map(|count| Chain { routing: by_rules(count), ..Chain::new(rules(count), filters(modules, &tenant())) }),
    );
    let most = SANDBOXES.into_iter().max().context("a number")?;
    let sandboxes = (1..=most).map(|number| (cluster(number), SANDBOX));
    let bench = Bench::start_with(&chains, [(SERVICE.to_owned(), UPSTREAM)].into_iter().chain(sandboxes)).await?;
    let mut points = Vec::new();
    for way in WAYS {
        for count in SANDBOXES {
            points.push(point(&bench, way, count).await?);
            println!("  {:?}", points.last().context("just pushed")?);
        }
    }
    Ok(points)
}

fn rules(count: usize) -> String {
    format!("{RULES}, {count}")
}

fn filters(modules: &Modules, configuration: &Value) -> Vec<Value> {
    vec![wasm(&modules.ours, &configuration.to_string())]
}

fn tenant() -> Value {
    json!({"version": 1, "role": "mesh", "tenant": {"to": [{"header": "x-tenant"}]}})
}

fn destinations() -> Value {
    let mut configuration = tenant();
    configuration["destinations"] =
        json!({"header": HEADER, "clusters": ["outbound|{port}||{service}.{tenant}.svc.cluster.local"]});
    configuration
}

fn usual() -> Value {
    json!({"name": "default", "match": {"prefix": "/"}, "route": {"cluster": SERVICE}})
}

fn by_destinations() -> Value {
    let plugin = json!({
        "@type": "type.googleapis.com/envoy.extensions.router.cluster_specifiers.lua.v3.LuaConfig",
        "source_code": {"inline_string": FIRST_THAT_EXISTS},
        "default_cluster": SERVICE,
    });
    let extension = json!({"name": "envoy.router.cluster_specifier_plugin.lua", "typed_config": plugin});
    let first = json!({
        "name": "destinations",
        "match": {"prefix": "/", "headers": [{"name": HEADER, "present_match": true}]},
        "request_headers_to_remove": [HEADER],
        "route": {"inline_cluster_specifier_plugin": {"extension": extension}},
    });
    json!({"routes": [first, usual()]})
}

fn by_rules(count: usize) -> Value {
    let rule = |number| {
        json!({
            "match": {"prefix": "/", "headers": [{"name": "x-tenant", "string_match": {"exact": format!("sb-{number}")}}]},
            "route": {"cluster": cluster(number)},
        })
    };
    json!({"routes": (1..=count).map(rule).chain([usual()]).collect::<Vec<_>>()})
}

/// Asks for the last sandbox, which a list of rules finds last.
async fn point(bench: &Bench, way: &str, count: usize) -> Result<Point> {
    let mut get = Get::ordinary().line("x-tenant", format!("sb-{count}")).named(format!("{count} sandboxes"));
    get.authority = "foo".into();
    let task = |from| Task { from, ..Task::new(&get, Changes::new()) };
    let chain = if way == RULES { rules(count) } else { way.to_owned() };
    let all = bench.run(&chain, &task(SANDBOX)).await?;
    let none = bench.run(USUAL, &task(UPSTREAM)).await?;
    let instructions = i64::try_from(all)? - i64::try_from(none)?;
    Ok(Point { series: way.into(), size: count, bytes: get.size(), instructions })
}

/// From how many sandboxes on destinations are cheaper than rules, by a line through the costs of the most rules and of
/// one; `None` if it was not measured.
pub(crate) fn cheaper_from(points: &[Point]) -> Option<f64> {
    let at = |way: &str, size: usize| {
        points.iter().find(|point| point.series == way && point.size == size).map(|point| point.instructions as f64)
    };
    let (one, many) = (at(RULES, 1)?, at(RULES, 1000)?);
    let a_rule = (many - one) / 999.0;
    Some(((at(DESTINATIONS, 100)? - one) / a_rule + 1.0).max(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn destinations_are_cheaper_from_where_the_lines_meet() {
        let point = |series: &str, size, instructions| Point { series: series.into(), size, bytes: 0, instructions };
        let points = [point(RULES, 1, 1_000), point(RULES, 1000, 1_000 + 999 * 500), point(DESTINATIONS, 100, 21_000)];
        assert_eq!(cheaper_from(&points), Some(41.0));
        assert_eq!(cheaper_from(&points[..2]), None);
    }
}
