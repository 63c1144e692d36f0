//! A filter as SQLite's SQL.

use finding_filter::Filter;
use sqlx::{QueryBuilder, Sqlite};
use store::sql::{self, Dialect, PROPERTY_COLUMNS, Piece, Sql};

pub(crate) use store::sql::{is_exact, is_tallied, tally_column};

/// Adds the condition; nothing for an empty filter.
pub(crate) fn condition(sql: &mut QueryBuilder<Sqlite>, filter: &Filter) {
    push(sql, sql::condition(Dialect::Sqlite, filter, &PROPERTY_COLUMNS));
}

/// Adds a part of a statement, its values bound.
pub(crate) fn push(sql: &mut QueryBuilder<Sqlite>, part: Sql) {
    for piece in part.pieces() {
        match piece {
            Piece::Words(words) => sql.push(words),
            Piece::Text(text) => sql.push_bind(text),
            Piece::Integer(number) => sql.push_bind(number),
        };
    }
}
