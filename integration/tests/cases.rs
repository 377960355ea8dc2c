//! The one table of `integration/cases`, by three runners: the filter itself, the compiled module, a real Envoy.

use anyhow::{Context, Result};
use integration::cases::{Case, CaseFile, Counts, Runner};
use integration::markdown::blocks_of;
use integration::runners::{ModuleRunner, NativeRunner, Proxy, Wire};
use integration::signs;

#[test]
fn natively() -> Result<()> {
    for file in CaseFile::chosen()? {
        let filter = NativeRunner::beside(&file.configuration, &file.node()).with_context(|| file.name.clone())?;
        for case in &file.cases {
            filter.run(case).with_context(|| case.name.clone())?.check(case, &file.name);
        }
    }
    Ok(())
}

#[test]
fn the_example_of_the_readme_holds() -> Result<()> {
    let blocks = blocks_of("integration/README.md", "yaml")?;
    let [example] = &blocks[..] else { panic!("one example, not {}", blocks.len()) };
    let file = CaseFile::parse("README", example)?;
    let filter = NativeRunner::beside(&file.configuration, &file.node())?;
    for case in &file.cases {
        filter.run(case)?.check(case, &file.name);
    }
    assert!(!file.cases.is_empty());
    Ok(())
}

#[test]
fn inside_the_module() -> Result<()> {
    for file in CaseFile::chosen()? {
        let filter = NativeRunner::beside(&file.configuration, &file.node())?;
        let mut module = ModuleRunner::beside(&file.configuration, file.node()).with_context(|| file.name.clone())?;
        for case in file.cases.iter().filter(|case| case.runs(&[Runner::Module])) {
            let run = module.run(case).with_context(|| format!("{}: {}", file.name, case.name))?;
            run.check(case, &file.name);
            assert_eq!(run.counted, filter.run(case)?.counted, "{}: {}", file.name, case.name);
        }
    }
    Ok(())
}

/// The same outcome over every protocol (R20).
#[tokio::test]
async fn through_envoy() -> Result<()> {
    for file in CaseFile::chosen()? {
        if file.configuration.pointer("/seal/sign").is_some() && !signs(&file.name)? {
            continue;
        }
        let filter = NativeRunner::beside(&file.configuration, &file.node())?;
        let proxy = Proxy::start_beside(&file.configuration, &file.passages(), &file.node()).await;
        let proxy = proxy.with_context(|| file.name.clone())?;
        let mut expected = Counts::new();
        for (case, wire) in file.cases.iter().flat_map(|case| Wire::ALL.map(|wire| (case, wire))) {
            if !case.runs(&[Runner::Envoy, wire.runner()]) {
                continue;
            }
            let who = format!("{}: {} ({wire:?})", file.name, case.name);
            let outcome = proxy.run(case, wire).await.with_context(|| who.clone())?;
            assert_eq!(outcome, case.expected(), "{who}");
            let counted = filter.run(case)?.counted;
            counted.into_iter().for_each(|(name, count)| *expected.entry(name).or_default() += count);
        }
        assert_eq!(proxy.counted(&expected).await?, expected, "{}: what all of them counted", file.name);
    }
    Ok(())
}

/// A proxy and then a sidecar of the same configuration: the second has nothing left to do (R19).
#[test]
fn twice_equals_once() -> Result<()> {
    for file in CaseFile::chosen()? {
        let Some(twin) = file.mesh_twin() else { continue };
        let twin = NativeRunner::beside(&twin, &file.node()).with_context(|| file.name.clone())?;
        let runnable = file.cases.iter().filter(|case| case.runs(&[Runner::Twice]));
        for again in runnable.filter_map(Case::at_the_next_proxy) {
            twin.run(&again).with_context(|| again.name.clone())?.check(&again, &file.name);
        }
    }
    Ok(())
}
