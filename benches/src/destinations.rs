//! Instructions inside Envoy of a tenant's outbound request: by destinations, and by one exact rule for each sandbox.

use anyhow::{Context, Result};
use integration::Bootstrap;
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
/// The route of [`Bootstrap::sidecar`] that takes clusters from the list.
const ROUTE: &str =
    "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/route_config/virtual_hosts/1/routes/0";

/// Of the tenant `sb-NUMBER`.
pub(crate) fn cluster(number: usize) -> String {
    format!("outbound|80||foo.sb-{number}.svc.cluster.local")
}

/// Measures each way with each number of sandboxes; every sandbox has a cluster in all of them, as in one mesh.
pub(crate) async fn measure(modules: &Modules) -> Result<Vec<Point>> {
    let mut chains = vec![Chain { routing: json!({"routes": [usual()]}), ..Chain::without_rules(USUAL) }];
    chains.push(Chain { routing: by_destinations()?, ..Chain::new(DESTINATIONS, filters(modules, &destinations())) });
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

fn by_destinations() -> Result<Value> {
    let mut first = Bootstrap::sidecar()?.at(ROUTE).take();
    let specifier = first.pointer_mut("/route/inline_cluster_specifier_plugin/extension/typed_config");
    specifier.context("no cluster specifier")?["default_cluster"] = SERVICE.into();
    Ok(json!({"routes": [first, usual()]}))
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
    fn the_route_is_the_one_that_we_ship() {
        let route = &by_destinations().unwrap()["routes"][0];
        let specifier = &route["route"]["inline_cluster_specifier_plugin"]["extension"]["typed_config"];
        assert!(specifier["source_code"]["inline_string"].as_str().unwrap().starts_with("function envoy_on_route"));
        assert_eq!(
            (&specifier["default_cluster"], &route["match"]["headers"][0]["name"]),
            (&SERVICE.into(), &HEADER.into())
        );
    }

    #[test]
    fn destinations_are_cheaper_from_where_the_lines_meet() {
        let point = |series: &str, size, instructions| Point { series: series.into(), size, bytes: 0, instructions };
        let points = [point(RULES, 1, 1_000), point(RULES, 1000, 1_000 + 999 * 500), point(DESTINATIONS, 100, 21_000)];
        assert_eq!(cheaper_from(&points), Some(41.0));
        assert_eq!(cheaper_from(&points[..2]), None);
    }
}
