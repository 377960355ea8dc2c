//! Explanations for a terminal.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use tenancy::{Explanation, Hop, Line, Outcome, Request, Told};

const REMOVED: Style = AnsiColor::Red.on_default();
const WRITTEN: Style = AnsiColor::Green.on_default();
const CHOSEN: Style = AnsiColor::Green.on_default().bold();
const TITLE: Style = Style::new().bold();
const FAINT: Style = Style::new().dimmed();

/// Events that what is printed says already.
const UNSAID: [&str; 3] = ["request", "overrides", "refused"];

/// Each hop: why, and what it left.
pub(crate) fn explanation(out: &mut impl Write, explanation: &Explanation) -> io::Result<()> {
    let mut came = &explanation.request;
    for (index, hop) in explanation.hops.iter().enumerate() {
        if index > 0 {
            writeln!(out)?;
        }
        writeln!(out, "{TITLE}{}{TITLE:#}", hop.instance)?;
        reasons(out, hop)?;
        match &hop.outcome {
            Outcome::Passed(passed) => {
                difference(out, "upstream gets", &came.headers, &passed.headers)?;
                if !came.trailers.is_empty() {
                    difference(out, "trailers", &came.trailers, &passed.trailers)?;
                }
                came = passed;
            }
            Outcome::Answered { status, headers, body } => {
                let colon = if body.is_empty() { "" } else { ": " };
                writeln!(out, "  {REMOVED}answered {status}{REMOVED:#}{colon}{}", body.trim_end())?;
                for line in headers {
                    writeln!(out, "      {}", shown(line))?;
                }
            }
        }
    }
    Ok(())
}

/// What decided, in order, the subjects in one column.
fn reasons(out: &mut impl Write, hop: &Hop) -> io::Result<()> {
    let told: Vec<_> = hop.told.iter().filter(|told| !UNSAID.contains(&told.name)).collect();
    let width = told.iter().map(|told| told.subject.chars().count()).max().unwrap_or_default();
    for told in told {
        let style = style(told);
        writeln!(out, "  {:width$}  {style}{}{style:#}", told.subject, told.text)?;
    }
    Ok(())
}

fn style(told: &Told) -> Style {
    match told.name {
        "tenant_chosen" | "override_taken" => CHOSEN,
        "source_absent" | "host_settled" | "host_excepted" => FAINT,
        "stripped" | "trace_malformed" | "withheld" => REMOVED,
        _ => Style::new(),
    }
}

/// The lines that are gone, that are new, and that stayed.
fn difference(out: &mut impl Write, title: &str, came: &[Line], went: &[Line]) -> io::Result<()> {
    writeln!(out, "  {TITLE}{title}{TITLE:#}")?;
    let mut left = went.to_vec();
    for line in came {
        match left.iter().position(|other| other == line) {
            Some(place) => {
                left.remove(place);
                writeln!(out, "      {}", shown(line))?;
            }
            None => writeln!(out, "    {REMOVED}- {}{REMOVED:#}", shown(line))?,
        }
    }
    for line in &left {
        writeln!(out, "    {WRITTEN}+ {}{WRITTEN:#}", shown(line))?;
    }
    Ok(())
}

/// A line as text; bytes that are no visible ASCII are escaped.
pub(crate) fn shown((name, value): &Line) -> String {
    format!("{}: {}", name.escape_ascii(), value.escape_ascii())
}

/// The header lines of a request but for its pseudo-headers.
pub(crate) fn ordinary(request: &Request) -> impl Iterator<Item = &Line> {
    request.headers.iter().filter(|(name, _)| !name.starts_with(b":"))
}
