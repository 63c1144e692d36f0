//! Filters, orders and pages as SQL: one translation for every database, which says only how the databases differ.

mod candidates;
mod columns;
mod dialect;
mod filter;
mod histogram;
mod lanes;
mod listing;
mod narrow;
mod past;
mod reader;
mod total;
mod walk;

pub use candidates::{AddressEntry, addresses};
pub use columns::{PROPERTY_COLUMNS, document, numbers, place, properties};
pub use dialect::Dialect;
pub use filter::{condition, is_exact, is_tallied, tally_column};
pub use histogram::histogram;
pub use listing::{behind, happened, order, under, which};
pub use past::{COUNTED, Filling, Listed, Wanted, past, past_count, past_in_order, rows};
pub use reader::{Cell, Named, Reader};
pub use walk::{page, part};

use dialect::Place;

/// A piece of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// As it is: never anything that a caller wrote.
    Words(String),
    /// A value to bind.
    Text(String),
    /// A value to bind.
    Integer(i64),
}

/// Part of a statement, with values to be bound where they stand.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sql {
    pieces: Vec<Piece>,
}

impl Sql {
    /// In order.
    pub fn pieces(self) -> Vec<Piece> {
        self.pieces
    }

    fn push(&mut self, words: impl AsRef<str>) -> &mut Self {
        if let Some(Piece::Words(before)) = self.pieces.last_mut() {
            before.push_str(words.as_ref());
        } else {
            self.pieces.push(Piece::Words(words.as_ref().to_owned()));
        }
        self
    }

    fn text(&mut self, text: impl Into<String>) -> &mut Self {
        self.pieces.push(Piece::Text(text.into()));
        self
    }

    fn add(&mut self, other: Self) -> &mut Self {
        for piece in other.pieces {
            match piece {
                Piece::Words(words) => {
                    self.push(words);
                }
                bound => self.pieces.push(bound),
            }
        }
        self
    }

    fn integer(&mut self, number: i64) -> &mut Self {
        self.pieces.push(Piece::Integer(number));
        self
    }
}
