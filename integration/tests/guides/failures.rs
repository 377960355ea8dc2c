//! What `wasm-plugin/manifests/README.md` says of a proxy whose first configuration is wrong.

use anyhow::Result;
use integration::{Bootstrap, Discovery, Hop, Request};
use serde_json::json;

#[tokio::test]
async fn a_wrong_first_configuration_answers_500_until_a_right_one_comes() -> Result<()> {
    for policy in ["FAIL_RELOAD", "FAIL_CLOSED", "FAIL_OPEN"] {
        let mut bootstrap = Bootstrap::gateway()?.configuration(json!({"version": 1}));
        bootstrap.plugin()["failure_policy"] = policy.into();
        let (mut discovery, bootstrap) = Discovery::of(bootstrap)?;
        let hop = Hop::start(bootstrap).await?;
        let request = Request::to("www.test").header("x-a", "1");
        let reply = hop.refuse(&request).await?;
        assert_eq!((reply.status, reply.text().as_str()), (500, ""), "{policy}");
        assert!(hop.envoy.log()?.contains("tenancy-filter: role: missing"), "{policy}");

        discovery.configure(&json!({"version": 1, "role": "edge", "strip": ["x-a"]}))?;
        let updates = "extension_config_discovery.http_filter.tenancy.update_success";
        hop.envoy.stats_become(updates, &[(updates.to_owned(), 1)].into()).await?;
        assert_eq!(hop.pass(&request).await?, Vec::<String>::new(), "{policy}");
    }
    Ok(())
}
