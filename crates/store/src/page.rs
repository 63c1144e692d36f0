//! One page of a list, and the token that leads to the next.

use finding::{FindingResource, Parent, Timestamp};
use finding_filter::Filter;
use serde::{Deserialize, Serialize};

use crate::{OrderBy, StoreError, hex};

/// How many findings a page holds at most: 1 to 1000.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageSize(u16);

/// Not a page size.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a page of {asked} findings cannot be given; ask for 1 to 1000")]
pub struct PageSizeError {
    /// What was asked for.
    pub asked: i64,
}

impl PageSize {
    /// The largest.
    pub const MAX: Self = Self(1000);

    /// 1 to 1000.
    pub fn new(asked: i64) -> Result<Self, PageSizeError> {
        match u16::try_from(asked) {
            Ok(size @ 1..=1000) => Ok(Self(size)),
            _ => Err(PageSizeError { asked }),
        }
    }

    /// The number.
    pub const fn get(self) -> u16 {
        self.0
    }
}

impl Default for PageSize {
    fn default() -> Self {
        Self(10)
    }
}

/// From the first time, included, to the second, excluded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeRange {
    /// The first moment that belongs.
    pub from: Timestamp,
    /// The first moment that no longer belongs.
    pub until: Timestamp,
}

/// What to list.
#[derive(Debug, Clone, PartialEq)]
pub struct ListQuery {
    /// Under what. A finding is under the scope of its name and under that of its canonical name.
    pub parent: Parent,
    /// How many at most. A page can hold fewer although more follow, when findings are large.
    pub page_size: PageSize,
    /// Where the page before ended.
    pub page_token: Option<String>,
    /// In what order.
    pub order_by: OrderBy,
    /// Only what happened then (`eventTime`).
    pub happened: Option<TimeRange>,
    /// Only what matches.
    pub filter: Filter,
    /// As it was then, instead of now.
    pub at: Option<Timestamp>,
    /// Against an earlier time.
    pub compared: Option<Comparison>,
}

/// A list compared with what it was at an earlier time. It then holds what matched at either of both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Comparison {
    /// The earlier time.
    pub with: Timestamp,
}

/// What became of a finding between two times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum StateChange {
    /// Nothing was compared.
    #[default]
    Unused,
    /// It matched at both times, with another state.
    Changed,
    /// It matched at both times, with the same state.
    Unchanged,
    /// It matches, and did not match or exist before.
    Added,
    /// It matched before and does not any more.
    Removed,
}

impl StateChange {
    /// What became of a finding that matches now, since it was `before`.
    pub fn of(item: &FindingResource, before: Option<&FindingResource>, filter: &Filter) -> Self {
        match before.filter(|before| filter.matches_item(before)) {
            None => Self::Added,
            Some(before) if before.finding.state == item.finding.state => Self::Unchanged,
            Some(_) => Self::Changed,
        }
    }

    /// Name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unused => "UNUSED",
            Self::Changed => "CHANGED",
            Self::Unchanged => "UNCHANGED",
            Self::Added => "ADDED",
            Self::Removed => "REMOVED",
        }
    }
}

impl ListQuery {
    /// The first page of the default size, newest first.
    pub fn new(parent: Parent) -> Self {
        Self {
            parent,
            page_size: PageSize::default(),
            page_token: None,
            order_by: OrderBy::default(),
            happened: None,
            filter: Filter::default(),
            at: None,
            compared: None,
        }
    }

    /// Over all that a token depends on, so that a token given to another list is noticed.
    fn fingerprint(&self) -> u64 {
        let range = self.happened.map(|r| (r.from.nanos(), r.until.nanos()));
        let times = (range, self.at, self.compared);
        let text = format!("{}\n{}\n{times:?}\n{}", self.parent, self.order_by, self.filter.text());
        fingerprint(&text)
    }

    /// Where the page begins: `None` at the start of the list.
    pub fn position(&self) -> Result<Option<PagePosition>, StoreError> {
        let Some(token) = self.page_token.as_deref().filter(|token| !token.is_empty()) else {
            return Ok(None);
        };
        let bytes = hex::decode(token).ok_or(StoreError::PageToken)?;
        let token: Token = serde_json::from_slice(&bytes).map_err(|_| StoreError::PageToken)?;
        let fits = token.after.len() == self.order_by.fields().len();
        if token.list != self.fingerprint() || !fits {
            return Err(StoreError::PageToken);
        }
        Ok(Some(PagePosition(token.after)))
    }

    /// The token that leads on after `last`.
    pub fn token_after(&self, last: &FindingResource) -> String {
        self.token_behind(self.order_by.fields().iter().map(|(field, _)| field.key(last)).collect())
    }

    /// The token that leads on behind a place, given by a key for each field of the order.
    pub fn token_behind(&self, after: Vec<Key>) -> String {
        let token = Token { list: self.fingerprint(), after };
        // Numbers and strings cannot fail to become JSON.
        hex::encode(&serde_json::to_vec(&token).unwrap_or_default())
    }
}

/// FNV-1a.
pub(crate) fn fingerprint(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// What a finding is ordered by, one field of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Key {
    /// A number or a time in nanoseconds.
    Number(i64),
    /// A text, ordered by its bytes.
    Text(String),
}

#[derive(Serialize, Deserialize)]
struct Token {
    list: u64,
    after: Vec<Key>,
}

/// The keys of the last finding of the page before, one for each field of the order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PagePosition(Vec<Key>);

impl PagePosition {
    /// The keys.
    pub fn keys(&self) -> &[Key] {
        &self.0
    }
}

/// One page of findings.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Page {
    /// The findings.
    pub results: Vec<FindingResource>,
    /// Leads to the next page; `None` on the last one.
    pub next_page_token: Option<String>,
    /// What became of each, in the same order; empty when nothing was compared.
    pub changes: Vec<StateChange>,
    /// How many findings the list has in all.
    pub total_size: u64,
    /// There are more: they were not counted to the end.
    pub total_is_least: bool,
}
