//! How many findings there are of each kind.

use std::collections::BTreeMap;

use finding::{Parent, Timestamp};
use finding_filter::{Field, Filter, Kind, Part, Step};
use serde_json::Value;

use crate::{Comparison, PageSize, StateChange, StoreError};

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

impl GroupField {
    /// What a finding, as JSON with its resource, has there.
    pub fn of(&self, json: &Value, change: StateChange) -> Value {
        let Self::Field(field) = self else { return Value::from(change.name()) };
        let root = match field.part {
            Part::Resource => &json["resource"],
            Part::Finding | Part::Element => &json["finding"],
        };
        let found = field.path.iter().try_fold(root, |value, step| match step {
            Step::Key(key) => value.get(key),
            Step::Each => None,
        });
        found.cloned().unwrap_or_else(|| default_of(field))
    }
}

/// What a field has that a finding's JSON leaves out.
pub fn default_of(field: &Field) -> Value {
    match field.kind {
        Kind::Integer => Value::from("0"),
        Kind::Boolean => Value::from(false),
        Kind::Name(names) => Value::from(names.first().copied().unwrap_or_default()),
        Kind::Text | Kind::Time | Kind::Parts | Kind::Any => Value::from(""),
    }
}

/// Groups being counted.
#[derive(Debug, Default)]
pub struct Groups {
    groups: BTreeMap<String, Group>,
    bytes: usize,
}

impl Groups {
    /// Groups that are told apart at most; more are no answer that anyone reads.
    pub const MOST: usize = 100_000;

    /// What the properties of all groups may have together, as JSON.
    const BYTES: usize = 16 << 20;

    /// More findings with these properties, of the store of this name. A missing value, given as its default, is one group
    /// with it.
    ///
    /// # Errors
    /// [`StoreError::TooMuch`] when there are too many groups to be held.
    pub fn add(
        &mut self,
        properties: BTreeMap<String, Value>,
        count: u64,
        subject: &str,
    ) -> Result<(), StoreError> {
        if count == 0 {
            return Ok(());
        }
        let key = serde_json::to_string(&properties).unwrap_or_default();
        if let Some(group) = self.groups.get_mut(&key) {
            group.count += count;
            return Ok(());
        }
        self.bytes += key.len();
        if self.groups.len() >= Self::MOST || self.bytes > Self::BYTES {
            let names: Vec<&str> = properties.keys().map(String::as_str).collect();
            let reason = format!("{} tell more than {} groups apart", names.join(" and "), self.groups.len());
            return Err(StoreError::TooMuch { subject: subject.to_owned(), reason });
        }
        self.groups.insert(key, Group { properties, count });
        Ok(())
    }

    /// The page that was asked for: behind `skipped` groups, see [`GroupQuery::skipped`].
    pub fn page(self, query: &GroupQuery, skipped: u64) -> GroupPage {
        let mut groups: Vec<(String, Group)> = self.groups.into_iter().collect();
        groups.sort_by(|(a_text, a), (b_text, b)| b.count.cmp(&a.count).then_with(|| a_text.cmp(b_text)));
        let total = groups.len() as u64;
        let from = usize::try_from(skipped).unwrap_or(usize::MAX);
        let page = groups.into_iter().skip(from).take(usize::from(query.page_size.get()));
        let groups: Vec<Group> = page.map(|(_, group)| group).collect();
        let behind = skipped.saturating_add(groups.len() as u64);
        let next_page_token = (behind < total).then(|| query.token_behind(behind));
        GroupPage { groups, next_page_token, total_size: total }
    }
}

#[cfg(test)]
mod tests {
    use super::Groups;
    use crate::StoreError;
    use serde_json::json;

    #[test]
    fn more_groups_than_can_be_held_are_refused_and_not_cut() {
        let mut groups = Groups::default();
        let large = "x".repeat(1 << 20);
        let mut add =
            |n: u32| groups.add([("name".to_owned(), json!(format!("{n}{large}")))].into(), 1, "a store");
        for n in 0..15 {
            add(n).unwrap();
            add(n).unwrap();
        }
        let refused = add(15).unwrap_err();
        assert!(matches!(refused, StoreError::TooMuch { .. }));
        let text = refused.to_string();
        assert!(text.contains("a store") && text.contains("name tell more than 15 groups apart"), "{text}");
    }
}
