//! The numbers of `integration/requirements.md`: each is defined once and tested, and no file names another.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use integration::root;

const DEFINITIONS: &str = "integration/requirements.md";
/// How the files end in which people write: locks, hashes and recordings are left out.
const ENDINGS: [&str; 15] =
    ["rs", "md", "yaml", "toml", "sh", "py", "js", "go", "java", "lua", "wat", "Makefile", "run", "yml", "json"];
/// Folders without a source, and files whose text is made by programs.
const LEFT_OUT: [&str; 6] = [".git", "target", "node_modules", "recordings", "vectors", "package-lock.json"];

/// A requirement: its number, and the files that its entry lists as tests.
struct Requirement {
    name: String,
    tests: Vec<PathBuf>,
}

/// The numbers that a text names: a capital R and one or two digits, as a word.
fn names(text: &str) -> BTreeSet<&str> {
    let words = text.split(|char: char| !char.is_ascii_alphanumeric() && char != '_');
    let is_number = |digits: &str| (1..=2).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    words.filter(|word| word.strip_prefix('R').is_some_and(is_number)).collect()
}

/// The entries, in order. `- **R1** …` begins one, and its tests are the links behind `Tests:`.
fn requirements() -> Result<Vec<Requirement>> {
    let text = fs::read_to_string(root().join(DEFINITIONS))?;
    let folder = root().join("integration");
    text.split("\n- **").skip(1).map(|entry| requirement(entry, &folder)).collect()
}

fn requirement(entry: &str, folder: &Path) -> Result<Requirement> {
    let entry = entry.split("\n\n").next().unwrap_or(entry);
    let (name, rest) = entry.split_once("**").context("a number between asterisks")?;
    let (_, tests) = rest.split_once("Tests:").with_context(|| format!("{name} lists no tests"))?;
    let links = tests.split("](").skip(1).filter_map(|link| link.split(')').next());
    Ok(Requirement { name: name.to_owned(), tests: links.map(|link| folder.join(link)).collect() })
}

/// The files in which people write, with the numbers that each names.
fn named() -> Result<BTreeMap<PathBuf, BTreeSet<String>>> {
    let mut named = BTreeMap::new();
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if LEFT_OUT.contains(&name.as_str()) {
                continue;
            } else if entry.file_type()?.is_dir() {
                folders.push(entry.path());
            } else if name.rsplit('.').next().is_some_and(|ending| ENDINGS.contains(&ending)) {
                let text = fs::read_to_string(entry.path()).with_context(|| entry.path().display().to_string())?;
                let numbers: BTreeSet<_> = names(&text).into_iter().map(str::to_owned).collect();
                named.insert(entry.path(), numbers);
            }
        }
    }
    Ok(named)
}

#[test]
fn no_file_names_a_requirement_that_is_not_defined() -> Result<()> {
    let defined: BTreeSet<_> = requirements()?.into_iter().map(|requirement| requirement.name).collect();
    let unknown = |(file, numbers): (PathBuf, BTreeSet<String>)| {
        let unknown: Vec<_> = numbers.difference(&defined).cloned().collect();
        (!unknown.is_empty()).then(|| format!("{}: {}", file.display(), unknown.join(", ")))
    };
    let wrong: Vec<_> = named()?.into_iter().filter_map(unknown).collect();
    assert!(wrong.is_empty(), "{DEFINITIONS} does not define: {wrong:#?}");
    Ok(())
}

#[test]
fn every_requirement_is_defined_once() -> Result<()> {
    let mut defined = BTreeSet::new();
    for Requirement { name, .. } in requirements()? {
        assert_eq!(names(&name), BTreeSet::from([name.as_str()]), "a number");
        assert!(defined.insert(name.clone()), "{name} is defined twice");
    }
    assert!(!defined.is_empty());
    Ok(())
}

/// One of the tests that an entry lists names its number; the guides' own test follows the links.
#[test]
fn every_requirement_is_tested() -> Result<()> {
    let mut untested = Vec::new();
    for Requirement { name, tests } in requirements()? {
        let texts = tests.iter().map(fs::read_to_string).collect::<Result<Vec<_>, _>>().context(name.clone())?;
        if !texts.iter().any(|text| names(text).contains(name.as_str())) {
            untested.push(name);
        }
    }
    assert!(untested.is_empty(), "no test that {DEFINITIONS} lists names: {untested:?}");
    Ok(())
}
