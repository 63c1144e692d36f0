//! What a walk needs of a database.

use std::collections::HashMap;

use super::{Dialect, Sql};
use crate::{Key, Pending, StoreError};

/// Documents read at once: this many, or of this many bytes.
const TOGETHER: usize = 64;
const TOGETHER_BYTES: i64 = 512 << 10;

/// What a database answers: a number, a text, or nothing.
pub type Cell = Option<Key>;

/// A document with the name of its finding.
pub type Named = (String, String);

/// What a walk needs of a database, inside one transaction.
pub trait Reader: Send {
    /// Its language.
    fn dialect(&self) -> Dialect;

    /// Source properties with a column of their own, and the columns.
    fn properties(&self) -> &'static [(&'static str, &'static str)];

    /// The answer to a question.
    fn rows(&mut self, sql: Sql) -> Pending<'_, Vec<Vec<Cell>>>;

    /// Documents of findings by their keys, in any order.
    fn documents(&mut self, keys: Vec<Key>) -> Pending<'_, HashMap<Key, Named>>;

    /// What to say of a document that is none.
    fn damaged(&self, name: &str, error: &serde_json::Error) -> StoreError;
}

/// Rows that were found, each with the bytes of its document.
type Found = [(Key, i64)];

/// The first of them, as many as are read at once, and the rest.
pub(super) fn together(found: &Found) -> Option<(&Found, &Found)> {
    let mut bytes = 0;
    let fits = |(_, size): &&(Key, i64)| {
        bytes += size;
        bytes <= TOGETHER_BYTES
    };
    let count = found.iter().take(TOGETHER).take_while(fits).count().max(1);
    found.split_at_checked(count)
}

pub(super) fn number(rows: &[Vec<Cell>]) -> Option<i64> {
    match rows.first()?.first()? {
        Some(Key::Number(number)) => Some(*number),
        _ => None,
    }
}

pub(super) fn numbers(rows: Vec<Vec<Cell>>) -> Vec<i64> {
    rows.into_iter().filter_map(|row| number(&[row])).collect()
}
