//! A host call that the proxy denies costs at most its own request (R14): no later one meets a VM that is down.

use anyhow::Result;
use integration::markdown::capabilities;
use integration::{Bootstrap, Hop, Protocol, Request};
use serde_json::{Value, json};

/// An edge whose every request reads a property, and whose tenants' requests write a header.
fn configuration() -> Value {
    json!({
        "version": 1,
        "role": "edge",
        "tenant": {
            "from": [{"claim": "tenant"}, {"host": "{tenant}.www.example.com"}],
            "to": [{"header": "x-tenant"}],
        },
        "verified": {"issuers": ["https://idp.example.com"]},
    })
}

/// The answers to a tenant's request, to an ordinary one and to a tenant's again, without this capability.
async fn answers(denied: &str) -> Result<Vec<(u16, String)>> {
    let allowed: Vec<_> = capabilities()?.into_iter().filter(|name| name != denied).collect();
    let hop = Hop::start(Bootstrap::gateway()?.configuration(configuration()).restricted(&allowed)).await?;
    let mut answers = Vec::new();
    for host in ["dev1.www.example.com", "www.example.com", "dev1.www.example.com"] {
        let reply = Request::to(host).send(hop.envoy.listener(), Protocol::Http1).await?;
        answers.push((reply.status, reply.text()));
    }
    Ok(answers)
}

#[tokio::test]
async fn a_denied_host_call_leaves_later_requests_answered() -> Result<()> {
    for (denied, expected) in [
        ("proxy_replace_header_map_value", [500, 200, 500]),
        ("proxy_get_property", [500, 500, 500]),
        ("proxy_define_metric", [200, 200, 200]),
        ("proxy_get_log_level", [200, 200, 200]),
        ("proxy_set_tick_period_milliseconds", [200, 200, 200]),
    ] {
        for ((status, body), expected) in answers(denied).await?.into_iter().zip(expected) {
            assert_eq!(status, expected, "without {denied}: {body}");
            // Envoy answers for a VM that is down, in other words.
            assert!(status == 200 || body == "the proxy gave no access to the request\n", "without {denied}: {body}");
        }
    }
    Ok(())
}
