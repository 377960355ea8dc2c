//! How languages read a UUID, which they write as everybody does.

use super::Id;

fn written(number: u128) -> Id {
    let digits = format!("{number:032x}");
    let fields = [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]];
    Id::Request(fields.join("-"))
}

/// Five fields of any length, of which the low bits count.
pub(super) fn java(line: &str) -> Option<Id> {
    let fields: Vec<_> = line.split('-').collect();
    if fields.len() != 5 || line.len() > 36 {
        return None;
    }
    let bits = [32, 16, 16, 16, 48];
    let numbers = fields.iter().map(|field| i64::from_str_radix(field, 16).ok()).collect::<Option<Vec<_>>>()?;
    Some(written(numbers.iter().zip(bits).fold(0, |id, (number, bits)| {
        let low = u128::from(number.cast_unsigned()) & ((1 << bits) - 1);
        id << bits | low
    })))
}

/// Without `urn:`, `uuid:`, braces around and hyphens anywhere, a number of 32 characters.
pub(super) fn python(line: &str) -> Option<Id> {
    let text = line.replace("urn:", "").replace("uuid:", "");
    let text = text.trim_matches(['{', '}']).replace('-', "");
    let text = Some(text).filter(|text| text.chars().count() == 32)?;
    let number = text.trim();
    let number = number.strip_prefix('+').unwrap_or(number);
    let number = number.strip_prefix("0x").or(number.strip_prefix("0X")).unwrap_or(number);
    let is_split_well = !number.ends_with('_') && !number.contains("__");
    let plain = number.replace('_', "");
    u128::from_str_radix(&plain, 16).ok().filter(|_| is_split_well && !plain.starts_with('+')).map(written)
}

/// With its hyphens, which may stand behind `urn:uuid:` or in braces, or without any.
pub(super) fn go(line: &str) -> Option<Id> {
    let text = match line.len() {
        45 => line.get(9..).filter(|_| line[..9].eq_ignore_ascii_case("urn:uuid:"))?,
        38 => line.get(1..37)?,
        36 | 32 => line,
        _ => return None,
    };
    let is_cut = text.len() == 32 || [8, 13, 18, 23].iter().all(|at| text.as_bytes().get(*at) == Some(&b'-'));
    let digits = text.replace('-', "");
    let is_hex = digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    u128::from_str_radix(&digits, 16).ok().filter(|_| is_cut && is_hex).map(written)
}
