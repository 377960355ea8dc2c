//! What is counted the same on every run may not grow by more than 3 % without a reason in `benches/baseline.json`.

use std::io::{Write, stderr};

use anyhow::{Result, ensure};
use benches::{Baseline, Verdict, counted};

#[test]
fn nothing_grows_without_a_reason() -> Result<()> {
    // What is not gated has to be read although the test passes, and println! is not shown then.
    let baseline = Baseline::read()?;
    let mut grown = Vec::new();
    for figure in counted::measure()? {
        match baseline.verdict(&figure) {
            Verdict::Holds => {}
            Verdict::Fell(text) => writeln!(stderr(), "less, make baseline would keep it: {text}")?,
            Verdict::NotGated(text) => writeln!(stderr(), "not gated: {text}")?,
            Verdict::Grew(text) => grown.push(text),
        }
    }
    ensure!(
        grown.is_empty(),
        "more than 3 % dearer:\n{}\nmake it cheaper, or: REASON=\"why it is worth it\" make baseline",
        grown.join("\n")
    );
    Ok(())
}
