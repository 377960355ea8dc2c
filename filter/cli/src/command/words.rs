//! The words by which a request's surroundings are said, on the command line and in tables.

use clap::ValueEnum;
use serde::Deserialize;
use tenancy::Direction;
use tenancy_filter::Peer;

/// The direction of the listener.
#[derive(Clone, Copy, Debug, Default, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Way {
    #[default]
    Unspecified,
    Inbound,
    Outbound,
}

/// Who sends the request.
#[derive(Clone, Copy, Debug, Default, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Sender {
    #[default]
    Known,
    Unknown,
}

impl From<Way> for Direction {
    fn from(way: Way) -> Self {
        match way {
            Way::Unspecified => Self::Unspecified,
            Way::Inbound => Self::Inbound,
            Way::Outbound => Self::Outbound,
        }
    }
}

impl From<Sender> for Peer {
    fn from(sender: Sender) -> Self {
        match sender {
            Sender::Known => Self::Known,
            Sender::Unknown => Self::Unknown,
        }
    }
}

/// How something is printed.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Format {
    Text,
    Json,
}
