//! What the executed files are: looked up once per file version, remembered by device, inode and change time.

use event::{FileIdentity, ProcessKey};
use programs::executable::Recognised;
use std::collections::HashMap;
use std::sync::Arc;

/// File versions remembered.
const FILES_MAX: usize = 2_048;
/// Processes that run through the dynamic loader remembered.
const LOADED_MAX: usize = 1_024;

/// What a file is.
#[derive(Debug, Clone)]
pub struct ExecutableFacts {
    /// What the content says.
    pub recognised: Recognised,
    /// SHA-256 of the first `hashed_size` bytes, lower-case hexadecimal.
    pub sha256: String,
    /// Bytes hashed.
    pub hashed_size: u64,
    /// Bytes of the whole file.
    pub size: u64,
    /// Path of the file when it differs from the executed one (a program behind the dynamic loader).
    pub path: Option<event::Text>,
}

/// Facts by file, and by process for programs behind the dynamic loader.
#[derive(Debug, Default)]
pub struct Executables {
    files: HashMap<FileIdentity, (u64, Option<Arc<ExecutableFacts>>)>,
    loaded: HashMap<ProcessKey, (u64, Option<Arc<ExecutableFacts>>)>,
    clock: u64,
}

impl Executables {
    /// Facts of a file. `None`: never asked for. `Some(None)`: asked for and not to be had.
    pub fn of_file(&self, identity: &FileIdentity) -> Option<Option<&Arc<ExecutableFacts>>> {
        self.files.get(identity).map(|(_, facts)| facts.as_ref())
    }

    /// Facts of the program that a process runs through the dynamic loader.
    pub fn of_loaded(&self, process: ProcessKey) -> Option<Option<&Arc<ExecutableFacts>>> {
        self.loaded.get(&process).map(|(_, facts)| facts.as_ref())
    }

    /// The answer about a file.
    pub fn tell_file(&mut self, identity: FileIdentity, facts: Option<Arc<ExecutableFacts>>) {
        self.clock += 1;
        self.files.insert(identity, (self.clock, facts));
        forget_oldest(&mut self.files, FILES_MAX);
    }

    /// The answer about a program behind the dynamic loader.
    pub fn tell_loaded(&mut self, process: ProcessKey, facts: Option<Arc<ExecutableFacts>>) {
        self.clock += 1;
        self.loaded.insert(process, (self.clock, facts));
        forget_oldest(&mut self.loaded, LOADED_MAX);
    }
}

/// Halves the table when it is full: rare, and no order to keep between.
fn forget_oldest<K: Copy + Eq + std::hash::Hash, V>(table: &mut HashMap<K, (u64, V)>, most: usize) {
    if table.len() <= most {
        return;
    }
    let mut ages: Vec<u64> = table.values().map(|(age, _)| *age).collect();
    let middle = ages.len() / 2;
    let (_, median, _) = ages.select_nth_unstable(middle);
    let median = *median;
    table.retain(|_, (age, _)| *age > median);
}
