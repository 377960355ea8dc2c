//! The tables, on the terminal and in the READMEs.

use std::fs;

use anyhow::{Context, Result};
use integration::root;

use crate::clusters::Clusters;
use crate::destinations;
use crate::goals::goals;
use crate::growth::{ROUTINGS, SANDBOXES};
use crate::inside::{NONE, OURS, Row};
use crate::results::Results;
use crate::startup;

/// The files with tables; a table is between `<!-- bench: NAME -->` and `<!-- bench end -->`.
const FILES: [&str; 2] = ["README.md", "benches/README.md"];

/// Prints every table, and puts each in its place.
pub(crate) fn publish(results: &Results) -> Result<()> {
    let tables = [
        ("inside", inside(results)),
        ("features", features(results)),
        ("sandboxes", sandboxes(results)),
        ("requests", requests(results)),
        ("destinations", destinations(results)),
        ("clusters", clusters(results)),
        ("seals", seals(results)),
        ("worst", worst(results)),
        ("counted", counted(results)),
        ("startup", starts(results)),
        ("timed", timed(results)),
        ("goals", goal_table(results)),
    ];
    for (name, table) in &tables {
        println!("\n{name}\n\n{table}");
    }
    for file in FILES {
        let path = root().join(file);
        let text = fs::read_to_string(&path).with_context(|| file.to_owned())?;
        let new = tables.iter().try_fold(text.clone(), |text, (name, table)| replace(&text, name, table))?;
        if new != text {
            fs::write(path, new)?;
        }
    }
    Ok(())
}

/// The text with this table in its place, if it has one.
fn replace(text: &str, name: &str, table: &str) -> Result<String> {
    let (start, end) = (format!("<!-- bench: {name} -->\n"), "<!-- bench end -->");
    let Some((before, rest)) = text.split_once(&start) else { return Ok(text.into()) };
    let (_, after) = rest.split_once(end).with_context(|| format!("no {end} behind {start}"))?;
    Ok(format!("{before}{start}\n{table}\n{end}{after}"))
}

fn table(head: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let head: Vec<_> = head.iter().map(|cell| (*cell).to_owned()).collect();
    let rule = vec!["---".to_owned(); head.len()];
    [head, rule].into_iter().chain(rows).map(|cells| line(&cells)).collect()
}

/// Two tables: what a chain without filters takes, and what the others take more than that.
fn inside(results: &Results) -> String {
    let is_shown = |row: &&Row| !row.is_detail();
    let base = whole_requests(results.inside.iter().filter(|row| is_shown(row) && row.is_base()));
    let rows = results.inside.iter().filter(|row| is_shown(row) && !row.is_base());
    let row = |row: &Row| vec![row.chain.clone(), optional(row.ordinary), optional(row.tenant)];
    format!("{base}\n{}", table(&["over no filter", "ordinary request", "tenant request"], rows.map(row)))
}

/// The same of our features, each with what it is over.
fn features(results: &Results) -> String {
    let bases = whole_requests(results.inside.iter().filter(|row| row.is_base()));
    let rows = results.inside.iter().filter(|row| !row.is_base() && (row.is_detail() || row.chain == OURS));
    let row = |row: &Row| {
        vec![row.chain.clone(), row.over.clone().unwrap_or_default(), optional(row.ordinary), optional(row.tenant)]
    };
    format!("{bases}\n{}", table(&["chain", "over", "ordinary request", "tenant request"], rows.map(row)))
}

fn whole_requests<'a>(rows: impl Iterator<Item = &'a Row>) -> String {
    let row = |row: &Row| vec![row.chain.clone(), optional(row.ordinary), optional(row.tenant)];
    table(&["the whole request", "ordinary request", "tenant request"], rows.map(row))
}

/// Two tables again.
fn starts(results: &Results) -> String {
    let figures = |row: &startup::Row| [row.first_answer, row.cpu, row.resident as f64 / 1024.0];
    let cells = |chain: &str, [first_answer, cpu, resident]: [f64; 3]| {
        vec![chain.into(), format!("{first_answer:.0}"), format!("{cpu:.0}"), format!("{resident:.1}")]
    };
    let base = results.start(NONE).map(figures);
    let over = |row: &startup::Row| {
        let (all, base) = (figures(row), base?);
        (row.chain != NONE).then(|| cells(&row.chain, [all[0] - base[0], all[1] - base[1], all[2] - base[2]]))
    };
    let rows = results.startup.iter().flat_map(|startup| &startup.rows).filter_map(over);
    let head = |first| [first, "first answer, ms", "CPU until then, ms", "resident, MiB"];
    let whole = table(&head("all of it"), base.map(|base| cells(NONE, base)));
    format!("{whole}\n{}", table(&head("over no filter"), rows))
}

fn sandboxes(results: &Results) -> String {
    let head = [&["sandboxes"], &ROUTINGS[..]].concat();
    let row = |count: usize| {
        let cells = ROUTINGS.iter().map(|routing| optional(results.point(routing, count).map(|it| it.instructions)));
        [grouped(count as i64)].into_iter().chain(cells).collect()
    };
    table(&head, SANDBOXES.map(row))
}

fn requests(results: &Results) -> String {
    let points = results.growth.iter().filter(|point| !ROUTINGS.contains(&point.series.as_str()));
    table(
        &["what grows", "how many", "bytes of lines", "instructions"],
        points.map(|point| {
            let (size, bytes) = (grouped(point.size as i64), grouped(point.bytes as i64));
            vec![point.series.clone(), size, bytes, grouped(point.instructions)]
        }),
    )
}

fn destinations(results: &Results) -> String {
    let of = |way: &str, count| results.destinations.iter().find(|point| point.series == way && point.size == count);
    let row = |count: usize| {
        let cells = destinations::WAYS.iter().map(|way| optional(of(way, count).map(|it| it.instructions)));
        [grouped(count as i64)].into_iter().chain(cells).collect()
    };
    table(&[&["sandboxes"], &destinations::WAYS[..]].concat(), destinations::SANDBOXES.map(row))
}

fn clusters(results: &Results) -> String {
    let row = |clusters: Clusters| vec![grouped(clusters.count as i64), grouped(clusters.bytes_each as i64)];
    table(&["clusters of sandboxes", "bytes of memory each"], results.clusters.map(row))
}

/// Each with its ratio to the ordinary one.
fn seals(results: &Results) -> String {
    let row = |row: &crate::seals::Row| {
        let over = row.instructions as i64 - row.without as i64;
        vec![row.request.clone(), grouped(row.instructions as i64), grouped(over)]
    };
    table(&["a tenant's request", "instructions", "over no filter"], results.seals.iter().map(row))
}

fn worst(results: &Results) -> String {
    let times = |instructions| results.worst_ratio(instructions).map_or(String::new(), |times| format!("{times:.2}"));
    let row =
        |row: &crate::worst::Row| vec![row.request.clone(), grouped(row.instructions as i64), times(row.instructions)];
    table(&["a request of 60 KiB", "instructions", "to the ordinary one"], results.worst.iter().map(row))
}

fn counted(results: &Results) -> String {
    let row = |figure: &crate::Figure| vec![figure.name.clone(), grouped(figure.value as i64)];
    table(&["figure", "value"], results.counted.iter().map(row))
}

fn timed(results: &Results) -> String {
    let micros = |value: f64| format!("{value:.1}");
    let row = |row: &crate::timed::Row| {
        let spread = format!("{:.1}–{:.1}", row.least, row.most);
        vec![row.chain.clone(), micros(row.cpu), spread, micros(row.p50), micros(row.p99)]
    };
    table(&["chain, µs", "CPU a request", "of the turns", "latency p50", "p99"], results.timed.iter().map(row))
}

fn goal_table(results: &Results) -> String {
    let rows = goals(results).into_iter().map(|goal| {
        let aim = goal.aim.map_or(String::new(), |aim| number(aim, 2));
        vec![
            goal.name.into(),
            number(goal.must, 2),
            aim,
            goal.measured.map_or(String::new(), |measured| number(measured, 3)),
            goal.verdict().into(),
        ]
    });
    table(&["goal, at most", "must", "aim", "measured", ""], rows)
}

/// One more digit of what is measured than of its bound tells a miss by a hair from a figure that holds.
fn number(value: f64, digits: usize) -> String {
    if value.fract() == 0.0 { grouped(value as i64) } else { format!("{value:.digits$}") }
}

fn optional(value: Option<i64>) -> String {
    value.map_or(String::new(), grouped)
}

/// A number with commas between its thousands.
pub(crate) fn grouped(value: i64) -> String {
    let digits = value.unsigned_abs().to_string();
    let separate = |(place, digit): (usize, char)| {
        let comma = place > 0 && (digits.len() - place).is_multiple_of(3);
        comma.then_some(',').into_iter().chain([digit])
    };
    let grouped: String = digits.chars().enumerate().flat_map(separate).collect();
    if value < 0 { format!("-{grouped}") } else { grouped }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_takes_the_place_of_the_last() {
        let text = "a\n<!-- bench: one -->\nold\n<!-- bench end -->\nb\n";
        let expected = "a\n<!-- bench: one -->\n\nnew\n<!-- bench end -->\nb\n";
        assert_eq!(replace(text, "one", "new").unwrap(), expected);
        assert_eq!(replace(expected, "one", "new").unwrap(), expected);
        assert_eq!(replace(text, "two", "new").unwrap(), text);
        assert!(replace("<!-- bench: one -->\n", "one", "new").is_err());
    }

    #[test]
    fn thousands_are_separated() {
        let all = [0, 12, 999, 1000, 1234567, -65000].map(grouped);
        assert_eq!(all, ["0", "12", "999", "1,000", "1,234,567", "-65,000"]);
    }

    #[test]
    fn a_base_stands_apart_from_what_is_over_it() {
        let row = |chain: &str, over: Option<&str>, ordinary| Row {
            chain: chain.into(),
            over: over.map(str::to_owned),
            ordinary: Some(ordinary),
            tenant: None,
        };
        let rows = vec![
            row(NONE, None, 9000),
            row(OURS, Some(NONE), 1000),
            row("a call, no filter", None, 8000),
            row("ours, a call", Some("a call, no filter"), 2000),
        ];
        let results = Results { inside: rows, ..Results::default() };
        let head = "ordinary request | tenant request |\n| ---";
        let whole = format!("| the whole request | {head} | --- | --- |\n| no filter | 9,000 |  |\n");
        let over = format!("| over no filter | {head} | --- | --- |\n| ours, the whole job | 1,000 |  |\n");
        assert_eq!(inside(&results), format!("{whole}\n{over}"));
        let over = "| ours, the whole job | no filter | 1,000 |  |\n| ours, a call | a call, no filter | 2,000 |  |\n";
        let both = format!("| chain | over | {head} | --- | --- | --- |\n{over}");
        assert_eq!(features(&results), format!("{whole}| a call, no filter | 8,000 |  |\n\n{both}"));
    }

    #[test]
    fn a_start_is_told_over_that_without_a_filter() {
        let row = |chain: &str, first_answer, cpu, resident| startup::Row {
            chain: chain.into(),
            first_answer,
            cpu,
            resident,
        };
        let rows = vec![row(NONE, 50.0, 40.0, 2048), row(OURS, 150.0, 240.0, 3584)];
        let startup = Some(startup::Startup { rows, module_size: 0 });
        let figures = "first answer, ms | CPU until then, ms | resident, MiB |\n| --- | --- | --- | --- |\n";
        let whole = format!("| all of it | {figures}| no filter | 50 | 40 | 2.0 |\n");
        let over = format!("| over no filter | {figures}| ours, the whole job | 100 | 200 | 1.5 |\n");
        assert_eq!(starts(&Results { startup, ..Results::default() }), format!("{whole}\n{over}"));
    }
}
