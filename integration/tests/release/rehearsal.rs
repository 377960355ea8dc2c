//! A whole release, as the workflow makes it: twice, in two folders, to a registry on 127.0.0.1.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::runner::{Runner, VERSION, succeed};
use crate::workflows::{commands, workflow};

/// The files of a release, with their sums.
fn sums(release: &Path) -> Result<BTreeMap<String, String>> {
    succeed(Command::new("sha256sum").args(["--check", "--quiet", "SHA256SUMS"]).current_dir(release))?;
    let sums = fs::read_to_string(release.join("SHA256SUMS"))?;
    let named = sums.lines().filter_map(|line| line.split_once("  "));
    Ok(named.map(|(sum, name)| (name.to_owned(), sum.to_owned())).collect())
}

/// The name and version of each component, and of what they are in.
fn components(sbom: &Path) -> Result<BTreeSet<String>> {
    let sbom: Value = serde_json::from_slice(&fs::read(sbom)?)?;
    let all = sbom["components"].as_array().context("components")?.iter().chain([&sbom["metadata"]["component"]]);
    all.map(|part| {
        Ok(format!("{} v{}", part["name"].as_str().context("a name")?, part["version"].as_str().context("a version")?))
    })
    .collect()
}

/// What `cargo tree` lists.
fn crates(checkout: &Path, package: &str, target: &str) -> Result<BTreeSet<String>> {
    let mut tree = Command::new("cargo");
    tree.current_dir(checkout).args(["tree", "--locked", "-p", package, "--target", target, "-e", "normal"]);
    let printed = String::from_utf8(succeed(tree.args(["--prefix", "none", "--no-dedupe", "-f", "{p}"]))?)?;
    Ok(printed.lines().map(|line| line.split(" (").next().unwrap_or(line).to_owned()).collect())
}

#[test]
#[ignore = "builds everything twice: make rehearse"]
fn a_release_is_made_signed_and_published() -> Result<()> {
    let workflow = workflow("release.yml")?;
    let (build, publish): (Vec<_>, Vec<_>) = commands(&workflow)?.into_iter().partition(|step| step.job == "build");
    let mut runner = Runner::new()?;
    let folders = [runner.clone("one")?, runner.clone("two/with a longer name")?];
    // What `.ci/run` did before this test.
    for step in build.iter().filter(|step| !step.run.starts_with(".ci/install")) {
        for folder in &folders {
            runner.run(step, &workflow["env"], folder)?;
        }
    }
    let releases = folders.each_ref().map(|folder| folder.join("target").join(format!("release-{VERSION}")));
    same_files(&releases)?;
    parts(&folders[0], &releases[0])?;

    for step in &publish {
        runner.run(step, &workflow["env"], &folders[1])?;
    }
    let image = runner.outputs["steps.push.outputs.image"].clone();
    pushed(&runner, &image, &releases[0])?;
    written(&fs::read_to_string(runner.home.path().join("written"))?, &image, &releases[1])?;

    let push = publish.iter().find(|step| step.id.as_deref() == Some("push")).context("a step that pushes")?;
    runner.run(push, &workflow["env"], &folders[0]).context("the same image again")?;
    runner.registry.replace(&image)?;
    assert!(runner.run(push, &workflow["env"], &folders[0]).is_err(), "an image was replaced");
    Ok(())
}

/// The image that one folder pushed is the module of the other, and what its manifests name.
fn pushed(runner: &Runner, image: &str, release: &Path) -> Result<()> {
    assert!(image.starts_with(&format!("{}/owner/tenancy-filter@sha256:", runner.registry.address)), "{image}");
    let module = fs::read(release.join("tenancy_filter.wasm"))?;
    assert!(runner.registry.pull(image, runner.home.path())? == module, "{image} is not the module");
    let component = fs::read_to_string(release.join("manifests/image/kustomization.yaml"))?;
    let (name, digest) = image.split_once('@').context("a digest")?;
    assert!(component.contains(&format!("newName: oci://{name}\n    digest: {digest}\n")), "{component}");
    Ok(())
}

fn same_files(releases: &[PathBuf; 2]) -> Result<()> {
    let [one, other] = [sums(&releases[0])?, sums(&releases[1])?];
    println!("{one:#?}");
    for file in ["tenancy_filter.wasm", "image.tar.gz", "manifests.tar.gz", "page.tar.gz", "tenancy_filter.cdx.json"] {
        assert!(one.contains_key(file), "no {file}");
    }
    assert_eq!(one, other);
    Ok(())
}

/// Each file is of the module that it speaks of.
fn parts(checkout: &Path, release: &Path) -> Result<()> {
    let host = String::from_utf8(succeed(Command::new("rustc").arg("-vV"))?)?;
    let host = host.lines().find_map(|line| line.strip_prefix("host: ")).context("a host")?;
    for (file, package, target) in
        [("tenancy_filter", "tenancy-filter-plugin", "wasm32-unknown-unknown"), ("tenancy", "tenancy", host)]
    {
        let listed = crates(checkout, package, target)?;
        assert_eq!(components(&release.join(format!("{file}.cdx.json")))?, listed, "{file}");
    }
    let notes = fs::read_to_string(release.join("NOTES.md"))?;
    let index: Value = serde_json::from_slice(&fs::read(release.join("image/index.json"))?)?;
    let digest = index["manifests"][0]["digest"].as_str().context("a digest")?;
    let changelog = fs::read_to_string(checkout.join("CHANGELOG.md"))?;
    let section =
        changelog.split("\n## ").find(|part| part.starts_with(&format!("[{VERSION}]"))).context("a section")?;
    let (_, section) = section.split_once('\n').context("lines")?;
    assert!(notes.contains(digest) && notes.trim_end().ends_with(section.trim_end()), "{notes}");
    let module = fs::read(release.join("tenancy_filter.wasm"))?;
    let sum: String = Sha256::digest(&module).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(sums(release)?["tenancy_filter.wasm"], sum);
    Ok(())
}

/// What would have been signed and published.
fn written(written: &str, image: &str, release: &Path) -> Result<()> {
    let lines: Vec<_> = written.lines().collect();
    assert_eq!(lines[..4], ["cosign", "sign", "--yes", image]);
    assert_eq!(lines[4..9], ["gh", "release", "create", &format!("v{VERSION}"), "--verify-tag"]);
    let mut files: BTreeSet<_> = sums(release)?.into_keys().collect();
    files.insert("SHA256SUMS".to_owned());
    let folder = format!("target/release-{VERSION}/");
    let published = lines[9..].iter().filter_map(|line| line.strip_prefix(&folder)).filter(|file| *file != "NOTES.md");
    assert_eq!(published.map(str::to_owned).collect::<BTreeSet<_>>(), files);
    Ok(())
}
