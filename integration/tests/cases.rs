//! The one table of `integration/cases`, through the filter itself and through a real Envoy.

use anyhow::{Context, Result};
use integration::cases::{Case, CaseFile, Outcome};
use integration::{Bootstrap, Echo, Envoy, Headers, Protocol, Request};
use serde_json::json;
use tenancy_filter::{Filter, Header, Mutation, Tally};

#[test]
fn natively() -> Result<()> {
    for file in CaseFile::all()? {
        let filter = filter(&file.configuration)?;
        for case in &file.cases {
            let outcome = apply(&filter, &case.authority, &case.headers());
            assert_eq!(outcome, case.expected(), "{}: {}", file.name, case.name);
        }
    }
    Ok(())
}

/// A gateway and then a sidecar of the same configuration: the second has nothing left to do (R19).
#[test]
fn twice_equals_once() -> Result<()> {
    for file in CaseFile::all()?.iter().filter(|file| file.configuration.get("tenant").is_some()) {
        let mut sidecar = file.configuration.clone();
        sidecar["role"] = json!("mesh");
        sidecar.as_object_mut().context("an object")?.remove("strip");
        let sidecar = filter(&sidecar)?;
        for case in &file.cases {
            if let Outcome::Upstream(once) = case.expected() {
                let twice = apply(&sidecar, &case.authority, &once);
                assert_eq!(twice, case.expected(), "{}: {}", file.name, case.name);
            }
        }
    }
    Ok(())
}

#[tokio::test]
async fn through_envoy() -> Result<()> {
    for file in CaseFile::all()? {
        let service = Echo::start("service").await?;
        let bootstrap = Bootstrap::gateway()?.configuration(file.configuration.clone());
        let envoy = Envoy::start(&bootstrap.cluster("sidecar", service.address())).await?;
        for case in &file.cases {
            for protocol in [Protocol::Http1, Protocol::Http2] {
                let outcome = send(&envoy, &service, case, protocol).await;
                let outcome = outcome.with_context(|| format!("{}: {} ({protocol:?})", file.name, case.name))?;
                assert_eq!(outcome, case.expected(), "{}: {} ({protocol:?})", file.name, case.name);
            }
        }
    }
    Ok(())
}

fn filter(configuration: &serde_json::Value) -> Result<Filter> {
    Ok(Filter::from_config(configuration.to_string().as_bytes())?)
}

/// What the filter makes of a request, with its mutations applied as Envoy applies them.
fn apply(filter: &Filter, authority: &str, headers: &Headers) -> Outcome {
    let mut lines = vec![Header { name: b":authority", value: authority.as_bytes() }];
    lines.extend(headers.0.iter().map(|(name, value)| Header { name, value }));
    let request = tenancy_filter::Request { headers: &lines, ..Default::default() };
    let mutations = match filter.on_request(&request, &Tally::default()) {
        Ok(mutations) => mutations,
        Err(refusal) => return Outcome::Refused(refusal.status().try_into().expect("a status")),
    };
    let mut left = headers.clone();
    for mutation in mutations {
        let (Mutation::Remove { name } | Mutation::Set { name, .. }) = &mutation;
        left.0.retain(|(known, _)| known != name);
        if let Mutation::Set { name, value } = mutation {
            left.0.push((name.into(), value.into()));
        }
    }
    Outcome::upstream(left)
}

/// Sends a case's request, and leaves out of what arrives what Envoy itself writes.
async fn send(envoy: &Envoy, service: &Echo, case: &Case, protocol: Protocol) -> Result<Outcome> {
    let mut request = Request::to(&case.authority);
    for (name, value) in case.headers().0 {
        request = request.header(std::str::from_utf8(&name)?, value);
    }
    let reply = request.send(envoy.listener(), protocol).await?;
    let Some(mut received) = service.take().pop() else { return Ok(Outcome::Refused(reply.status)) };
    let envoys =
        [&b"host"[..], b"x-forwarded-proto", b"x-forwarded-for", b"x-envoy-external-address", b"x-envoy-internal"];
    received.headers.0.retain(|(name, _)| !envoys.contains(&&name[..]));
    Ok(Outcome::upstream(received.headers))
}
