//! How many findings there are of each kind.

use std::collections::BTreeMap;

use finding::{Parent, Timestamp};
use finding_filter::{Field, Filter};
use serde_json::Value;

use crate::{Comparison, PageSize, StoreError};

/// A field that findings are told apart by.
#[derive(Debug, Clone, PartialEq)]
pub enum GroupField {
    /// A field with one value, as the filter language names it: none of its steps leads through a list.
    Field(Field),
    /// What a comparison of two times says; needs [`GroupQuery::compared`].
    StateChange,
}

/// What to count.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupQuery {
    /// Under what; as in a list.
    pub parent: Parent,
    /// Only what matches.
    pub filter: Filter,
    /// The fields, at least one.
    pub by: Vec<GroupField>,
    /// How many groups at most.
    pub page_size: PageSize,
    /// Where the page before ended.
    pub page_token: Option<String>,
    /// As it was then, instead of now.
    pub at: Option<Timestamp>,
    /// Against an earlier time.
    pub compared: Option<Comparison>,
}

/// One group.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// The value of each field, by the field's name as it was asked for; a missing one has its default value.
    pub properties: BTreeMap<String, Value>,
    /// How many findings.
    pub count: u64,
}

/// One page of groups: the largest first, equal ones by their properties.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct GroupPage {
    /// The groups.
    pub groups: Vec<Group>,
    /// Leads to the next page.
    pub next_page_token: Option<String>,
    /// How many groups there are in all.
    pub total_size: u64,
}

impl GroupQuery {
    /// How many groups the pages before held. A token is the place behind the last one, and what was asked.
    pub fn skipped(&self) -> Result<u64, StoreError> {
        let Some(token) = self.page_token.as_deref().filter(|token| !token.is_empty()) else { return Ok(0) };
        let (place, list) = token.split_once('-').ok_or(StoreError::PageToken)?;
        if list != format!("{:x}", self.fingerprint()) {
            return Err(StoreError::PageToken);
        }
        place.parse().map_err(|_| StoreError::PageToken)
    }

    /// The token that leads on behind that many groups.
    pub fn token_behind(&self, groups: u64) -> String {
        format!("{groups}-{:x}", self.fingerprint())
    }

    fn fingerprint(&self) -> u64 {
        let by: Vec<&str> = self.by.iter().map(GroupField::name).collect();
        let text =
            format!("{}\n{by:?}\n{:?}\n{:?}\n{}", self.parent, self.at, self.compared, self.filter.text());
        crate::page::fingerprint(&text)
    }
}

impl GroupField {
    /// As it was asked for.
    pub fn name(&self) -> &str {
        match self {
            Self::Field(field) => &field.name,
            Self::StateChange => "state_change",
        }
    }
}
