//! One line a request at the debug level of the proxy's log.

use anyhow::Result;
use integration::wasm_host::WasmHost;

use crate::{configured, passes, send};

/// What it told of requests.
fn stories(host: &WasmHost) -> Vec<String> {
    host.log().iter().filter_map(|line| line.strip_prefix("tenancy-filter: request")).map(str::to_owned).collect()
}

#[test]
fn a_line_tells_what_decided_while_the_level_is_on() -> Result<()> {
    let mut host = WasmHost::start()?;
    let edge = configured(&mut host, "edge")?;
    host.debug(true);
    passes(&mut host, edge)?;
    assert_eq!(stories(&host).len(), 0, "the level is looked at on the tick");
    host.tick(edge)?;
    passes(&mut host, edge)?;
    let stories = stories(&host);
    assert_eq!(stories.len(), 1, "{stories:?}");
    for told in ["; tenant_chosen source=tenant.from[1].host tenant=feat-x", "; token_not_believed why=no_token"] {
        assert!(stories[0].contains(told), "{told} in {stories:?}");
    }
    assert!(!stories[0].contains("evil"), "nothing that a client merely said: {stories:?}");

    host.debug(false);
    host.tick(edge)?;
    host.forget();
    let _ = send(&mut host, edge)?;
    assert!(!host.calls().contains_key("proxy_log"), "{:?}", host.calls());
    assert!(!host.calls().contains_key("proxy_get_log_level"), "no call a request");
    Ok(())
}

/// Whoever sends a request chooses how much there is to tell.
#[test]
fn a_line_is_bounded() -> Result<()> {
    let mut host = WasmHost::start()?;
    host.debug(true);
    let mesh = configured(&mut host, "mesh")?;
    let members: Vec<_> = (0..2000).map(|number| format!("a {number}")).collect();
    let mut exchange = crate::request();
    exchange.headers.0.push((b"baggage".to_vec(), members.join(",").into_bytes()));
    let stream = host.open(mesh, exchange)?;
    host.on_request_headers(stream)?;
    let stories = stories(&host);
    assert!(stories[0].len() < 5000 && stories[0].ends_with("; and more"), "{}", stories[0].len());
    Ok(())
}
