//! What lists of every database have in common: a range of time, an order, and where a page begins.

use finding::Parent;

use super::{Dialect, Sql, condition};
use crate::{Direction, Key, ListQuery, OrderBy, OrderField, TimeRange};

/// What a list holds: what is under its parent, happened in its time and matches. `properties` are source properties with the
/// column of each.
pub fn which(dialect: Dialect, query: &ListQuery, properties: &[(&str, &str)]) -> Sql {
    let mut sql = under(dialect, &query.parent);
    sql.add(happened(query.happened)).add(condition(dialect, &query.filter, properties));
    sql
}

/// What is under a parent, of findings and of tallies.
pub fn under(dialect: Dialect, parent: &Parent) -> Sql {
    let (scope, source, location) = (parent.scope(), parent.source(), parent.location());
    let mut sql = Sql::default();
    if scope.is_everything() && source.is_none() && location.is_none() {
        sql.push("true");
        return sql;
    }
    if dialect == Dialect::Sqlite {
        sql.push("place IN (SELECT id FROM places WHERE ");
    }
    sql.push("true");
    if !scope.is_everything() {
        let scope = scope.to_string();
        sql.push(" AND (scope = ").text(scope.as_str()).push(" OR canonical_scope = ").text(scope).push(")");
    }
    if let Some(source) = source {
        sql.push(" AND source = ").text(source);
    }
    if let Some(location) = location {
        sql.push(" AND location = ").text(location);
    }
    if dialect == Dialect::Sqlite {
        sql.push(")");
    }
    sql
}

/// What to add to a condition; nothing without a range.
pub fn happened(range: Option<TimeRange>) -> Sql {
    let mut sql = Sql::default();
    if let Some(range) = range {
        sql.push(" AND event_time >= ").integer(range.from.nanos());
        sql.push(" AND event_time < ").integer(range.until.nanos());
    }
    sql
}

/// `ORDER BY` and the fields.
pub fn order(order: &OrderBy) -> Sql {
    by(order.fields())
}

pub(super) fn by(fields: &[(OrderField, Direction)]) -> Sql {
    let mut sql = Sql::default();
    sql.push(" ORDER BY ");
    for (at, (field, direction)) in fields.iter().enumerate() {
        sql.push(if at > 0 { ", " } else { "" }).push(field.name());
        sql.push(if *direction == Direction::Descending { " DESC" } else { "" });
    }
    sql
}

/// Everything that stands behind `keys`: `a < ? OR (a = ? AND (b > ? OR …))`. The bound on the first field is
/// repeated alone, so that its index leads straight there.
pub fn behind(order: &OrderBy, keys: &[Key]) -> Sql {
    beyond(order.fields(), keys)
}

pub(super) fn beyond(fields: &[(OrderField, Direction)], keys: &[Key]) -> Sql {
    let beyond = |direction| if direction == Direction::Descending { " < " } else { " > " };
    let mut sql = Sql::default();
    let mut open = 0;
    for (at, ((field, direction), key)) in fields.iter().zip(keys).enumerate() {
        if at == 0 {
            sql.push(field.name()).push(if *direction == Direction::Descending { " <= " } else { " >= " });
            sql.key(key).push(" AND (");
        } else {
            let (before, _) = fields[at - 1];
            sql.push(" OR (").push(before.name()).push(" = ");
            sql.key(&keys[at - 1]).push(" AND (");
            open += 2;
        }
        sql.push(field.name()).push(beyond(*direction)).key(key);
    }
    sql.push(")".repeat(open + 1));
    sql
}

impl Sql {
    pub(super) fn key(&mut self, key: &Key) -> &mut Self {
        match key {
            Key::Number(number) => self.integer(*number),
            Key::Text(text) => self.text(text.as_str()),
        }
    }
}
