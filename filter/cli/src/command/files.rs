//! The files that the command is given.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tenancy::{LeftOut, Place, Report, Source};

use super::{Problem, input};

/// The message if no file contains a configuration.
pub(crate) const NO_CONFIGURATION: &str = "no configuration of the filter found; name files with one, as a WasmPlugin, TrafficExtension, \
                       EnvoyFilter, EnvoyExtensionPolicy, an Envoy configuration, or the configuration alone; of a folder \
                       for kustomize pipe what it builds: kubectl kustomize FOLDER | tenancy check -";

const ENDINGS: [&str; 3] = ["yaml", "yml", "json"];

/// The files that were named, and those in folders that were.
#[derive(Default)]
pub(crate) struct Files {
    pub(crate) sources: Vec<Source>,
    /// Which of them were named themselves.
    pub(crate) named: BTreeSet<String>,
    /// Those of folders that could not be read, each with the reason.
    pub(crate) unreadable: Vec<(String, LeftOut)>,
}

impl Files {
    pub(crate) fn read(paths: &[PathBuf]) -> Result<Self, Problem> {
        let mut files = Self::default();
        for path in paths {
            if path.is_dir() && !input::is_stdin(path) {
                files.push_folder(path)?;
            } else {
                let file = if input::is_stdin(path) { "stdin".into() } else { path.display().to_string() };
                files.push_named(file, read(path))?;
            }
        }
        Ok(files)
    }

    /// The first named file that is not YAML.
    pub(crate) fn broken(&self, report: &Report) -> Option<Problem> {
        let (file, LeftOut { place, reason }) = report.broken.iter().find(|(file, _)| self.named.contains(file))?;
        Some(Problem::new(format!("{file}:{}:{}: {reason}", place.line, place.column)))
    }

    fn push_named(&mut self, file: String, text: io::Result<String>) -> Result<(), Problem> {
        let text = text.map_err(|why| Problem::new(format!("{file}: {why}")))?;
        self.named.insert(file.clone());
        self.push(Source { file, text });
        Ok(())
    }

    /// Adds a file once, however often it is named.
    fn push(&mut self, source: Source) {
        if self.sources.iter().all(|known| known.file != source.file) {
            self.sources.push(source);
        }
    }

    /// Adds the files of a folder, in order of their names; neither hidden ones nor those behind links to folders.
    fn push_folder(&mut self, folder: &Path) -> Result<(), Problem> {
        let problem = |why: io::Error| Problem::new(format!("{}: {why}", folder.display()));
        let entries = fs::read_dir(folder).and_then(Iterator::collect::<io::Result<Vec<_>>>);
        let mut entries = entries.map_err(problem)?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let path = entry.path();
            let is_hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
            if is_folder && !is_hidden {
                self.push_folder(&path)?;
            } else if !is_folder && !is_hidden && ENDINGS.contains(&ending) {
                self.push_found(path.display().to_string(), fs::read_to_string(&path));
            }
        }
        Ok(())
    }

    fn push_found(&mut self, file: String, text: io::Result<String>) {
        match text {
            Ok(text) => self.push(Source { file, text }),
            Err(why) => {
                let place = Place { line: 1, column: 1, bytes: 0..0 };
                self.unreadable.push((file, LeftOut { place, reason: why.to_string() }));
            }
        }
    }
}

fn read(path: &Path) -> io::Result<String> {
    input::open(path).and_then(io::read_to_string)
}
