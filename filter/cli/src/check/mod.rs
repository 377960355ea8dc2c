//! Checks configurations, each by itself and all of them together.

mod carrier;
mod code;
mod deployed;
mod json;
mod position;
mod rules;
mod target;

pub use code::Code;

use tenancy_filter::Severity;

use crate::document::{Documents, LeftOut, Place, find};

use deployed::{Deployed, Document, Mesh};

/// A file that is checked.
#[derive(Clone, Debug)]
pub struct Source {
    /// What it is called.
    pub file: String,
    /// What it holds.
    pub text: String,
}

impl Source {
    /// Its configurations. A configuration alone in a file has the name of the file, without folder and extension.
    pub fn documents(&self) -> Documents {
        find(&self.text, self.stem())
    }

    /// Its name without its folder and its ending.
    fn stem(&self) -> &str {
        let name = self.file.rsplit('/').next().unwrap_or(&self.file);
        name.rsplit_once('.').map_or(name, |(stem, _)| stem)
    }
}

/// What was found in some files.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// What is wrong, file by file in order of its place.
    pub findings: Vec<Finding>,
    /// The configurations of the filter.
    pub checked: Vec<Checked>,
    /// The documents without one, each with its file.
    pub left_out: Vec<(String, LeftOut)>,
    /// Where files are no YAML.
    pub broken: Vec<(String, LeftOut)>,
}

/// A configuration that was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// Its name.
    pub name: String,
    /// What holds it.
    pub kind: crate::Kind,
    /// The file that contains it.
    pub file: String,
    /// Where it begins.
    pub place: Place,
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule that is broken.
    pub code: Code,
    /// The file in which to mend it.
    pub file: String,
    /// Where.
    pub place: Place,
    /// The plugin's name; if there is none, the resource's name.
    pub plugin: String,
    /// The field: `tenant.from[0].host` of the plugin configuration, or as `spec.phase` of the document around it. Empty
    /// for the configuration as a whole.
    pub path: String,
    /// What is wrong there; for a code without a remedy of its own, what to write too.
    pub message: String,
}

/// Checks the configurations of these files: each by itself, and all together as those of one mesh.
///
/// ```
/// use tenancy::{Source, check};
///
/// let text = "version: 1\nrole: edge\nstrip: [a b]\n".to_owned();
/// let report = check(&[Source { file: "gateway.yaml".into(), text }]);
/// let finding = &report.findings[0];
/// assert_eq!((finding.code.word(), finding.path.as_str()), ("configuration", "strip[0]"));
/// assert_eq!((finding.place.line, finding.place.column), (3, 9));
/// ```
pub fn check(sources: &[Source]) -> Report {
    let mut report = Report::default();
    let (mut found, mut all) = (Vec::new(), Vec::new());
    for source in sources {
        let file = &source.file;
        let documents = source.documents();
        all.extend(documents.all.into_iter().map(|root| Document { source, root }));
        found.extend(documents.found.into_iter().map(|found| (file.as_str(), found)));
        report.left_out.extend(documents.left_out.into_iter().map(|left| (file.clone(), left)));
        report.broken.extend(documents.broken.map(|broken| {
            let reason = format!("is not YAML: {}", broken.message);
            (file.clone(), LeftOut { place: broken.place, reason })
        }));
    }
    let mesh = Mesh { instances: deployed::deploy(found), documents: all };
    report.checked = mesh.instances.iter().map(Deployed::checked).collect();
    for finding in rules::RULES.iter().flat_map(|rule| rule(&mesh)) {
        if !report.findings.iter().any(|known| known.is_same(&finding)) {
            report.findings.push(finding);
        }
    }
    let file = |name: &str| sources.iter().position(|source| source.file == name);
    report.findings.sort_by_key(|finding| (file(&finding.file), finding.place.bytes.start));
    report
}

impl Report {
    /// How many findings have this severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.code.severity() == severity).count()
    }
}

impl Finding {
    /// Whether it is the same mistake, repeated because several plugins share it by an alias.
    fn is_same(&self, other: &Self) -> bool {
        let key = |finding: &Self| (finding.code, finding.file.clone(), finding.place.clone(), finding.message.clone());
        key(self) == key(other)
    }
}
