//! Envoy refuses a wrong plugin configuration, and its log says all that is wrong.

use anyhow::Result;
use integration::{Bootstrap, Envoy};
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
