//! Findings that the server refused for good are kept aside: what is mended may need them.

use std::fs;
use std::io;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::files::{failed, read_at};
use super::record::{HEADER, Record, read};
use super::{Spool, SpoolError};

/// So many are kept; the oldest go.
const KEPT: usize = 100;
/// Characters of a finding's id in a file's name.
const ID_MAX: usize = 64;

impl Spool {
    /// Keeps a finding aside that waits here under `order`: its name and the file.
    pub(crate) fn set_refused_aside(
        &self,
        order: i64,
        reason: &str,
    ) -> Result<Option<(String, PathBuf)>, SpoolError> {
        let Some(record) = self.record(order)? else { return Ok(None) };
        let id = record.finding.rsplit('/').next().unwrap_or_default();
        let id: String = id.chars().filter(char::is_ascii_alphanumeric).take(ID_MAX).collect();
        let folder = self.folder.refused();
        let ending = format!("-{id}.json");
        let mut names: Vec<String> = fs::read_dir(&folder)
            .map_err(failed("read", &folder))?
            .flatten()
            .filter_map(|entry| entry.file_name().into_string().ok())
            .collect();
        names.sort();
        // of one finding the latest version is enough; names begin with the order number
        let (same, others): (Vec<_>, Vec<_>) = names.into_iter().partition(|name| name.ends_with(&ending));
        let surplus = others.len().saturating_sub(KEPT - 1);
        for name in same.iter().chain(others.iter().take(surplus)) {
            let _ = fs::remove_file(folder.join(name));
        }
        let path = folder.join(format!("{order:020}{ending}"));
        let item: Value = serde_json::from_slice(&record.json)
            .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&record.json).into_owned()));
        let bytes = serde_json::to_vec_pretty(&json!({"reason": reason, "refused": item}))
            .map_err(|error| failed("write", &path)(io::Error::other(error)))?;
        self.folder.write_whole(&path, &bytes, true)?;
        Ok(Some((record.finding, path)))
    }

    /// A record that was not delivered yet.
    fn record(&self, order: i64) -> Result<Option<Record>, SpoolError> {
        let number = {
            let state = self.state();
            state.segments.iter().find(|(_, segment)| segment.last >= order).map(|(number, _)| *number)
        };
        let Some(number) = number else { return Ok(None) };
        let path = self.folder.segment(number);
        let bytes = match read_at(&path, HEADER.len() as u64, u64::MAX) {
            Ok(bytes) => bytes,
            // dropped to make room since
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed("read", &path)(error)),
        };
        let mut at = 0;
        while let Some((record, length)) = bytes.get(at..).and_then(read) {
            if record.order == order {
                return Ok(Some(record));
            }
            at += length;
        }
        Ok(None)
    }
}
