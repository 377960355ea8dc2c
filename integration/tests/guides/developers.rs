//! The commands of `docs/developers.md`, on Envoys with the configuration of that page.

use anyhow::{Context, Result};
use integration::{Bootstrap, Chain};
use serde_json::json;

use crate::commands::run;
use crate::pages::Page;

/// R40.
#[tokio::test]
async fn a_developer_joins_a_sandbox_as_the_page_says() -> Result<()> {
    let page = Page::read("docs/developers.md")?;
    let edge = serde_norway::from_str(page.blocks("yaml").next().context("a configuration")?)?;
    let mesh = json!({"version": 1, "role": "mesh", "tenant": {"to": [{"header": "x-tenant"}]}});
    let chain =
        Chain::start(Bootstrap::gateway()?.configuration(edge), Bootstrap::sidecar()?.configuration(mesh)).await?;
    let mut commands = 0;
    for block in page.blocks("console") {
        for command in block.split("$ curl ").skip(1) {
            let (command, answer) = command.split_once('\n').context("a command and its answer")?;
            assert_eq!(run(&format!("curl {command}"), &chain).await?, answer, "{command}");
            commands += 1;
        }
    }
    assert_eq!(commands, 5);
    Ok(())
}
