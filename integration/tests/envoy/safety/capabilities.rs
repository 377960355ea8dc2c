//! R28: what the module needs of Envoy, as `docs/reference.md` publishes it. The whole table of cases runs under that
//! restriction; here nothing of it is too much.

use std::collections::BTreeSet;
use std::fs;

use anyhow::Result;
use integration::markdown::capabilities;
use integration::token::{Issuer, jwt_authn};
use integration::{Bootstrap, Envoy, Hop, Protocol, Request, restriction};
use serde_json::json;
use wasmi::{Engine, Module};

use super::gateway::{gateway, module, plugin};

/// What this request does not show: a module that keeps every request in its memory (`make soak` does), and repair, seals
/// and the debug level, which have tests of their own.
const ELSEWHERE: [&str; 9] = [
    "proxy_on_delete",
    "proxy_get_current_time_nanoseconds",
    "proxy_get_shared_data",
    "proxy_set_shared_data",
    "proxy_get_log_level",
    "random_get",
    "proxy_call_foreign_function",
    "environ_get",
    "environ_sizes_get",
];

fn edge(issuer: &Issuer) -> Result<Bootstrap> {
    let configuration = json!({
        "version": 1,
        "role": "edge",
        "tenant": {
            "from": [{"claim": "tenant"}, {"host": "{tenant}.www.example.com"}],
            "to": [{"header": "x-tenant"}],
        },
        "strip": ["x-debug"],
        "verified": {"issuers": [issuer.name()]},
    });
    Ok(Bootstrap::gateway()?.configuration(configuration).behind(jwt_authn(&[issuer])))
}

/// Whether everything works under a restriction; what is seen soonest comes first.
async fn works(issuer: &Issuer, allowed: &[String]) -> Result<bool> {
    let Ok(hop) = Hop::start(edge(issuer)?.restricted(allowed)).await else { return Ok(false) };
    Ok(rewrites(issuer, &hop).await? && refuses(issuer, &hop).await && counts(&hop).await && tells(allowed)?)
}

fn with_token(issuer: &Issuer, host: &str) -> Request {
    Request::to(host).header("authorization", format!("Bearer {}", issuer.sign(&json!({"tenant": "dev1"}))))
}

async fn rewrites(issuer: &Issuer, hop: &Hop) -> Result<bool> {
    let request = with_token(issuer, "www.example.com").header("x-tenant", "dev2").header("x-debug", "1");
    let reply = request.trailer("x-tenant", "dev2").send(hop.envoy.listener(), Protocol::Http1).await;
    // A module that was not told of a request lets it wait.
    let Ok(received) = reply.and_then(|reply| hop.received(&reply)) else { return Ok(false) };
    Ok(received.lines() == ["x-tenant: dev1"] && received.trailers.0.is_empty())
}

/// A module that may not answer leaves the client waiting.
async fn refuses(issuer: &Issuer, hop: &Hop) -> bool {
    let conflict = with_token(issuer, "dev2.www.example.com").send(hop.envoy.listener(), Protocol::Http1).await;
    conflict.is_ok_and(|reply| reply.status == 400)
}

async fn counts(hop: &Hop) -> bool {
    let requests = "wasmcustom.tenancy.requests";
    hop.envoy.stats_become(requests, &[(requests.to_owned(), 2)].into()).await.is_ok()
}

fn tells(allowed: &[String]) -> Result<bool> {
    let wrong = Bootstrap::gateway()?.configuration(json!({})).restricted(allowed);
    Ok(Envoy::validate(&wrong)?.log.contains("tenancy-filter: role: missing"))
}

#[tokio::test]
async fn none_of_the_published_capabilities_is_too_much() -> Result<()> {
    let (issuer, all) = (Issuer::new("https://idp.example.com"), capabilities()?);
    assert!(works(&issuer, &all).await?);
    for dropped in all.iter().filter(|name| !ELSEWHERE.contains(&name.as_str())) {
        let rest: Vec<_> = all.iter().filter(|name| *name != dropped).cloned().collect();
        assert!(!works(&issuer, &rest).await?, "nothing misses {dropped}");
    }
    Ok(())
}

/// Why all instances have to have the same list.
#[tokio::test]
async fn instances_share_a_list_up_to_envoy_1_39() -> Result<()> {
    let all = capabilities()?;
    let deaf: Vec<_> = all.iter().filter(|name| *name != "proxy_on_request_headers").cloned().collect();
    let mut instances = [plugin("tenancy-strip")?, plugin("tenancy")?];
    for (instance, list) in instances.iter_mut().zip([&all, &deaf]) {
        instance["typed_config"]["config"]["capability_restriction_config"] = restriction(list);
    }
    let hop = Hop::start(gateway(instances)?).await?;
    let shares = ["1.36", "1.37", "1.38", "1.39"].contains(&hop.envoy.line().await?.as_str());
    let expected = if shares { vec!["x-tenant: dev1", "baggage: tenant=dev1"] } else { vec![] };
    assert_eq!(hop.pass(&Request::to("dev1.www.example.com")).await?, expected);
    Ok(())
}

/// A name that the module does not have would restrict nothing.
#[test]
fn they_are_what_the_module_calls_and_offers() -> Result<()> {
    /// What no restriction names: the host needs them for any module.
    const ALWAYS: [&str; 2] = ["proxy_abi_version_0_2_1", "proxy_on_memory_allocate"];
    let module = Module::new(&Engine::default(), fs::read(module()?)?)?;
    let imports = module.imports().map(|import| import.name().to_owned());
    let exports = module.exports().map(|export| export.name().to_owned());
    let all: BTreeSet<_> = imports
        .chain(exports.filter(|name| name.starts_with("proxy_")))
        .filter(|name| !ALWAYS.contains(&name.as_str()))
        .collect();
    assert_eq!(capabilities()?.into_iter().collect::<BTreeSet<_>>(), all);
    Ok(())
}
