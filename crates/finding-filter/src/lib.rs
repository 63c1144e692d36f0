//! The filter language of findings.
//!
//! `text → tokens → typed tree → whether a finding matches`; a store translates the same tree for its database. Fields are
//! named as Security Command Center names them (`snake_case` paths), operators are `=`, `:`, `<`, `<=`, `>`, `>=`, OR binds
//! tighter than AND, and `-` or `NOT` negates. `docs/filter.md` has the whole language.

mod error;
mod evaluate;
mod fields;
mod parse;
mod token;
mod tree;

pub use error::FilterError;
pub use evaluate::lowered;
pub use fields::{Kind, Names, Step};
pub use parse::{DEPTH_MAX, LENGTH_MAX, TERMS_MAX};
pub use tree::{Comparison, Field, Filter, Literal, Network, Node, Operator, Part};

#[cfg(test)]
mod tests;
