//! Seals in the module, with a host whose crypto is another's.

use anyhow::Result;
use integration::Keys;
use integration::wasm_host::WasmHost;
use serde_json::json;

#[test]
fn keys_are_tried_with_the_configuration() -> Result<()> {
    let keys = Keys::number(7)?;
    let tenant = json!({"from": [{"host": "{tenant}.a"}], "to": [{"header": "x-tenant"}]});
    let edge = json!({"version": 1, "role": "edge", "tenant": tenant, "seal": {"sign": {"key": "k1", "privateKeyEnv": "KEY"}}});
    let verify = json!({"k1": keys.public()});
    let mesh =
        json!({"version": 1, "role": "mesh", "tenant": {"to": [{"header": "x-tenant"}]}, "seal": {"verify": verify}});
    let mut host = WasmHost::start()?;
    assert!(host.configure(&mesh.to_string())?.is_some(), "{:?}", host.log());
    host.set_variable("OTHER", "KEY=");
    host.set_variable("KEY", &keys.private());
    assert!(host.configure(&edge.to_string())?.is_some(), "{:?}", host.log());
    Ok(())
}
