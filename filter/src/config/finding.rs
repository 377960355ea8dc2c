//! Errors and warnings of a plugin configuration.

use std::fmt;

/// The severity of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The configuration works, but this part of it can never have an effect, or hardly the intended one.
    Warning,
    /// The configuration is rejected.
    Error,
}

/// One finding: its place, the message and the remedy.
///
/// It displays as `path: message`, a warning with `warning: ` before that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Whether it rejects the configuration.
    pub severity: Severity,
    /// The path of the field, as in `tenant.from[0].host`; empty for the configuration as a whole.
    pub path: String,
    /// What is wrong there and what to write instead, in one line.
    pub message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Warning => "warning: ",
            Severity::Error => "",
        };
        let path = if self.path.is_empty() { "configuration" } else { &self.path };
        write!(f, "{severity}{path}: {}", self.message)
    }
}

/// All findings of one plugin configuration, in the order of the contract. It displays as one line per finding.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings(pub(super) Vec<Finding>);

impl Findings {
    /// The findings.
    pub fn iter(&self) -> impl Iterator<Item = &Finding> {
        self.0.iter()
    }

    /// Whether one of them rejects the configuration.
    pub(super) fn refuse(&self) -> bool {
        self.0.iter().any(|finding| finding.severity == Severity::Error)
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, finding) in self.0.iter().enumerate() {
            write!(f, "{}{finding}", if index == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}

impl std::error::Error for Findings {}
