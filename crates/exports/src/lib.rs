//! Many findings as one file: JSON lines, CSV and Parquet.
//!
//! `findings, one after the other → Export::write → … → Export::finish`
//!
//! Nothing is kept but what the format has not yet let go of: one line, or for Parquet one group of rows.

mod columns;
mod inert;
mod parquet_file;

use std::io::{self, Write};

use finding::FindingResource;
use serde::Serialize as _;

use inert::{Escaping, cell};
use parquet_file::ParquetFile;

pub use columns::{COLUMNS, Column};

/// What an export looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One finding with its resource per line, as the API writes it.
    Jsonl,
    /// RFC 4180, the columns of [`COLUMNS`].
    Csv,
    /// The columns of [`COLUMNS`] and the whole finding as JSON, compressed with zstd.
    Parquet,
}

impl Format {
    /// Every format.
    pub const ALL: &'static [Self] = &[Self::Jsonl, Self::Csv, Self::Parquet];

    /// Its name, which is also the ending of a file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Jsonl => "jsonl",
            Self::Csv => "csv",
            Self::Parquet => "parquet",
        }
    }

    /// The media type.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Jsonl => "application/jsonl",
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Parquet => "application/vnd.apache.parquet",
        }
    }

    /// The format of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|format| format.name() == name)
    }
}

/// An export could not go on.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// It cannot be written where it goes.
    #[error("cannot write the export: {0}; what was written is incomplete, start again")]
    Io(#[from] io::Error),
    /// Parquet refused.
    #[error("cannot write the export as Parquet: {0}; what was written is incomplete, start again")]
    Parquet(#[from] parquet::errors::ParquetError),
    /// A finding is no JSON.
    #[error("cannot write a finding as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

enum Writer<W: Write + Send> {
    Jsonl(W),
    Csv(Box<csv::Writer<W>>),
    Parquet(Box<ParquetFile<W>>),
}

/// An export that is being written.
pub struct Export<W: Write + Send> {
    writer: Writer<W>,
}

/// What spreadsheets take for the beginning of a formula, directly or after what they drop.
fn is_formula(text: &str) -> bool {
    let bare = text.trim_start_matches([' ', '\t', '\r', '\n', '\0']);
    bare.starts_with(['=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'])
        || text.starts_with(['\t', '\r', '\n'])
}

/// A text that a spreadsheet shows and does not run: with `'` before what looks like a formula.
fn defused(text: String) -> String {
    if is_formula(&text) { format!("'{text}") } else { text }
}

impl<W: Write + Send> Export<W> {
    /// Begins an export.
    pub fn new(format: Format, to: W) -> Result<Self, ExportError> {
        let writer = match format {
            Format::Jsonl => Writer::Jsonl(to),
            Format::Csv => {
                let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(to);
                writer.write_record(COLUMNS.iter().map(|column| column.name)).map_err(io::Error::from)?;
                Writer::Csv(Box::new(writer))
            }
            Format::Parquet => Writer::Parquet(Box::new(ParquetFile::new(to)?)),
        };
        Ok(Self { writer })
    }

    /// One finding more.
    pub fn write(&mut self, item: &FindingResource) -> Result<(), ExportError> {
        match &mut self.writer {
            Writer::Jsonl(to) => {
                let mut json = serde_json::Serializer::with_formatter(&mut *to, Escaping);
                item.serialize(&mut json).map_err(io::Error::from)?;
                to.write_all(b"\n")?;
            }
            Writer::Csv(writer) => {
                let cells =
                    COLUMNS.iter().map(|column| column.text(item).map(cell).map(defused).unwrap_or_default());
                writer.write_record(cells).map_err(io::Error::from)?;
            }
            Writer::Parquet(file) => file.write(item)?,
        }
        Ok(())
    }

    /// Writes what is left and gives back where it went.
    pub fn finish(self) -> Result<W, ExportError> {
        let mut to = match self.writer {
            Writer::Jsonl(to) => to,
            Writer::Csv(writer) => {
                writer.into_inner().map_err(|error| io::Error::from(error.error().kind()))?
            }
            Writer::Parquet(file) => file.finish()?,
        };
        to.flush()?;
        Ok(to)
    }
}
