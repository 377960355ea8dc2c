//! Moments and spans of time, as people write them.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use humantime::{format_duration, format_rfc3339_seconds, parse_duration, parse_rfc3339};
use serde::Deserialize;

/// A moment, in seconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Written")]
pub(crate) struct Moment(pub(crate) u64);

/// A moment in a table.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Seconds(u64),
    Text(String),
}

/// The last second that has four digits for its year.
const LAST: u64 = 253_402_300_799;

impl Moment {
    pub(crate) fn now() -> Self {
        Self::of(SystemTime::now()).unwrap_or(Self(0))
    }

    /// `None` before 1970.
    fn of(time: SystemTime) -> Option<Self> {
        Some(Self(time.duration_since(UNIX_EPOCH).ok()?.as_secs()))
    }

    /// How far it is from a moment to this one: `in 5m`, `8h 3m ago`.
    pub(crate) fn from(self, now: Self) -> String {
        let distance = self.0.abs_diff(now.0);
        let words = format_duration(Duration::from_secs(distance)).to_string();
        let words = words.split(' ').take(2).collect::<Vec<_>>().join(" ");
        if self.0 < now.0 { format!("{words} ago") } else { format!("in {words}") }
    }
}

/// As RFC 3339 has it, in UTC.
impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = UNIX_EPOCH.checked_add(Duration::from_secs(self.0)).filter(|_| self.0 <= LAST);
        match time {
            Some(time) => format_rfc3339_seconds(time).fmt(f),
            None => write!(f, "{} seconds after 1970", self.0),
        }
    }
}

impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let of_text = || Self::of(parse_rfc3339(text).ok()?);
        let moment = text.parse().map(Self).ok().or_else(of_text);
        moment
            .ok_or_else(|| format!("expected a time as in 2026-01-31T08:00:00Z, or seconds since 1970, found {text:?}"))
    }
}

impl TryFrom<Written> for Moment {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        match written {
            Written::Seconds(seconds) => Ok(Self(seconds)),
            Written::Text(text) => text.parse(),
        }
    }
}

/// Whole seconds, as in `60`, `60s` or `8h`.
pub(crate) fn seconds(text: &str) -> Result<u64, String> {
    let of_units = || parse_duration(text).ok().filter(|span| span.subsec_nanos() == 0).map(|span| span.as_secs());
    let seconds = text.parse().ok().or_else(of_units);
    seconds.ok_or_else(|| format!("expected whole seconds, as in 60s or 8h, found {text:?}"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_read_as_it_is_shown() {
        for (text, seconds) in [("1970-01-01T00:00:00Z", 0), ("2100-01-01T00:00:00Z", 4_102_444_800)] {
            assert_eq!(text.parse(), Ok(Moment(seconds)));
            assert_eq!(seconds.to_string().parse(), Ok(Moment(seconds)));
            assert_eq!(Moment(seconds).to_string(), text);
        }
        assert_eq!(Moment(LAST).to_string(), "9999-12-31T23:59:59Z");
        assert_eq!(Moment(999_999_999_999).to_string(), "999999999999 seconds after 1970");
        for text in ["", "now", "1969-12-31T23:59:59Z", "2026-01-31", "-1"] {
            assert!(text.parse::<Moment>().unwrap_err().ends_with(&format!("found {text:?}")), "{text}");
        }
    }

    #[test]
    fn a_distance_is_told_by_its_largest_units() {
        for (to, expected) in [(100, "in 0s"), (161, "in 1m 1s"), (0, "1m 40s ago"), (90_100, "in 1day 1h")] {
            assert_eq!(Moment(to).from(Moment(100)), expected);
        }
    }

    #[test]
    fn a_span_is_whole_seconds() {
        for (text, expected) in [("60", 60), ("60s", 60), ("8h", 28_800), ("1h 30m", 5400)] {
            assert_eq!(seconds(text), Ok(expected));
        }
        for text in ["", "soon", "1500ms", "-5s"] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }
}
