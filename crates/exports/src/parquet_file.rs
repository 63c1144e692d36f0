//! Parquet without Arrow: one group of rows at a time.

use std::io::Write;
use std::sync::Arc;

use finding::FindingResource;
use parquet::basic::{Compression, LogicalType, Repetition, TimeUnit, Type as Physical, ZstdLevel};
use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::{Type, TypePtr};

use crate::ExportError;
use crate::columns::{COLUMNS, Cell, Kind};

/// Rows and bytes of JSON that one group holds at most: what is kept in memory.
const ROWS: usize = 10_000;
const BYTES: usize = 16 << 20;

/// Name of the column with the whole finding and its resource.
const JSON: &str = "json";

pub(crate) struct ParquetFile<W: Write + Send> {
    writer: SerializedFileWriter<W>,
    /// The rows of the group, one list per column; the JSON behind them.
    cells: Vec<Vec<Cell>>,
    json: Vec<ByteArray>,
    bytes: usize,
}

fn schema() -> Result<Type, ParquetError> {
    let mut fields: Vec<TypePtr> = Vec::with_capacity(COLUMNS.len() + 1);
    for column in COLUMNS {
        let (physical, logical) = match column.kind {
            Kind::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
            Kind::Time => (Physical::INT64, Some(LogicalType::timestamp(true, TimeUnit::MICROS))),
            Kind::Number => (Physical::INT64, None),
        };
        let field = Type::primitive_type_builder(column.name, physical).with_repetition(Repetition::OPTIONAL);
        fields.push(Arc::new(field.with_logical_type(logical).build()?));
    }
    let json = Type::primitive_type_builder(JSON, Physical::BYTE_ARRAY).with_repetition(Repetition::REQUIRED);
    fields.push(Arc::new(json.with_logical_type(Some(LogicalType::Json)).build()?));
    Type::group_type_builder("finding").with_fields(fields).build()
}

impl<W: Write + Send> ParquetFile<W> {
    pub(crate) fn new(to: W) -> Result<Self, ExportError> {
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_created_by("vedette".to_owned())
            .build();
        let writer = SerializedFileWriter::new(to, Arc::new(schema()?), Arc::new(properties))?;
        Ok(Self { writer, cells: vec![Vec::new(); COLUMNS.len()], json: Vec::new(), bytes: 0 })
    }

    pub(crate) fn write(&mut self, item: &FindingResource) -> Result<(), ExportError> {
        let json = serde_json::to_vec(item)?;
        self.bytes += json.len();
        self.json.push(ByteArray::from(json));
        for (cells, column) in self.cells.iter_mut().zip(COLUMNS) {
            cells.push((column.of)(item));
        }
        if self.json.len() >= ROWS || self.bytes >= BYTES { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), ExportError> {
        if self.json.is_empty() {
            return Ok(());
        }
        let mut group = self.writer.next_row_group()?;
        for (cells, column) in self.cells.iter_mut().zip(COLUMNS) {
            let cells = std::mem::take(cells);
            let levels: Vec<i16> =
                cells.iter().map(|cell| i16::from(!matches!(cell, Cell::Nothing))).collect();
            let Some(mut writer) = group.next_column()? else { continue };
            match column.kind {
                Kind::Text => {
                    let texts = cells.into_iter().filter_map(|cell| match cell {
                        Cell::Text(text) => Some(ByteArray::from(text.into_bytes())),
                        _ => None,
                    });
                    let texts: Vec<_> = texts.collect();
                    writer.typed::<ByteArrayType>().write_batch(&texts, Some(&levels), None)?;
                }
                Kind::Time | Kind::Number => {
                    let numbers = cells.iter().filter_map(|cell| match cell {
                        Cell::Number(number) => Some(*number),
                        Cell::Time(time) => Some(time.nanos().div_euclid(1_000)),
                        _ => None,
                    });
                    let numbers: Vec<_> = numbers.collect();
                    writer.typed::<Int64Type>().write_batch(&numbers, Some(&levels), None)?;
                }
            }
            writer.close()?;
        }
        if let Some(mut writer) = group.next_column()? {
            writer.typed::<ByteArrayType>().write_batch(&self.json, None, None)?;
            writer.close()?;
        }
        group.close()?;
        self.json.clear();
        self.bytes = 0;
        Ok(())
    }

    pub(crate) fn finish(mut self) -> Result<W, ExportError> {
        self.flush()?;
        Ok(self.writer.into_inner()?)
    }
}
