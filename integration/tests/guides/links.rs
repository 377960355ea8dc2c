//! Every relative link leads to a file, and to a heading of it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result};
use integration::root;

use crate::pages::Page;

#[test]
fn every_link_leads_somewhere() -> Result<()> {
    let pages = Page::all()?;
    let anchors: BTreeMap<_, _> = pages.iter().map(|page| (page.path.clone(), anchors(page))).collect();
    let mut wrong = Vec::new();
    let mut followed = 0;
    for page in &pages {
        let inline = page.prose.iter().flat_map(|line| links(line));
        let all = inline.chain(page.definitions().map(|definition| definition.target));
        for link in all.filter(|link| !link.contains("://")) {
            followed += 1;
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { page.path.clone() } else { beside(&page.path, file) };
            let is_there = root().join(&target).exists();
            let has_anchor = anchor.is_empty() || anchors.get(&target).is_some_and(|known| known.contains(anchor));
            if !is_there || !has_anchor {
                wrong.push(format!("{}: {link}", page.path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "links that lead nowhere: {wrong:#?}");
    assert!(followed >= 80, "only {followed} links found");
    Ok(())
}

#[test]
fn the_index_lists_every_page_of_the_docs() -> Result<()> {
    let index = Path::new("docs/README.md");
    let pages = Page::all()?;
    let page = pages.iter().find(|page| page.path == index).context("no index")?;
    let listed: BTreeSet<_> = page.prose.iter().flat_map(|line| links(line)).map(|link| beside(index, link)).collect();
    let docs = pages.iter().map(|page| &page.path).filter(|path| path.starts_with("docs") && *path != index);
    let missing: Vec<_> = docs.filter(|path| !listed.contains(*path)).collect();
    assert!(missing.is_empty(), "not in the index: {missing:?}");
    Ok(())
}

/// The targets of a line's links, without what is quoted as code.
fn links(line: &str) -> Vec<&str> {
    let starts = line.match_indices("](").map(|(at, start)| at + start.len());
    let is_prose = |at: &usize| line[..*at].matches('`').count().is_multiple_of(2);
    starts.filter(is_prose).filter_map(|at| line[at..].split(')').next()).collect()
}

/// The path of a file that a page names.
pub(crate) fn beside(page: &Path, file: &str) -> PathBuf {
    let mut path = PathBuf::new();
    for part in page.with_file_name(file).components() {
        match part {
            Component::ParentDir => drop(path.pop()),
            part => path.push(part),
        }
    }
    path
}

/// What links to its headings say: lower case, hyphens for spaces, no punctuation; a number for a repeated one.
fn anchors(page: &Page) -> BTreeSet<String> {
    let mut anchors = BTreeSet::new();
    for heading in page.prose.iter().filter(|line| line.starts_with('#')) {
        let text = heading.trim_start_matches('#').trim().to_lowercase();
        let kept = text.chars().filter(|char| char.is_alphanumeric() || matches!(char, ' ' | '-' | '_'));
        let anchor: String = kept.map(|char| if char == ' ' { '-' } else { char }).collect();
        let repeats = (1..).map(|number| format!("{anchor}-{number}"));
        let free = std::iter::once(anchor.clone()).chain(repeats).find(|anchor| !anchors.contains(anchor));
        anchors.extend(free);
    }
    anchors
}
