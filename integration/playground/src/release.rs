//! Which Envoy runs, and what it can do.

use anyhow::{Context, Result, ensure};

use crate::envoy::envoy_command;

/// The first line of Envoy whose modules can sign; those before verify.
const SIGNING: (u32, u32) = (1, 37);

/// Whether the Envoy that runs signs for its modules; where it does not, prints what is left out.
pub fn signs(what: &str) -> Result<bool> {
    let (major, minor) = line()?;
    let signs = (major, minor) >= SIGNING;
    if !signs {
        println!("left out: {what}; needs an Envoy that signs: 1.37 or later, not {major}.{minor}");
    }
    Ok(signs)
}

/// Its line of releases: 1 and 40 of 1.40.0.
fn line() -> Result<(u32, u32)> {
    let output = envoy_command()?.arg("--version").output()?;
    let text = String::from_utf8(output.stdout)?;
    ensure!(output.status.success(), "envoy --version: {text}");
    line_of(&text).with_context(|| format!("envoy --version says {text:?}"))
}

/// Of what `envoy --version` prints: `envoy  version: COMMIT/1.40.0/Clean/RELEASE/BoringSSL`.
fn line_of(text: &str) -> Option<(u32, u32)> {
    let (_, version) = text.split_once(" version: ")?;
    let mut numbers = version.split('/').nth(1)?.split('.').map(|number| number.parse().ok());
    Some((numbers.next()??, numbers.next()??))
}

#[cfg(test)]
mod tests {
    use super::line_of;

    #[test]
    fn a_line_is_read_from_what_envoy_says() {
        let said = "\n/envoy  version: d4d4a0/1.36.4/Clean/RELEASE/BoringSSL\n\n";
        assert_eq!(line_of(said), Some((1, 36)));
        assert_eq!(line_of("envoy"), None);
    }
}
