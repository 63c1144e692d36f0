//! What lists of every database have in common: a range of time, an order, and where a page begins.

use super::Sql;
use crate::{Direction, Key, OrderBy, TimeRange};

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
    let mut sql = Sql::default();
    sql.push(" ORDER BY ");
    for (at, (field, direction)) in order.fields().iter().enumerate() {
        sql.push(if at > 0 { ", " } else { "" }).push(field.name());
        sql.push(if *direction == Direction::Descending { " DESC" } else { "" });
    }
    sql
}

/// Everything that stands behind `keys`: `a < ? OR (a = ? AND (b > ? OR …))`. The bound on the first field is
/// repeated alone, so that its index leads straight there.
pub fn behind(order: &OrderBy, keys: &[Key]) -> Sql {
    let beyond = |direction| if direction == Direction::Descending { " < " } else { " > " };
    let mut sql = Sql::default();
    let mut open = 0;
    for (at, ((field, direction), key)) in order.fields().iter().zip(keys).enumerate() {
        if at == 0 {
            sql.push(field.name()).push(if *direction == Direction::Descending { " <= " } else { " >= " });
            sql.key(key).push(" AND (");
        } else {
            let (before, _) = order.fields()[at - 1];
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
    fn key(&mut self, key: &Key) -> &mut Self {
        match key {
            Key::Number(number) => self.integer(*number),
            Key::Text(text) => self.text(text.as_str()),
        }
    }
}
