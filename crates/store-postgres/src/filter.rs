//! A filter as PostgreSQL's SQL.

use finding_filter::Filter;
use sqlx::{Postgres, QueryBuilder};
use store::sql::{self, Dialect, Piece};

use crate::escape;

/// Adds the condition; nothing for an empty filter.
pub(crate) fn condition(sql: &mut QueryBuilder<Postgres>, filter: &Filter) {
    for piece in sql::condition(Dialect::Postgres, filter, &[]).pieces() {
        match piece {
            Piece::Words(words) => sql.push(words),
            Piece::Text(text) => sql.push_bind(escape::text(&text)),
            Piece::Integer(number) => sql.push_bind(number),
        };
    }
}
