//! Reports as JSON.

use serde_json::{Value, json};

use crate::document::{LeftOut, Place};

use tenancy_filter::Severity;

use super::code::severity_word;
use super::{Checked, Finding, Report};

impl Report {
    /// The report as JSON, whose fields stay as they are; later ones may be added.
    pub fn to_json(&self) -> Value {
        json!({
            "errors": self.count(Severity::Error),
            "warnings": self.count(Severity::Warning),
            "findings": self.findings.iter().map(finding).collect::<Value>(),
            "checked": self.checked.iter().map(checked).collect::<Value>(),
            "left_out": self.broken.iter().chain(&self.left_out).map(left_out).collect::<Value>(),
        })
    }
}

fn finding(Finding { code, file, place: Place { line, column, .. }, plugin, path, message }: &Finding) -> Value {
    json!({
        "severity": severity_word(code.severity()),
        "code": code.word(),
        "file": file,
        "line": line,
        "column": column,
        "plugin": plugin,
        "path": path,
        "message": message,
        "remedy": code.remedy(),
    })
}

fn checked(Checked { name, kind, file, place: Place { line, column, .. } }: &Checked) -> Value {
    json!({"name": name, "kind": kind.word(), "file": file, "line": line, "column": column})
}

fn left_out((file, LeftOut { place: Place { line, column, .. }, reason }): &(String, LeftOut)) -> Value {
    json!({"file": file, "line": line, "column": column, "reason": reason})
}
