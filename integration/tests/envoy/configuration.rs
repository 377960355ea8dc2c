//! Envoy refuses a wrong plugin configuration, and its log says all that is wrong.

use anyhow::Result;
use integration::{Bootstrap, Envoy, Hop, Request};
use serde_json::json;

/// The mistakes that the filter logged, as `path: message`.
fn mistakes(log: &str) -> Vec<&str> {
    log.lines()
        .filter_map(|line| line.split_once("wasm log").and_then(|(_, said)| said.split_once("tenancy-filter: ")))
        .map(|(_, mistake)| mistake)
        .collect()
}

#[test]
fn the_shipped_bootstraps_are_accepted() -> Result<()> {
    for bootstrap in [Bootstrap::gateway()?, Bootstrap::sidecar()?] {
        let verdict = Envoy::validate(&bootstrap)?;
        assert!(verdict.accepted, "{}", verdict.log);
        assert_eq!(mistakes(&verdict.log), [""; 0]);
    }
    Ok(())
}

#[test]
fn three_mistakes_are_three_errors() -> Result<()> {
    let configuration = json!({
        "version": 1,
        "overides": {"from": [{"header": "x-override"}], "to": [{"header": "x-override"}]},
        "tenant": {
            "from": [{"host": "www.carouselltenancy.com"}],
            "to": [{"header": "c-tenancy"}],
        },
    });
    let verdict = Envoy::validate(&Bootstrap::gateway()?.configuration(configuration))?;
    let paths: Vec<_> = mistakes(&verdict.log).iter().filter_map(|mistake| Some(mistake.split_once(": ")?.0)).collect();
    assert_eq!((verdict.accepted, paths), (false, vec!["overides", "role", "tenant.from[0].host"]), "{}", verdict.log);
    Ok(())
}

#[test]
fn text_that_is_no_json_is_refused() -> Result<()> {
    let verdict = Envoy::validate(&Bootstrap::gateway()?.configuration_text("version: 1"))?;
    let mistakes = mistakes(&verdict.log);
    assert!(!verdict.accepted, "{}", verdict.log);
    assert!(matches!(mistakes[..], [only] if only.starts_with("configuration: is not JSON")), "{mistakes:?}");
    Ok(())
}

/// What Envoy does with one configuration: a trial VM, the main thread's and the worker's, which tell it once between them.
#[tokio::test]
async fn a_warning_is_told_once_and_the_filter_works() -> Result<()> {
    let configuration = json!({
        "version": 1,
        "role": "edge",
        "tenant": {"from": [{"host": "{tenant}.a.test"}, {"header": "x-a"}], "to": [{"header": "x-tenant"}]},
    });
    let hop = Hop::start(Bootstrap::gateway()?.configuration(configuration)).await?;
    assert_eq!(hop.pass(&Request::to("dev1.a.test").header("x-a", "1")).await?, ["x-tenant: dev1"]);
    let log = hop.envoy.log()?;
    eprintln!("{log}");
    let told: Vec<_> = log.lines().filter(|line| line.contains("tenancy-filter: ")).collect();
    assert!(
        matches!(&told[..], [only] if only.contains("[warning]")
        && only.contains("tenancy-filter: warning: tenant.from[1]: is removed at an edge and never believed;")),
        "{log}"
    );
    Ok(())
}

/// Envoy hands its bytes on as they are, which may begin like an object in JSON: a line feed, and 123 for a length.
#[test]
fn a_struct_is_called_by_its_name() -> Result<()> {
    let kind = "type.googleapis.com/google.protobuf.Struct";
    for length in [1, 116, 200] {
        let mut bootstrap = Bootstrap::gateway()?;
        bootstrap.plugin()["configuration"] = json!({"@type": kind, "value": {"v": "x".repeat(length), "w": {}}});
        let verdict = Envoy::validate(&bootstrap)?;
        let told =
            "configuration: is a protobuf message, as Envoy hands on a google.protobuf.Struct; write JSON as the";
        let mistakes = mistakes(&verdict.log);
        let is_told = matches!(mistakes[..], [only] if only.starts_with(told));
        assert!(!verdict.accepted && is_told, "{length}: {}", verdict.log);
    }
    Ok(())
}
