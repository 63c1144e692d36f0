//! A filter as PostgreSQL's SQL.

use finding_filter::Filter;
use sqlx::{Postgres, QueryBuilder};
use store::sql::{self, Dialect, PROPERTY_COLUMNS, Piece, Sql};

use crate::escape;

/// Adds the condition; nothing for an empty filter.
pub(crate) fn condition(sql: &mut QueryBuilder<Postgres>, filter: &Filter) {
    push(sql, sql::condition(Dialect::Postgres, filter, &PROPERTY_COLUMNS));
}

/// Adds a part of a statement, its values bound.
pub(crate) fn push(sql: &mut QueryBuilder<Postgres>, part: Sql) {
    for piece in part.pieces() {
        match piece {
            Piece::Words(words) => sql.push(words),
            Piece::Text(text) => sql.push_bind(escape::text(&text)),
            Piece::Integer(number) => sql.push_bind(number),
        };
    }
}
