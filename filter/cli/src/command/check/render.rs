//! Reports for a terminal.

use std::io::{self, Write};

use annotate_snippets::Renderer;
use tenancy::{LeftOut, Report, Source};
use tenancy_filter::Severity;

use super::super::snippet::snippet;

/// Each finding with the line on which it is, then what was left out, then how many there are.
pub(super) fn report(out: &mut impl Write, report: &Report, sources: &[Source]) -> io::Result<()> {
    let renderer = Renderer::styled();
    for finding in &report.findings {
        writeln!(out, "{}\n", snippet(&renderer, finding, sources))?;
    }
    for (file, LeftOut { place, reason }) in report.broken.iter().chain(&report.left_out) {
        writeln!(out, "left out {file}:{}:{}: {reason}", place.line, place.column)?;
    }
    let (errors, warnings) = (report.count(Severity::Error), report.count(Severity::Warning));
    let [checked, errors, warnings] =
        [(report.checked.len(), "configuration"), (errors, "error"), (warnings, "warning")].map(counted);
    writeln!(out, "{checked} checked: {errors}, {warnings}")
}

fn counted((count, what): (usize, &str)) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
