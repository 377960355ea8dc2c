//! R41: a waypoint with `role: mesh` is told, and counted.

use anyhow::{Context, Result};
use integration::cases::{Case, Direction, Passage};
use integration::wasm_host::{Exchange, Fault, RootContext, WasmHost};
use serde_json::json;

use super::{PROPERTY, count};

const WAYPOINT: &str = "inbound-vip|80|http|shop.prod.svc.cluster.local";

fn configured(host: &mut WasmHost, role: &str) -> Result<RootContext> {
    let configuration = json!({"version": 1, "role": role, "tenant": {"to": [{"header": "x-tenant"}]}});
    host.configure(&configuration.to_string())?.context("a configuration that is accepted")
}

/// Sends a request by a route to this cluster. Says how often the proxy was asked.
fn send(host: &mut WasmHost, root: RootContext, direction: Direction, cluster: &str) -> Result<usize> {
    let passage = Passage { direction, cluster: cluster.into(), ..Passage::default() };
    let case = Case { authority: "shop".into(), passage, ..Case::default() };
    host.forget();
    let stream = host.open(root, Exchange::of(&case))?;
    host.on_request_headers(stream)?;
    host.close(stream)?;
    Ok(host.calls().get(PROPERTY).copied().unwrap_or(0))
}

fn told(host: &WasmHost) -> usize {
    host.log().iter().filter(|line| line.contains("role: this proxy is a waypoint")).count()
}

#[test]
fn a_waypoint_with_the_rules_of_a_sidecar_is_told_once_and_counted() -> Result<()> {
    let mut host = WasmHost::start()?;
    let root = configured(&mut host, "mesh")?;
    let asked = |host: &mut WasmHost| send(host, root, Direction::Inbound, WAYPOINT);
    assert_eq!([asked(&mut host)?, asked(&mut host)?, asked(&mut host)?], [2, 0, 0], "asks until it knows");
    assert_eq!((told(&host), count(&mut host, root, "tenancy.misplaced")?), (1, 3));

    let again = configured(&mut host, "mesh")?;
    send(&mut host, again, Direction::Inbound, "outbound|80|v1|shop.prod.svc.cluster.local")?;
    assert_eq!((told(&host), count(&mut host, again, "tenancy.misplaced")?), (1, 1), "another configuration");
    Ok(())
}

#[test]
fn elsewhere_the_first_request_tells_and_no_later_one_costs_more() -> Result<()> {
    for (role, direction, cluster, expected) in [
        ("mesh", Direction::Inbound, "inbound|8080||", 2),
        ("mesh", Direction::Outbound, "outbound|80||shop.prod.svc.cluster.local", 1),
        ("mesh", Direction::Unspecified, "shop", 1),
        ("waypoint", Direction::Inbound, WAYPOINT, 0),
        ("waypoint", Direction::Outbound, WAYPOINT, 0),
    ] {
        let mut host = WasmHost::start()?;
        let root = configured(&mut host, role)?;
        let asked = [(); 2].map(|()| send(&mut host, root, direction, cluster));
        let [first, second] = asked;
        assert_eq!((first?, second?), (expected, 0), "{role} {direction:?} {cluster}");
        assert_eq!((told(&host), count(&mut host, root, "tenancy.misplaced")?), (0, 0), "{role} {cluster}");
    }
    Ok(())
}

#[test]
fn a_request_without_a_route_tells_nothing_and_neither_does_a_failure() -> Result<()> {
    let mut host = WasmHost::start()?;
    let root = configured(&mut host, "mesh")?;
    send(&mut host, root, Direction::Inbound, "")?;
    send(&mut host, root, Direction::Inbound, WAYPOINT)?;
    assert_eq!(count(&mut host, root, "tenancy.misplaced")?, 1, "the second one tells");

    let root = configured(&mut host, "mesh")?;
    host.fail(PROPERTY, 0, Fault::Fails);
    assert_eq!(send(&mut host, root, Direction::Inbound, WAYPOINT)?, 1);
    host.recover();
    assert_eq!(send(&mut host, root, Direction::Inbound, WAYPOINT)?, 0);
    assert_eq!(count(&mut host, root, "tenancy.misplaced")?, 0);
    Ok(())
}
