//! What `make release` and `make push` refuse, before they build or send anything, and the remedy that they name.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use anyhow::{Result, ensure};
use integration::root;
use tempfile::TempDir;

const MANIFEST: &str = "[workspace.package]\nversion = \"1.2.3\"\n";
const CHANGELOG: &str = "# Changelog\n\n## [1.2.3]\n\n- A line.\n\n## [1.2.2]\n\n- Another.\n";

/// A checkout with the scripts, a version and its changes.
struct Checkout(TempDir);

impl Checkout {
    fn new() -> Result<Self> {
        let checkout = Self(TempDir::new()?);
        fs::create_dir(checkout.0.path().join("release"))?;
        for script in ["build.sh", "names.sh", "push.sh"] {
            fs::copy(root().join("release").join(script), checkout.0.path().join("release").join(script))?;
        }
        checkout.write("Cargo.toml", MANIFEST)?;
        checkout.write("CHANGELOG.md", CHANGELOG)?;
        checkout.git(&["init", "--quiet"])?;
        checkout.commit()?;
        Ok(checkout)
    }

    fn write(&self, file: &str, text: &str) -> Result<()> {
        Ok(fs::write(self.0.path().join(file), text)?)
    }

    fn git(&self, arguments: &[&str]) -> Result<()> {
        let me = ["-c", "user.name=me", "-c", "user.email=me@example.com"];
        let output = Command::new("git").current_dir(self.0.path()).args(me).args(arguments).output()?;
        ensure!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(())
    }

    fn commit(&self) -> Result<()> {
        self.git(&["add", "."])?;
        self.git(&["commit", "--quiet", "--message", "A version"])
    }

    /// What a script says when it refuses. No tool of a release is on its path, so that it could do nothing else.
    fn refusal(&self, script: &str, registry: &str) -> Result<String> {
        let mut command = Command::new(self.0.path().join("release").join(script));
        let Output { status, stderr, .. } = command.env("REGISTRY", registry).env("PATH", "/usr/bin:/bin").output()?;
        ensure!(!status.success(), "{script} went on");
        ensure!(!self.0.path().join("target").exists(), "{script} left something");
        Ok(String::from_utf8(stderr)?)
    }
}

fn expect(said: &str, words: &[&str]) {
    assert!(said.starts_with("release: ") && words.iter().all(|word| said.contains(word)), "{words:?} in {said}");
}

#[test]
fn a_registry_is_needed_and_is_a_host_with_a_path() -> Result<()> {
    let checkout = Checkout::new()?;
    for script in ["build.sh", "push.sh"] {
        expect(&checkout.refusal(script, "")?, &["where will the image lie", "make release REGISTRY=ghcr.io/OWNER"]);
        for wrong in ["oci://ghcr.io/owner", "ghcr.io/owner/", "ghcr.io/own er", "ghcr.io/a|b", "https://ghcr.io"] {
            expect(&checkout.refusal(script, wrong)?, &[wrong, "without oci://", "ghcr.io/owner"]);
        }
    }
    Ok(())
}

#[test]
fn a_tree_that_differs_from_its_commit_is_refused() -> Result<()> {
    let checkout = Checkout::new()?;
    checkout.write("new.rs", "")?;
    expect(&checkout.refusal("build.sh", "ghcr.io/owner")?, &["commit or remove", "?? new.rs"]);
    checkout.commit()?;
    checkout.write("new.rs", "// changed")?;
    expect(&checkout.refusal("build.sh", "ghcr.io/owner")?, &["commit or remove", "M new.rs"]);
    fs::remove_dir_all(checkout.0.path().join(".git"))?;
    assert!(checkout.refusal("build.sh", "ghcr.io/owner")?.contains("no git checkout; clone it"));
    Ok(())
}

#[test]
fn a_version_without_its_changes_is_refused() -> Result<()> {
    let checkout = Checkout::new()?;
    for changelog in [
        "# Changelog\n\n## [Unreleased]\n\n- A line of 1.2.3.\n",
        "# Changelog\n\n## [1.2.3]\n\n## [1.2.2]\n\n- A line.\n",
        "# Changelog\n\n## [1.2.30]\n\n- A line.\n",
    ] {
        checkout.write("CHANGELOG.md", changelog)?;
        checkout.commit()?;
        expect(
            &checkout.refusal("build.sh", "ghcr.io/owner")?,
            &["CHANGELOG.md", "\"## [1.2.3]\"", "write what changed"],
        );
    }
    Ok(())
}

#[test]
fn a_tag_of_another_version_is_refused() -> Result<()> {
    let checkout = Checkout::new()?;
    checkout.git(&["tag", "v1.2.4"])?;
    expect(&checkout.refusal("build.sh", "ghcr.io/owner")?, &["v1.2.4 is not v1.2.3", "Cargo.toml"]);
    checkout.git(&["tag", "v1.2.3"])?;
    expect(&checkout.refusal("build.sh", "ghcr.io/owner")?, &["cargo install --locked cargo-cyclonedx"]);
    Ok(())
}

#[test]
fn nothing_is_pushed_before_there_is_a_release() -> Result<()> {
    let checkout = Checkout::new()?;
    let said = checkout.refusal("push.sh", "ghcr.io/Owner")?;
    expect(&said, &["no target/release-1.2.3", "make release REGISTRY=ghcr.io/owner"]);
    Ok(())
}

/// The version in Cargo.toml always has its section, so that a tag finds it.
#[test]
fn the_changelog_has_a_section_for_this_version() -> Result<()> {
    let changelog = fs::read_to_string(Path::new(&root()).join("CHANGELOG.md"))?;
    let heading = format!("\n## [{}]", env!("CARGO_PKG_VERSION"));
    assert!(changelog.contains(&heading), "{heading}");
    Ok(())
}
