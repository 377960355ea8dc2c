//! Cases as data: a configuration, requests, and what leaves the filter. One table, run by several runners.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde_json::Value;

use crate::bootstrap::root;
use crate::headers::Headers;

/// One file of `integration/cases`: the cases of one plugin configuration.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseFile {
    /// The name of the file, without its ending.
    #[serde(skip)]
    pub name: String,
    /// The plugin configuration.
    pub configuration: Value,
    /// The requests and their outcomes.
    pub cases: Vec<Case>,
}

/// One request and what becomes of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// What it shows.
    pub name: String,
    /// The request's authority.
    pub authority: String,
    /// Its header lines, `name: value`; each character up to U+00FF stands for the byte of its number.
    #[serde(default)]
    pub headers: Vec<String>,
    /// The header lines that leave; left out where the request passes unchanged.
    #[serde(default)]
    upstream: Option<Vec<String>>,
    /// The status of the local reply, where there is one.
    #[serde(default)]
    refused: Option<u16>,
}

/// What becomes of a request.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It goes on with exactly these lines: sorted by name, the lines of one name in order.
    Upstream(Headers),
    /// It is answered with this status.
    Refused(u16),
}

impl CaseFile {
    /// All files of `integration/cases`, by name.
    pub fn all() -> Result<Vec<Self>> {
        let folder = root().join("integration/cases");
        let mut paths = fs::read_dir(&folder)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
        paths.sort();
        ensure!(!paths.is_empty(), "{} holds no case", folder.display());
        paths.iter().map(|path| Self::read(path).with_context(|| path.display().to_string())).collect()
    }

    fn read(path: &Path) -> Result<Self> {
        let mut file: Self = serde_norway::from_str(&fs::read_to_string(path)?)?;
        file.name = path.file_stem().context("a name")?.to_string_lossy().into_owned();
        for case in &file.cases {
            ensure!(case.upstream.is_none() || case.refused.is_none(), "{}: upstream or refused, not both", case.name);
        }
        Ok(file)
    }
}

impl Case {
    /// The header lines of the request, in order.
    pub fn headers(&self) -> Headers {
        lines(&self.headers)
    }

    /// What has to become of it.
    pub fn expected(&self) -> Outcome {
        match self.refused {
            Some(status) => Outcome::Refused(status),
            None => Outcome::upstream(lines(self.upstream.as_ref().unwrap_or(&self.headers))),
        }
    }
}

impl Outcome {
    /// These lines, sorted by name.
    pub fn upstream(mut headers: Headers) -> Self {
        headers.0.sort_by(|(a, _), (b, _)| a.cmp(b));
        Self::Upstream(headers)
    }
}

fn lines(lines: &[String]) -> Headers {
    let line = |line: &String| {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let byte = |character| u8::try_from(u32::from(character)).expect("a character up to U+00FF");
        (name.to_ascii_lowercase().into_bytes(), value.trim_matches([' ', '\t']).chars().map(byte).collect())
    };
    Headers(lines.iter().map(line).collect())
}
