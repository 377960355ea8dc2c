//! Findings on the lines of their files.

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use tenancy::routes::Mistake;
use tenancy::{Finding, Source};
use tenancy_filter::Severity;

/// A finding with the line on which it is, as rustc shows it.
pub(crate) fn snippet(renderer: &Renderer, finding: &Finding, sources: &[Source]) -> String {
    let text = sources.iter().find(|source| source.file == finding.file).map_or("", |source| &source.text);
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

/// A mistake in a list of sandboxes, with its line; a mistake without a line names its subject.
pub(crate) fn mistake(renderer: &Renderer, Mistake { at, message }: &Mistake, source: Option<&Source>) -> String {
    let (Some(place), Some(Source { file, text })) = (&at.place, source) else {
        let path = if at.path.is_empty() { String::new() } else { format!("{}: ", at.path) };
        return format!("error: {path}{message}");
    };
    let annotation = AnnotationKind::Primary.span(place.bytes.clone());
    let annotation = if at.path.is_empty() { annotation } else { annotation.label(label(&at.path)) };
    let snippet = Snippet::source(text).path(file).annotation(annotation);
    renderer.render(&[Level::ERROR.primary_title(message).element(snippet)])
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
