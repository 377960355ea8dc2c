//! Which workload calls through the proxy.

use crate::read::overrides::is_service;

/// The workload beside the proxy, for conditions on the caller.
#[derive(Debug, Default)]
pub(crate) struct Caller {
    name: Option<Box<[u8]>>,
    /// Whether what the front end says changes nothing: the configuration says more.
    is_settled: bool,
}

impl Caller {
    /// The one that the configuration names.
    pub(crate) fn configured(name: &str) -> Self {
        Self { name: Some(name.as_bytes().into()), is_settled: true }
    }

    /// One of many, and unknown.
    pub(crate) fn unknowable() -> Self {
        Self { name: None, is_settled: true }
    }

    /// Whether [`tell`](Self::tell) has no effect.
    pub(crate) fn is_settled(&self) -> bool {
        self.is_settled
    }

    /// Takes over what the front end says. A name that no service may have is unknown.
    pub(crate) fn tell(&mut self, name: Option<&[u8]>) {
        if !self.is_settled {
            self.name = name.filter(|name| is_service(name)).map(Into::into);
        }
    }

    /// Its name; `None` if it is unknown.
    pub(crate) fn name(&self) -> Option<&[u8]> {
        self.name.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configuration_counts_more_than_what_is_told() {
        let mut configured = Caller::configured("web");
        configured.tell(Some(b"api"));
        assert_eq!(configured.name(), Some(&b"web"[..]));

        let mut unknowable = Caller::unknowable();
        unknowable.tell(Some(b"api"));
        assert_eq!(unknowable.name(), None);

        let mut told = Caller::default();
        for (name, expected) in [(Some("api"), Some("api")), (Some("a/b"), None), (Some(""), None), (None, None)] {
            told.tell(Some(b"other"));
            told.tell(name.map(str::as_bytes));
            assert_eq!(told.name(), expected.map(str::as_bytes), "{name:?}");
        }
    }
}
