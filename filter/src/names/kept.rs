//! Headers with a meaning of their own that the filter reads and never changes.

/// Such a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    /// RFC 6265 §4.2.
    Cookie,
    /// A list of hosts: proxies add the one that they were asked for.
    ForwardedHost,
    /// RFC 6454 §7.
    Origin,
    /// Fetch Metadata, `Sec-Fetch-Mode`.
    FetchMode,
    /// Fetch Metadata, `Sec-Fetch-Dest`.
    FetchDest,
    /// `prefetch` where nobody looks at the page yet (Fetch, `Sec-Purpose`).
    Purpose,
}

impl Kept {
    pub(crate) const ALL: [Self; 6] =
        [Self::Cookie, Self::ForwardedHost, Self::Origin, Self::FetchMode, Self::FetchDest, Self::Purpose];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Cookie => "cookie",
            Self::ForwardedHost => "x-forwarded-host",
            Self::Origin => "origin",
            Self::FetchMode => "sec-fetch-mode",
            Self::FetchDest => "sec-fetch-dest",
            Self::Purpose => "sec-purpose",
        }
    }
}
