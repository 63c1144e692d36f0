//! Lists of an earlier time, and lists compared with one.

use finding::{FindingResource, Timestamp};
use serde_json::{Error, Value};

use super::{Dialect, Sql, behind, is_exact, order, which};
use crate::{Comparison, ListQuery, Page, PagePosition, StateChange};

/// A page ends early once its documents have this many bytes, so that 1000 large findings never stand in memory.
const PAGE_BYTES: usize = 2 << 20;

/// Findings counted at most when only counting tells how many they are: about what takes 50 ms.
pub const COUNTED: i64 = 10_000;

/// A finding of a list, and what it is at the other time: before, or, when it is no longer in the list, now.
pub struct Listed {
    /// Its name.
    pub name: String,
    /// As it is listed.
    pub document: String,
    /// Whether it matched before and does not any more.
    pub removed: bool,
    /// At the other time.
    pub other: Option<String>,
}

impl Listed {
    /// As it is at the time of reading, if it still is, and what became of it.
    ///
    /// # Errors
    /// A document that is none.
    pub fn shown(&self, query: &ListQuery) -> Result<(FindingResource, StateChange), Error> {
        let other: Option<FindingResource> = self.other.as_deref().map(serde_json::from_str).transpose()?;
        let item = self.item()?;
        Ok(match (query.compared, self.removed) {
            (None, _) => (item, StateChange::Unused),
            (Some(_), true) => (other.unwrap_or(item), StateChange::Removed),
            (Some(_), false) => {
                let change = StateChange::of(&item, other.as_ref(), &query.filter);
                (item, change)
            }
        })
    }

    /// Whether it is in the list, where SQL alone cannot tell: what is removed matched before and does not any more.
    ///
    /// # Errors
    /// A document that is none.
    pub fn belongs(&self, query: &ListQuery) -> Result<bool, Error> {
        let matches = |document: &str| -> Result<bool, Error> {
            let json: Value = serde_json::from_str(document)?;
            Ok(query.filter.matches(&json["finding"], &json["resource"]))
        };
        let matches_now = match &self.other {
            Some(other) if self.removed => matches(other)?,
            _ => false,
        };
        Ok(!matches_now && matches(&self.document)?)
    }

    fn item(&self) -> Result<FindingResource, Error> {
        serde_json::from_str(&self.document)
    }
}

/// A page on which findings are put.
pub struct Filling<'a> {
    query: &'a ListQuery,
    /// What is there so far.
    pub page: Page,
    bytes: usize,
    /// As it is listed, which decides where the next page begins.
    last: Option<FindingResource>,
}

impl<'a> Filling<'a> {
    /// An empty one.
    pub fn new(query: &'a ListQuery) -> Self {
        Self { query, page: Page::default(), bytes: 0, last: None }
    }

    /// Whether there was room for it.
    ///
    /// # Errors
    /// A document that is none.
    pub fn take(&mut self, listed: &Listed) -> Result<bool, Error> {
        let is_full = self.page.results.len() == usize::from(self.query.page_size.get())
            || self.bytes + listed.document.len() > PAGE_BYTES;
        if is_full && let Some(last) = &self.last {
            self.page.next_page_token = Some(self.query.token_after(last));
            return Ok(false);
        }
        self.bytes += listed.document.len();
        let (item, change) = listed.shown(self.query)?;
        self.page.results.push(item);
        if self.query.compared.is_some() {
            self.page.changes.push(change);
        }
        self.last = Some(listed.item()?);
        Ok(true)
    }
}

/// What is asked of the past.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// That something is there.
    Presence,
    /// The name and whether it is removed, with what the list is ordered by: only so does SQLite follow an index instead of
    /// sorting.
    Names,
    /// All of [`Listed`].
    Whole,
}

/// The findings of a list, in no order.
pub fn past(dialect: Dialect, query: &ListQuery, properties: &[(&str, &str)], wanted: Wanted) -> Sql {
    let (document, none) = match dialect {
        Dialect::Sqlite => ("document", "NULL"),
        Dialect::Postgres => ("document::text AS document", "NULL::text"),
    };
    let mut columns = match wanted {
        Wanted::Presence => vec!["1"],
        Wanted::Names => vec!["name"],
        Wanted::Whole => vec!["name", document],
    };
    if wanted == Wanted::Names {
        let fields = query.order_by.fields().iter().map(|(field, _)| field.name());
        columns.extend(fields.filter(|field| *field != "name"));
    }
    let columns = columns.join(", ");
    let mut sql = Sql::default();
    let Some(Comparison { with }) = query.compared else {
        sql.push(format!("SELECT {columns}, false AS removed"));
        if wanted == Wanted::Whole {
            sql.push(format!(", {none} AS other"));
        }
        sql.push(" FROM ").add(rows(dialect, query.at)).push(" AS listed WHERE ");
        sql.add(which(dialect, query, properties));
        return sql;
    };
    sql.push(format!("SELECT {columns}, removed"));
    if wanted == Wanted::Whole {
        sql.push(format!(", CASE WHEN removed THEN (SELECT {document} FROM ")).add(rows(dialect, query.at));
        sql.push(format!(" AS later WHERE later.name = listed.name) ELSE (SELECT {document} FROM "));
        sql.add(rows(dialect, Some(with)));
        sql.push(" AS earlier WHERE earlier.name = listed.name) END AS other");
    }
    let shared = "name, parent, category, resource_name, state, severity, event_time, create_time, document";
    sql.push(format!(" FROM (SELECT {shared}, false AS removed FROM ")).add(rows(dialect, query.at));
    sql.push(" AS present WHERE ").add(which(dialect, query, properties));
    sql.push(format!(" UNION ALL SELECT {shared}, true FROM ")).add(rows(dialect, Some(with)));
    sql.push(" AS earlier WHERE ").add(which(dialect, query, properties));
    // where SQL cannot tell, all that could have matched then
    if is_exact(&query.filter) {
        sql.push(" AND NOT EXISTS (SELECT 1 FROM ").add(rows(dialect, query.at));
        sql.push(" AS later WHERE later.name = earlier.name AND ");
        sql.add(which(dialect, query, properties)).push(")");
    }
    sql.push(") AS listed WHERE true");
    sql
}

/// How many of them there are, one more than [`COUNTED`] at most.
pub fn past_count(dialect: Dialect, query: &ListQuery, properties: &[(&str, &str)]) -> Sql {
    let mut sql = Sql::default();
    sql.push("SELECT count(*) FROM (").add(past(dialect, query, properties, Wanted::Presence));
    sql.push(" LIMIT ").integer(COUNTED + 1).push(") AS counted");
    sql
}

/// The same in order, behind a position.
pub fn past_in_order(
    dialect: Dialect,
    query: &ListQuery,
    properties: &[(&str, &str)],
    wanted: Wanted,
    position: Option<&PagePosition>,
) -> Sql {
    let mut sql = past(dialect, query, properties, wanted);
    if let Some(position) = position {
        sql.push(" AND ").add(behind(&query.order_by, position.keys()));
    }
    sql.add(order(&query.order_by));
    if wanted == Wanted::Names {
        sql.push(" LIMIT ").integer(i64::from(query.page_size.get()) + 1);
    }
    sql
}

/// Findings as they were at `at`; as they are without it. What stands behind `FROM`, before an alias.
pub fn rows(dialect: Dialect, at: Option<Timestamp>) -> Sql {
    let mut sql = Sql::default();
    let Some(at) = at else {
        sql.push("findings");
        return sql;
    };
    let columns = dialect.columns();
    let at = at.nanos();
    sql.push(format!("(SELECT {columns}, document FROM findings WHERE update_time <= ")).integer(at);
    sql.push(format!(" UNION ALL SELECT {columns}, document FROM finding_versions WHERE update_time <= "));
    sql.integer(at).push(" AND until_time > ").integer(at).push(")");
    sql
}
