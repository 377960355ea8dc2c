//! Which workload calls (R39): asked once, when a configuration comes.

use anyhow::{Context, Result};
use integration::cases::Case;
use integration::text::Text;
use integration::wasm_host::{Exchange, Fault, Node, WasmHost};
use serde_json::{Value, json};

use super::PROPERTY;

fn sidecar() -> Value {
    json!({
        "version": 1,
        "role": "mesh",
        "overrides": {"to": [{"header": "x-override"}]},
        "projections": [{"header": "x-version", "service": "called"}],
    })
}

fn host() -> Result<WasmHost> {
    let mut host = WasmHost::start()?;
    host.set_node(Node { workload: Some("foo".into()) });
    Ok(host)
}

/// The version that a call of service-3 gets, how often properties were asked for it, and what was counted of the
/// caller. The first request asks once, where the proxy stands.
fn call(host: &mut WasmHost, configuration: &Value) -> Result<(Vec<String>, usize, Option<u64>)> {
    let root = host.configure(&configuration.to_string())?.context("a configuration that is accepted")?;
    host.forget();
    let line = Text::Plain("x-override: service-3:v2;caller=foo".into());
    let case = Case { authority: "service-3".into(), headers: vec![line], ..Case::default() };
    let stream = host.open(root, Exchange::of(&case))?;
    host.on_request_headers(stream)?;
    let left = host.close(stream)?;
    let asked = host.calls().get(PROPERTY).copied().unwrap_or(0);
    host.tick(root)?;
    Ok((left.headers.values("x-version"), asked, host.take_metrics().get("tenancy.caller_unknown").copied()))
}

#[test]
fn the_node_is_asked_once() -> Result<()> {
    let mut host = host()?;
    assert_eq!(call(&mut host, &sidecar())?, (vec!["v2".to_owned()], 1, None));
    Ok(())
}

#[test]
fn a_node_that_tells_nothing_breaks_nothing_and_no_condition_holds() -> Result<()> {
    let mut host = host()?;
    host.fail(PROPERTY, 0, Fault::Fails);
    assert_eq!(call(&mut host, &sidecar())?, (vec![], 1, Some(1)));
    Ok(())
}

#[test]
fn the_node_is_not_asked_where_nothing_depends_on_it() -> Result<()> {
    let mut named = sidecar();
    named["caller"] = json!("bar");
    let mut plain = sidecar();
    plain.as_object_mut().context("an object")?.remove("projections");
    for configuration in [named, plain] {
        let mut host = host()?;
        host.configure(&configuration.to_string())?.context("a configuration that is accepted")?;
        assert_eq!(host.calls().get(PROPERTY), None, "{configuration}");
    }
    Ok(())
}
