//! Markdown files, as far as the tests look at them.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;
use integration::root;

/// A Markdown file.
pub(crate) struct Page {
    /// Its path from the root of the repository.
    pub(crate) path: PathBuf,
    /// Its fenced blocks.
    pub(crate) blocks: Vec<Block>,
    /// Its lines outside of them.
    pub(crate) prose: Vec<String>,
}

/// What a reference such as `[works][name]` leads to: a line `[name]: target "title"`.
pub(crate) struct Definition<'page> {
    pub(crate) name: &'page str,
    pub(crate) target: &'page str,
    pub(crate) title: Option<&'page str>,
}

/// A fenced block.
pub(crate) struct Block {
    /// The word behind the fence, which may be empty.
    pub(crate) kind: String,
    /// What it holds.
    pub(crate) text: String,
}

impl Page {
    /// All of the repository.
    pub(crate) fn all() -> Result<Vec<Self>> {
        let mut pages = Vec::new();
        let mut folders = vec![root()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder)? {
                let entry = entry?;
                let name = entry.file_name().to_string_lossy().into_owned();
                if entry.file_type()?.is_dir() && !name.starts_with('.') && name != "target" {
                    folders.push(entry.path());
                } else if name.ends_with(".md") {
                    pages.push(Self::of(entry.path().strip_prefix(root())?, &fs::read_to_string(entry.path())?));
                }
            }
        }
        pages.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(pages)
    }

    pub(crate) fn read(path: &str) -> Result<Self> {
        Ok(Self::of(Path::new(path), &fs::read_to_string(root().join(path))?))
    }

    fn of(path: &Path, text: &str) -> Self {
        let mut page = Self { path: path.to_owned(), blocks: Vec::new(), prose: Vec::new() };
        let mut is_fenced = false;
        for line in text.lines() {
            if let Some(kind) = line.trim_start().strip_prefix("```") {
                is_fenced = !is_fenced;
                if is_fenced {
                    page.blocks.push(Block { kind: kind.to_owned(), text: String::new() });
                }
            } else if let (true, Some(block)) = (is_fenced, page.blocks.last_mut()) {
                block.text += line;
                block.text.push('\n');
            } else {
                page.prose.push(line.to_owned());
            }
        }
        page
    }

    /// The blocks of one kind.
    pub(crate) fn blocks(&self, kind: &str) -> impl Iterator<Item = &str> {
        self.blocks.iter().filter(move |block| block.kind == kind).map(|block| block.text.as_str())
    }

    /// What its references lead to.
    pub(crate) fn definitions(&self) -> impl Iterator<Item = Definition<'_>> {
        self.prose.iter().filter_map(|line| {
            let (name, rest) = line.strip_prefix('[')?.split_once("]: ")?;
            let (target, title) = rest.split_once(' ').map_or((rest, None), |(target, title)| (target, Some(title)));
            Some(Definition { name, target, title: title.map(|title| title.trim_matches('"')) })
        })
    }

    /// What its prose quotes as code.
    pub(crate) fn code(&self) -> impl Iterator<Item = &str> {
        self.prose.iter().flat_map(|line| line.split('`').skip(1).step_by(2))
    }
}
