//! Reports for a terminal.

use std::io::{self, Write};

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use tenancy::{Finding, LeftOut, Report, Source};
use tenancy_filter::Severity;

/// Each finding with the line on which it is, then what was left out, then how many there are.
pub(super) fn report(out: &mut impl Write, report: &Report, sources: &[Source]) -> io::Result<()> {
    let renderer = Renderer::styled();
    for finding in &report.findings {
        let text = sources.iter().find(|source| source.file == finding.file).map_or("", |source| &source.text);
        writeln!(out, "{}\n", snippet(&renderer, finding, text))?;
    }
    for (file, LeftOut { place, reason }) in report.broken.iter().chain(&report.left_out) {
        writeln!(out, "left out {file}:{}:{}: {reason}", place.line, place.column)?;
    }
    let (errors, warnings) = (report.count(Severity::Error), report.count(Severity::Warning));
    let [checked, errors, warnings] =
        [(report.checked.len(), "configuration"), (errors, "error"), (warnings, "warning")].map(counted);
    writeln!(out, "{checked} checked: {errors}, {warnings}")
}

/// The field, of a long path only its end.
fn label(path: &str) -> String {
    const MAX: usize = 60;
    if path.is_empty() {
        return "the configuration".into();
    }
    let ends = path.match_indices('.').map(|(dot, _)| path.get(dot..).unwrap_or(path));
    let end = if path.len() > MAX { ends.filter(|end| end.len() <= MAX).max_by_key(|end| end.len()) } else { None };
    end.map_or_else(|| path.to_owned(), |end| format!("…{end}"))
}

fn counted((count, what): (usize, &str)) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn snippet(renderer: &Renderer, finding: &Finding, text: &str) -> String {
    let Finding { code, file, place, plugin, path, message } = finding;
    let level = match code.severity() {
        Severity::Warning => Level::WARNING,
        Severity::Error => Level::ERROR,
    };
    let label = label(path);
    let annotation = AnnotationKind::Primary.span(place.bytes.clone()).label(label);
    let snippet = Snippet::source(text).path(file).annotation(annotation);
    let title = level.primary_title(format!("{plugin}: {message}")).id(code.word()).element(snippet);
    let group = match code.remedy() {
        Some(remedy) => title.element(Level::HELP.message(remedy)),
        None => title,
    };
    renderer.render(&[group])
}
