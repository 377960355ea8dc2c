//! The place in the file of each byte of a scalar's text, for every style.

use std::ops::Range;

use saphyr_parser::ScalarStyle;

use super::node::Scalar;

/// What YAML folds, adds or leaves out between words.
fn is_space(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\n' | '\r')
}

/// The byte of the file at which each byte of the text begins; last, where the text ends.
///
/// In every style the characters that are no white space are the same and in the same order, but for escapes. White
/// space has the place of the character behind it.
pub(super) fn places(file: &str, bytes: Range<usize>, scalar: &Scalar) -> Vec<usize> {
    let end = bytes.end;
    let mut written = written(file, bytes, scalar).filter(|(_, character)| !is_space(*character));
    let mut places = Vec::with_capacity(scalar.text.len().saturating_add(1));
    let mut spaces = 0_usize;
    for character in scalar.text.chars() {
        if is_space(character) {
            spaces = spaces.saturating_add(1);
        } else {
            let at = written.next().map_or(end, |(at, _)| at);
            places.extend(std::iter::repeat_n(at, spaces.saturating_add(character.len_utf8())));
            spaces = 0;
        }
    }
    places.extend(std::iter::repeat_n(end, spaces.saturating_add(1)));
    places
}

/// The characters of the file, with escapes decoded, each with its place.
fn written<'f>(file: &'f str, bytes: Range<usize>, scalar: &Scalar) -> impl Iterator<Item = (usize, char)> + use<'f> {
    let style = scalar.style;
    let content = if scalar.has_properties { behind_properties(file, bytes, style) } else { bytes };
    let is_quoted = matches!(style, ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted);
    let quote = usize::from(is_quoted);
    let content = content.start.saturating_add(quote)..content.end.saturating_sub(quote);
    let mut rest = Characters { file: file.get(..content.end).unwrap_or(file), at: content.start };
    std::iter::from_fn(move || {
        let (at, character) = rest.next()?;
        let stands_for = match (style, character) {
            (ScalarStyle::DoubleQuoted, '\\') => unescape(&mut rest)?,
            (ScalarStyle::SingleQuoted, '\'') => rest.next()?.1,
            (
                ScalarStyle::Plain
                | ScalarStyle::SingleQuoted
                | ScalarStyle::DoubleQuoted
                | ScalarStyle::Literal
                | ScalarStyle::Folded,
                _,
            ) => character,
        };
        Some((at, stands_for))
    })
}

/// Where the content begins behind an anchor and a tag and, of a block, behind the line with its indicator.
fn behind_properties(file: &str, bytes: Range<usize>, style: ScalarStyle) -> Range<usize> {
    let mut rest = file.get(bytes.clone()).unwrap_or_default();
    while rest.starts_with(['&', '!']) {
        rest = rest.trim_start_matches(|character| !is_space(character)).trim_start_matches(is_space);
    }
    if matches!(style, ScalarStyle::Literal | ScalarStyle::Folded) {
        rest = rest.split_once('\n').map_or("", |(_, content)| content);
    }
    bytes.end.saturating_sub(rest.len())..bytes.end
}

/// The bytes of a scalar without what the parser counts behind it: white space and a comment.
pub(super) fn trimmed(file: &str, bytes: Range<usize>, scalar: &Scalar) -> Range<usize> {
    let quote = match scalar.style {
        ScalarStyle::SingleQuoted => '\'',
        ScalarStyle::DoubleQuoted => '"',
        ScalarStyle::Plain | ScalarStyle::Literal | ScalarStyle::Folded => return bytes,
    };
    let start =
        if scalar.has_properties { behind_properties(file, bytes.clone(), scalar.style).start } else { bytes.start };
    let mut rest = Characters { file: file.get(..bytes.end).unwrap_or(file), at: start.saturating_add(1) };
    while let Some((at, character)) = rest.next() {
        let is_doubled = quote == '\'' && file.get(rest.at..).is_some_and(|rest| rest.starts_with(quote));
        if (quote == '"' && character == '\\') || (character == quote && is_doubled) {
            rest.next();
        } else if character == quote {
            return bytes.start..at.saturating_add(1);
        }
    }
    bytes
}

struct Characters<'f> {
    file: &'f str,
    at: usize,
}

impl Iterator for Characters<'_> {
    type Item = (usize, char);

    fn next(&mut self) -> Option<(usize, char)> {
        let at = self.at;
        let character = self.file.get(at..)?.chars().next()?;
        self.at = at.saturating_add(character.len_utf8());
        Some((at, character))
    }
}

/// The meaning of an escape, after its backslash (YAML 1.2.2 §5.7). Only whether it is white space matters.
fn unescape(rest: &mut Characters<'_>) -> Option<char> {
    let digits = match rest.next()?.1 {
        't' | 'n' | 'r' | '\t' | '\n' | '\r' | ' ' => return Some(' '),
        'x' => 2,
        'u' => 4,
        'U' => 8,
        character => return Some(character),
    };
    let code = rest
        .by_ref()
        .take(digits)
        .fold(0_u32, |code, (_, digit)| code.wrapping_mul(16).wrapping_add(digit.to_digit(16).unwrap_or_default()));
    char::from_u32(code)
}
