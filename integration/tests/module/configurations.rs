//! Configurations of one VM: several at once, refused ones, and their ends.

use anyhow::{Context, Result};
use integration::Headers;
use integration::cases::Case;
use integration::text::Text;
use integration::wasm_host::Action::{Continue, Pause};
use integration::wasm_host::{Exchange, Fault, Reply, Shared, WasmHost};
use serde_json::json;

use crate::{configuration, configured, count, passes, request};

/// Nobody says where such a request comes from, so it is answered as at an edge, and the VM lives on.
#[test]
fn a_request_of_a_refused_configuration_is_answered() -> Result<()> {
    let mut host = WasmHost::start()?;
    let edge = configured(&mut host, "edge")?;
    let [without, refused] = [host.new_root()?, host.new_root()?];
    assert!(!host.reconfigure(refused, r#"{"version": 1}"#)?);
    for root in [without, refused] {
        let stream = host.open(root, request())?;
        assert_eq!([host.on_request_headers(stream)?, host.on_request_trailers(stream)?], [Pause, Pause]);
        let body = "the proxy gave no access to the request\n".into();
        assert_eq!(host.close(stream)?.replies, [Reply { status: 500, headers: Headers::default(), body }]);
        host.remove(root)?;
    }
    passes(&mut host, edge)
}

/// Envoy never asks for it: a changed configuration gets a context of its own.
#[test]
fn a_refused_second_configuration_is_told_and_the_first_stays() -> Result<()> {
    let mut host = WasmHost::start()?;
    let root = configured(&mut host, "edge")?;
    assert!(!host.reconfigure(root, r#"{"version": 1}"#)?);
    assert!(host.log().iter().any(|line| line.contains("tenancy-filter: role: ")), "{:?}", host.log());
    passes(&mut host, root)?;
    assert!(host.reconfigure(root, &configuration("mesh").to_string())?);
    passes(&mut host, root)?;
    assert_eq!(count(&mut host, root, "tenancy.requests")?, 2);
    Ok(())
}

/// R14: an edge and a mesh configuration in one VM, their requests interleaved; one more is refused, and then right.
#[test]
fn configurations_share_a_vm_and_nothing_else() -> Result<()> {
    let mut host = WasmHost::start()?;
    let edge = configured(&mut host, "edge")?;
    let mesh = configured(&mut host, "mesh")?;
    assert_eq!(host.configure(r#"{"version": 1}"#)?, None);
    assert!(host.log().iter().any(|line| line.contains("role: ")), "{:?}", host.log());
    let late = configured(&mut host, "mesh")?;

    let claims = || {
        let headers = ["x-tenant: dev1", "x-override: foo:v1"].map(|line| Text::Plain(line.into())).into();
        Exchange::of(&Case { headers, ..Case::default() })
    };
    let roots = [edge, mesh, late, edge];
    let streams: Vec<_> = roots.iter().map(|root| host.open(*root, claims())).collect::<Result<_>>()?;
    for stream in streams.iter().rev() {
        assert_eq!(host.on_request_headers(*stream)?, Continue);
    }
    for (root, stream) in roots.iter().zip(streams) {
        let left = host.close(stream)?;
        let believed = *root != edge;
        assert_eq!(left.headers.values("x-tenant").is_empty(), !believed, "{root:?}");
        assert_eq!(left.headers.values("x-override").is_empty(), !believed, "{root:?}");
    }
    let counted = |host: &mut WasmHost, root| count(host, root, "tenancy.requests");
    assert_eq!([edge, mesh, late].map(|root| counted(&mut host, root).unwrap()), [2, 1, 1]);
    Ok(())
}

/// Envoy would ring the timer of a context that is gone; its last request may outlive it, and counts all the same.
#[test]
fn a_configuration_that_goes_takes_its_timer_and_leaves_its_counts() -> Result<()> {
    let mut host = WasmHost::start()?;
    let [old, new] = [configured(&mut host, "edge")?, configured(&mut host, "edge")?];
    let late = host.open(old, request())?;
    passes(&mut host, old)?;
    host.remove(old)?;
    assert_eq!([old, new].map(|root| host.has_timer(root)), [false, true]);
    assert_eq!(host.on_request_headers(late)?, Continue);
    assert_eq!(host.take_metrics().get("tenancy.requests"), None, "a request is not over");
    host.close(late)?;
    assert_eq!(host.take_metrics().get("tenancy.requests"), Some(&2));
    passes(&mut host, new)
}

/// Each worker has a VM, and so has Envoy's trial of a configuration; a host that cannot share leaves it to each.
#[test]
fn the_vms_of_a_proxy_tell_a_warning_once() -> Result<()> {
    let dead = |name: &str| json!({"version": 1, "role": "edge", "strip": ["x-a"], "internal": [name]}).to_string();
    let told = |shared: &Shared, name: &str, fault: Option<&str>| -> Result<Vec<String>> {
        let mut host = WasmHost::start_with(shared)?;
        fault.into_iter().for_each(|call| host.fail(call, 0, Fault::Fails));
        host.configure(&dead(name))?.context("it is taken")?;
        Ok(host.log().to_vec())
    };
    let shared = Shared::default();
    let warning =
        |lines: Vec<String>| matches!(&lines[..], [only] if only.starts_with("tenancy-filter: warning: internal: "));
    assert!(warning(told(&shared, "lan", None)?));
    assert_eq!(told(&shared, "lan", None)?, [""; 0]);
    assert!(warning(told(&shared, "lan.example.com", None)?), "another configuration");
    for call in ["proxy_get_shared_data", "proxy_set_shared_data"] {
        let shared = Shared::default();
        assert!(warning(told(&shared, "lan", Some(call))?) && warning(told(&shared, "lan", Some(call))?), "{call}");
    }
    Ok(())
}

/// What a proxy shares stays until it ends, however many configurations it takes.
#[test]
fn each_of_many_warnings_is_told_and_leaves_no_key_of_its_own() -> Result<()> {
    let shared = Shared::default();
    let mut host = WasmHost::start_with(&shared)?;
    for number in 0..100 {
        let dead = json!({"version": 1, "role": "edge", "strip": ["x-a"], "internal": [format!("lan-{number}")]});
        for told in 1..=2 {
            host.configure(&dead.to_string())?.context("it is taken")?;
            assert_eq!(host.log().len(), number + 1, "{number} for the {told}. time");
        }
    }
    let (keys, bytes) = shared.size();
    assert!(keys <= 16 && bytes <= 16 * 8, "{keys} keys, {bytes} bytes");
    Ok(())
}
