//! How languages read numbers. Of a trace id 64 bits count; zero is none.

use super::Id;

pub(super) fn trace(number: u64) -> Option<Id> {
    (number != 0).then_some(Id::Trace(number))
}

/// Hexadecimal digits in either case and of any length, and nothing else.
pub(super) fn digits(text: &str) -> Option<Id> {
    let values = text.chars().map(|digit| digit.to_digit(16).map(u64::from)).collect::<Option<Vec<_>>>()?;
    trace(values.into_iter().fold(0, |number, digit| number << 4 | digit))
}

/// Rust's `from_str_radix`: it takes a plus.
pub(super) fn rust_int(text: &str, base: u32) -> Option<Id> {
    u128::from_str_radix(text, base).ok().and_then(low)
}

/// Python's `int`: white space around, a sign, a prefix, and single underscores between digits.
pub(super) fn python_int(text: &str, base: u32) -> Option<Id> {
    let text = text.trim();
    let text = text.strip_prefix('+').unwrap_or(text);
    let has_prefix = base == 16 && text.get(..2).is_some_and(|prefix| prefix.eq_ignore_ascii_case("0x"));
    let text = if has_prefix { text[2..].strip_prefix('_').unwrap_or(&text[2..]) } else { text };
    let is_split_well = !text.starts_with('_') && !text.ends_with('_') && !text.contains("__");
    let plain = text.replace('_', "");
    u128::from_str_radix(&plain, base).ok().filter(|_| is_split_well && !plain.starts_with('+')).and_then(low)
}

/// Go's `ParseInt` where there is a minus, else `ParseUint`: neither takes white space.
pub(super) fn go_int(text: &str) -> Option<Id> {
    if text.starts_with('-') {
        return text.parse::<i64>().ok().and_then(|number| trace(number.cast_unsigned()));
    }
    text.parse().ok().filter(|_| !text.starts_with('+')).and_then(trace)
}

/// Brave: 16 lower-case digits at most, and zero where something else is among them.
pub(super) fn java_half(text: &str) -> Option<Id> {
    if text.contains(|c: char| c.is_ascii_uppercase()) { None } else { digits(text) }
}

/// Datadog's JavaScript: an optional minus, and digits as far as they go; modulo 2⁶⁴.
pub(super) fn js_decimal(text: &str) -> Option<Id> {
    let (is_negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let values = text.chars().map_while(|digit| digit.to_digit(10));
    let number = values.fold(0u64, |number, digit| number.wrapping_mul(10).wrapping_add(digit.into()));
    trace(if is_negative { number.wrapping_neg() } else { number })
}

/// Datadog's JavaScript: pairs of digits from the left, with zeros before the first; the last eight count. A pair is
/// read as far as it goes.
pub(super) fn js_hex(text: &str) -> Option<Id> {
    let padded = format!("{}{text}", "0".repeat(text.len().next_multiple_of(16).saturating_sub(text.len())));
    let characters: Vec<_> = padded.chars().collect();
    let pair = |pair: &[char]| {
        let read = pair.iter().map_while(|digit| digit.to_digit(16));
        read.fold(0u64, |number, digit| number << 4 | u64::from(digit))
    };
    let first = characters.len().saturating_sub(16);
    trace(characters[first..].chunks(2).fold(0, |number, chunk| number << 8 | pair(chunk)))
}

/// C's `strtoull`: white space before, a sign, a prefix, and digits up to the end.
pub(super) fn c_unsigned(text: &str, base: u32) -> Option<Id> {
    let text = text.trim_ascii_start();
    let (is_negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let text = if is_negative { text } else { text.strip_prefix('+').unwrap_or(text) };
    let text = text.strip_prefix("0x").or(text.strip_prefix("0X")).unwrap_or(text);
    let number = u64::from_str_radix(text, base).ok().filter(|_| !text.starts_with('+'))?;
    trace(if is_negative { number.wrapping_neg() } else { number })
}

fn low(number: u128) -> Option<Id> {
    trace((number & u128::from(u64::MAX)) as u64)
}
