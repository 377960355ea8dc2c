//! Where a sandbox's version of a service is, as a form with placeholders: those of `destinations`.

use std::collections::BTreeMap;

use tenancy_filter::nearest;

use super::plan::Backend;
use super::{LABEL, in_lower_case, is_label};

/// The meaning of a placeholder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    Service,
    Namespace,
    Tenant,
    Version,
}

impl Word {
    const WORDS: [(&'static str, Self); 4] = [
        ("service", Self::Service),
        ("namespace", Self::Namespace),
        ("tenant", Self::Tenant),
        ("version", Self::Version),
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Namespace => "namespace",
            Self::Tenant => "tenant",
            Self::Version => "version",
        }
    }

    /// Whether it distinguishes sandboxes.
    pub(super) fn is_of_sandbox(self) -> bool {
        match self {
            Self::Tenant | Self::Version => true,
            Self::Service | Self::Namespace => false,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Text(String),
    Word(Word),
}

/// A text with placeholders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Template(pub(super) Vec<Part>);

/// Where the version of a service is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// A separate Service, in the stable one's namespace if it names none.
    Service { name: Template, namespace: Option<Template> },
    /// Those pods of the usual Service that have these labels.
    Labels(Vec<(String, Template)>),
}

/// The values of the placeholders.
#[derive(Clone, Copy, Debug)]
pub(super) struct Values<'v> {
    pub(super) service: &'v str,
    pub(super) namespace: &'v str,
    pub(super) tenant: Option<&'v str>,
    pub(super) version: Option<&'v str>,
}

impl<'v> Values<'v> {
    fn get(self, word: Word) -> Option<&'v str> {
        match word {
            Word::Service => Some(self.service),
            Word::Namespace => Some(self.namespace),
            Word::Tenant => self.tenant,
            Word::Version => self.version,
        }
    }
}

impl Form {
    /// Reads `NAME`, `NAME.NAMESPACE`, or `KEY=VALUE,KEY=VALUE` as `kubectl -l` has it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if text.contains('=') {
            return text.split(',').map(label).collect::<Result<_, _>>().map(Self::Labels);
        }
        let (name, namespace) = match text.split_once('.') {
            Some((name, namespace)) => (name, Some(namespace)),
            None => (text, None),
        };
        let namespace = namespace.map(Template::parse).transpose()?;
        let form = Self::Service { name: Template::parse(name)?, namespace };
        form.templates().try_for_each(|template| template.check(text))?;
        Ok(form)
    }

    pub(super) fn templates(&self) -> impl Iterator<Item = &Template> {
        let (service, labels) = match self {
            Self::Service { name, namespace } => ([Some(name), namespace.as_ref()], &[][..]),
            Self::Labels(labels) => ([None, None], &labels[..]),
        };
        service.into_iter().flatten().chain(labels.iter().map(|(_, template)| template))
    }

    /// The placeholders that distinguish sandboxes.
    pub(super) fn words_of_sandbox(&self) -> Vec<Word> {
        let words = self.templates().flat_map(|template| &template.0).filter_map(|part| match part {
            Part::Word(word) if word.is_of_sandbox() => Some(*word),
            Part::Word(_) | Part::Text(_) => None,
        });
        let mut words: Vec<_> = words.collect();
        words.dedup();
        words
    }

    /// The backend, or why there is none.
    pub(super) fn fill(&self, values: Values<'_>) -> Result<Backend, String> {
        match self {
            Self::Service { name, namespace } => {
                let name = name.fill(values)?;
                let namespace = namespace.as_ref().map(|namespace| namespace.fill(values)).transpose()?;
                let namespace = namespace.unwrap_or_else(|| values.namespace.to_owned());
                let wrong = [&name, &namespace].into_iter().find(|part| !is_label(part));
                let wrong = wrong.map(|part| {
                    format!(
                        "makes {name}.{namespace}, which is not a Service: {part:?} must be {LABEL}{}",
                        in_lower_case(part)
                    )
                });
                wrong.map_or(Ok(Backend::Service { name, namespace }), Err)
            }
            Self::Labels(labels) => {
                let filled = labels.iter().map(|(key, value)| Ok((key.clone(), value.fill(values)?)));
                filled.collect::<Result<BTreeMap<_, _>, String>>().map(Backend::Labels)
            }
        }
    }
}

fn label(text: &str) -> Result<(String, Template), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() && !value.is_empty() => Ok((key.to_owned(), Template::parse(value)?)),
        Some(_) | None => Err(format!("{text:?} is not a label; write KEY=VALUE, as in \"version={{version}}\"")),
    }
}

impl Template {
    fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once('{') {
            let (word, after) = behind.split_once('}').ok_or_else(|| format!("{text:?} has a {{ without }}"))?;
            parts.extend([Part::Text(before.to_owned()), Part::Word(placeholder(word)?)]);
            rest = after;
        }
        parts.push(Part::Text(rest.to_owned()));
        parts.retain(|part| *part != Part::Text(String::new()));
        Ok(Self(parts))
    }

    pub(super) fn names_service(&self) -> bool {
        self.0.contains(&Part::Word(Word::Service))
    }

    /// Whether its own text can be part of a Service's name.
    fn check(&self, form: &str) -> Result<(), String> {
        let is_good = |part: &Part| match part {
            Part::Text(text) => {
                text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            }
            Part::Word(_) => true,
        };
        if !self.0.is_empty() && self.0.iter().all(is_good) {
            return Ok(());
        }
        Err(format!(
            "{form:?} names no Service; write NAME or NAME.NAMESPACE, as in \"{{service}}-{{tenant}}\" or \
             \"{{service}}.{{tenant}}\", or labels of pods, as in \"version={{version}}\""
        ))
    }

    fn fill(&self, values: Values<'_>) -> Result<String, String> {
        let part = |part: &Part| match part {
            Part::Text(text) => Ok(text.clone()),
            Part::Word(word) => match values.get(*word) {
                Some(value) => Ok(value.to_owned()),
                None => Err(format!("needs a {0} for {{{0}}}; give the sandbox one", word.name())),
            },
        };
        self.0.iter().map(part).collect()
    }

    /// What stands for the sandbox's placeholder in a text that this template may have made: `Some(None)` if it has
    /// none and fits.
    pub(super) fn solve<'t>(&self, text: &'t str, service: &str, namespace: &str) -> Option<Option<&'t str>> {
        let at = self.0.iter().position(|part| matches!(part, Part::Word(word) if word.is_of_sandbox()));
        let values = Values { service, namespace, tenant: None, version: None };
        let (before, behind) = self.0.split_at(at.unwrap_or(self.0.len()));
        let behind = behind.get(1..).unwrap_or_default();
        let [before, behind] = [before, behind].map(|parts| Self(parts.to_vec()).fill(values).ok());
        let rest = text.strip_prefix(&*before?)?.strip_suffix(&*behind?)?;
        match at {
            Some(_) => Some(Some(rest)),
            None => rest.is_empty().then_some(None),
        }
    }
}

fn placeholder(word: &str) -> Result<Word, String> {
    let known = Word::WORDS.iter().find(|(known, _)| *known == word);
    known.map(|(_, word)| *word).ok_or_else(|| {
        let names = Word::WORDS.map(|(name, _)| name);
        let meant = nearest(word, &names).map_or(String::new(), |known| format!("did you mean {{{known}}}? "));
        let names = names.map(|name| format!("{{{name}}}")).join(", ");
        format!("{{{word}}} is not a placeholder; {meant}known here: {names}")
    })
}
