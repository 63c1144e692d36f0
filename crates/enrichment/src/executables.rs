//! What the executed files are, and what else had to be looked up to say what a process was started to do.
//!
//! Files are looked up once per version and remembered by device, inode and change time; the rest by image.

use event::{Exec, FileIdentity, ProcessKey};
use programs::executable::{Kind, Recognised};
use programs::invocation::Invocation;
use programs::script::Verdict;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

/// File versions remembered.
const FILES_MAX: usize = 2_048;
/// Images of which something was looked up, of each kind of fact.
const IMAGES_MAX: usize = 1_024;

/// Scripts whose text is kept, and how long it may be.
const TEXTS_MAX: usize = 64;
const TEXT_MAX: usize = 64 << 10;

/// What a file is.
#[derive(Debug, Clone)]
pub struct ExecutableFacts {
    /// What the content says.
    pub recognised: Recognised,
    /// SHA-256 of the first `hashed_size` bytes, lower-case hexadecimal; empty until they have been read, which is after
    /// the file was recognised.
    pub sha256: String,
    /// Bytes hashed.
    pub hashed_size: u64,
    /// Bytes of the whole file.
    pub size: u64,
    /// Path of the file when it differs from the executed one (a program behind the dynamic loader).
    pub path: Option<event::Text>,
}

/// One image of one process: what was looked up for it says nothing of what the process runs before or after.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ImageKey {
    /// The process.
    pub process: ProcessKey,
    /// When it executed this.
    pub time_ns: u64,
}

impl ImageKey {
    /// The image that an exec established.
    pub fn of(exec: &Exec) -> Self {
        Self { process: exec.process, time_ns: exec.time_ns }
    }
}

/// What was looked up. In each table `None` stands for what was asked for and is not to be had.
#[derive(Debug, Default)]
pub struct Executables {
    files: Table<FileIdentity, Arc<ExecutableFacts>>,
    /// Files that could not be had from this process; another one that executes them is asked all the same.
    missing: Table<(FileIdentity, ProcessKey), ()>,
    loaded: Table<ImageKey, Option<Arc<ExecutableFacts>>>,
    scripts: Table<ImageKey, Option<Verdict>>,
    /// Of those few that may execute what they read from the network.
    texts: Table<ImageKey, Arc<[u8]>>,
    whole: Table<ImageKey, Option<Invocation>>,
}

impl Executables {
    /// Facts of a file.
    pub fn of_file(&self, identity: &FileIdentity) -> Option<&Arc<ExecutableFacts>> {
        self.files.get(identity)
    }

    /// Whether that process was asked for the file already, and did not have it.
    pub fn is_missing(&self, identity: FileIdentity, process: ProcessKey) -> bool {
        self.missing.get(&(identity, process)).is_some()
    }

    /// Facts of the program that an image runs through the dynamic loader. `None`: never asked for.
    pub fn of_loaded(&self, image: ImageKey) -> Option<Option<&Arc<ExecutableFacts>>> {
        self.loaded.get(&image).map(Option::as_ref)
    }

    /// What the script that an image runs executes of what it reads. `None`: never asked for.
    pub fn of_script(&self, image: ImageKey) -> Option<Option<Verdict>> {
        self.scripts.get(&image).copied()
    }

    /// The text of a script, where it was kept.
    pub fn text_of_script(&self, image: ImageKey) -> Option<Arc<[u8]>> {
        self.texts.get(&image).cloned()
    }

    /// What the whole arguments of an image say, of which its record holds the beginning. `None`: never asked for.
    pub fn of_arguments(&self, image: ImageKey) -> Option<Option<&Invocation>> {
        self.whole.get(&image).map(Option::as_ref)
    }

    /// The answer about a file, as that process had it.
    pub fn tell_file(&mut self, identity: FileIdentity, facts: Option<Arc<ExecutableFacts>>) {
        if let Some(facts) = facts {
            // who floods the table with programs that are nothing in particular forgets those first
            let keep = !matches!(facts.recognised.kind, Kind::Unknown);
            self.files.insert(identity, facts, keep, FILES_MAX);
        }
    }

    /// That process did not have the file.
    pub fn tell_missing(&mut self, identity: FileIdentity, process: ProcessKey) {
        self.missing.insert((identity, process), (), false, IMAGES_MAX);
    }

    /// The answer about a program behind the dynamic loader.
    pub fn tell_loaded(&mut self, image: ImageKey, facts: Option<Arc<ExecutableFacts>>) {
        self.loaded.insert(image, facts, false, IMAGES_MAX);
    }

    /// The answer about a script.
    pub fn tell_script(&mut self, image: ImageKey, verdict: Option<Verdict>) {
        self.scripts.insert(image, verdict, false, IMAGES_MAX);
    }

    /// The text of a script that may execute what it reads from the network; a longer one is not kept.
    pub fn tell_text(&mut self, image: ImageKey, text: Arc<[u8]>) {
        if text.len() <= TEXT_MAX {
            self.texts.insert(image, text, false, TEXTS_MAX);
        }
    }

    /// The answer about arguments.
    pub fn tell_arguments(&mut self, image: ImageKey, invocation: Option<Invocation>) {
        self.whole.insert(image, invocation, false, IMAGES_MAX);
    }

    /// The hash of a file is known.
    pub fn tell_file_hash(&mut self, identity: &FileIdentity, sha256: &str, hashed_size: u64) {
        if let Some(facts) = self.files.get_mut(identity) {
            hashed(facts, sha256, hashed_size);
        }
    }

    /// The hash of a program behind the dynamic loader is known.
    pub fn tell_loaded_hash(&mut self, image: ImageKey, sha256: &str, hashed_size: u64) {
        if let Some(Some(facts)) = self.loaded.get_mut(&image) {
            hashed(facts, sha256, hashed_size);
        }
    }
}

/// Completes facts with a hash.
pub fn hashed(facts: &mut Arc<ExecutableFacts>, sha256: &str, hashed_size: u64) {
    let facts = Arc::make_mut(facts);
    sha256.clone_into(&mut facts.sha256);
    facts.hashed_size = hashed_size;
}

/// Answers, the oldest forgotten first.
#[derive(Debug)]
struct Table<K, V> {
    entries: HashMap<K, ((bool, u64), V)>,
    clock: u64,
}

impl<K, V> Default for Table<K, V> {
    fn default() -> Self {
        Self { entries: HashMap::new(), clock: 0 }
    }
}

impl<K: Copy + Eq + Hash, V> Table<K, V> {
    fn get(&self, key: &K) -> Option<&V> {
        self.entries.get(key).map(|(_, value)| value)
    }

    fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.entries.get_mut(key).map(|(_, value)| value)
    }

    /// Halves the table when it is full: rare, and no order to keep between. Those to keep go last.
    fn insert(&mut self, key: K, value: V, keep: bool, most: usize) {
        self.clock += 1;
        self.entries.insert(key, ((keep, self.clock), value));
        if self.entries.len() > most {
            let mut ages: Vec<(bool, u64)> = self.entries.values().map(|(age, _)| *age).collect();
            let middle = ages.len() / 2;
            let median = *ages.select_nth_unstable(middle).1;
            self.entries.retain(|_, (age, _)| *age > median);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(kind: Kind) -> Option<Arc<ExecutableFacts>> {
        Some(Arc::new(ExecutableFacts {
            recognised: Recognised { kind, elf: None, examined: 0 },
            sha256: String::new(),
            hashed_size: 0,
            size: 1,
            path: None,
        }))
    }

    fn file(inode: u64) -> FileIdentity {
        FileIdentity { device: 1, inode, changed_ns: 1 }
    }

    #[test]
    fn a_flood_of_files_forgets_what_is_nothing_in_particular_first() {
        let mut known = Executables::default();
        known.tell_file(file(0), facts(Kind::Socat { version: None }));
        for inode in 1..100_000 {
            known.tell_file(file(inode), facts(Kind::Unknown));
        }
        assert!(known.of_file(&file(0)).is_some());
        assert!(known.of_file(&file(99_999)).is_some());
        assert!(known.files.entries.len() <= FILES_MAX);
        for inode in 0..100_000 {
            known.tell_file(file(inode), facts(Kind::Socat { version: None }));
        }
        assert!(known.files.entries.len() <= FILES_MAX, "those too are bounded");
    }

    #[test]
    fn a_file_that_one_process_did_not_have_is_asked_of_another() {
        let mut known = Executables::default();
        let process = |pid| ProcessKey { pid, start_ns: 1 };
        known.tell_missing(file(1), process(1));
        assert!(known.is_missing(file(1), process(1)) && !known.is_missing(file(1), process(2)));
        assert!(known.of_file(&file(1)).is_none());
    }

    #[test]
    fn what_was_looked_up_is_forgotten_with_many_images() {
        let mut known = Executables::default();
        let image = |time_ns| ImageKey { process: ProcessKey { pid: 7, start_ns: 1 }, time_ns };
        for time_ns in 0..10_000 {
            known.tell_script(image(time_ns), Some(Verdict::reads(0)));
            known.tell_arguments(image(time_ns), None);
            known.tell_loaded(image(time_ns), None);
        }
        assert_eq!(known.of_script(image(9_999)), Some(Some(Verdict::reads(0))));
        assert_eq!(known.of_script(image(0)), None);
        for length in [known.scripts.entries.len(), known.whole.entries.len(), known.loaded.entries.len()] {
            assert!(length <= IMAGES_MAX);
        }
    }

    #[test]
    fn a_hash_completes_what_is_known() {
        let mut known = Executables::default();
        known.tell_file(file(1), facts(Kind::Unknown));
        known.tell_file_hash(&file(1), "ab", 2);
        known.tell_file_hash(&file(2), "ab", 2);
        let told = known.of_file(&file(1)).unwrap();
        assert_eq!((told.sha256.as_str(), told.hashed_size), ("ab", 2));
        assert!(known.of_file(&file(2)).is_none());
    }
}
