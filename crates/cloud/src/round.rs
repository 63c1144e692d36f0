//! One round of questions.

use crate::plausible::Rule;
use crate::{Cloud, Facts, MetadataError};

/// What one round of questions brought.
#[derive(Debug, Default)]
pub struct Round {
    /// What is known now.
    pub facts: Facts,
    /// What was answered and cannot be used; asking again does not help.
    pub ignored: Vec<MetadataError>,
    /// What was not answered; asking again may help.
    pub failure: Option<MetadataError>,
}

impl Round {
    pub(crate) fn of(cloud: Cloud) -> Self {
        Self { facts: Facts { cloud: Some(cloud), ..Facts::default() }, ..Self::default() }
    }

    /// Nobody answers: the rest need not be asked.
    pub(crate) fn is_over(&self) -> bool {
        self.failure.as_ref().is_some_and(MetadataError::ends_the_round)
    }

    pub(crate) fn note(&mut self, error: MetadataError) {
        if !error.may_pass() {
            self.ignored.push(error);
        } else if self.failure.is_none() || error.ends_the_round() {
            self.failure = Some(error);
        }
    }

    /// The answer, with what went wrong noted.
    pub(crate) fn answer<T>(&mut self, answer: Result<Option<T>, MetadataError>) -> Option<T> {
        answer.unwrap_or_else(|error| {
            self.note(error);
            None
        })
    }

    /// The value, if it is one. An empty one says nothing.
    pub(crate) fn checked(&mut self, key: &str, value: Option<String>, rule: Rule) -> Option<String> {
        let value = value.filter(|value| !value.is_empty())?;
        if rule.admits(&value) {
            return Some(value);
        }
        self.note(MetadataError::Implausible { key: key.to_owned(), rule: rule.words() });
        None
    }

    /// The round as it ends. A server that knows nothing at all may not have been told yet.
    pub(crate) fn finished(mut self) -> Self {
        if self.facts.is_empty() && self.ignored.is_empty() {
            self.failure.get_or_insert(MetadataError::Nothing);
        }
        self
    }

    /// This round, with what only an earlier one brought.
    pub(crate) fn after(self, earlier: Self) -> Self {
        Self { facts: self.facts.or(earlier.facts), ..self }
    }
}
