//! Opening a folder that a crash may have left in any state.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::{self, File, OpenOptions};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use store::Sha256;
use tokio::sync::Notify;

use super::files::{Folder, create, failed, read_at};
use super::lost::{Dropped, Marks, key_of};
use super::position::Position;
use super::promised::Promised;
use super::record::{HEADER, read};
use super::{Blob, Segment, Spool, SpoolError, State};

/// How often, and how far apart, the folder is asked for before it counts as another process's.
const LOCK_TRIES: u32 = 20;
const LOCK_PAUSE: Duration = Duration::from_millis(50);
/// A segment is not read into memory beyond this; none is written so long.
const LONGEST_SEGMENT: u64 = 64 << 20;

impl Spool {
    /// Opens or makes the spool of a folder, with room for `limit` bytes (at least 1 MiB).
    ///
    /// # Errors
    /// When the folder cannot be used. What is damaged in it is no error: it is set aside, said and counted.
    pub fn open(root: &Path, limit: u64) -> Result<Self, SpoolError> {
        let folder = Folder::open(root)?;
        let path = root.join("lock");
        let lock = create(&path).map_err(failed("open", &path))?;
        if !locked(&lock) {
            return Err(SpoolError::InUse { path: root.to_owned() });
        }
        let mut state = State {
            segments: BTreeMap::new(),
            last_segment: 0,
            active: None,
            blobs: HashMap::new(),
            blob_order: BTreeSet::new(),
            gone: HashMap::new(),
            promised: Promised::default(),
            versions: HashMap::new(),
            marks: Marks::default(),
            dropped: Dropped::default(),
            position: position(&folder),
            bytes: 0,
        };
        let mut wanted = HashMap::new();
        segments(&folder, &mut state, &mut wanted)?;
        blobs(&folder, &mut state, wanted)?;
        state.promised.begin(state.position.evidence);
        let limit = limit.max(1 << 20);
        let spool = Self {
            folder,
            limit,
            state: Mutex::new(state),
            changed: Notify::new(),
            is_unsaved: AtomicBool::new(false),
            _lock: lock,
        };
        {
            let mut state = spool.state();
            spool.forget_delivered(&mut state)?;
            spool.save(&state, true);
        }
        Ok(spool)
    }
}

/// Whoever held it before may be just about to end, and a child that a thread of his forked holds it until it executes.
fn locked(lock: &File) -> bool {
    for _ in 0..LOCK_TRIES {
        if lock.try_lock().is_ok() {
            return true;
        }
        std::thread::sleep(LOCK_PAUSE);
    }
    false
}

fn position(folder: &Folder) -> Position {
    let path = folder.position();
    let Ok(bytes) = read_at(&path, 0, 1 << 16) else {
        if fs::symlink_metadata(&path).is_ok() {
            folder.set_aside(&path, "it cannot be read");
        }
        return Position::default();
    };
    serde_json::from_slice(&bytes).unwrap_or_else(|error| {
        folder.set_aside(&path, &error.to_string());
        let mut position = Position::default();
        position.losses.damaged = 1;
        position
    })
}

fn segments(
    folder: &Folder,
    state: &mut State,
    wanted: &mut HashMap<Sha256, Vec<i64>>,
) -> Result<(), SpoolError> {
    let losses = &mut state.position.losses;
    let names = folder.list("segments", &mut losses.damaged)?;
    let newest = names.last().map(|(name, _)| name.clone());
    for (name, size) in names {
        let path = folder.root().join("segments").join(&name);
        let number =
            name.parse::<u64>().ok().filter(|number| folder.segment(*number) == path && *number < u64::MAX);
        let Some(number) = number else {
            losses.damaged += 1;
            folder.set_aside(&path, "its name is no segment's");
            continue;
        };
        let bytes = match read_at(&path, 0, LONGEST_SEGMENT) {
            Ok(bytes) if bytes.starts_with(HEADER) => bytes,
            // a crash between the file and its header
            Ok(bytes) if HEADER.starts_with(&bytes) && Some(&name) == newest.as_ref() => {
                losses.torn += u64::from(!bytes.is_empty());
                fs::remove_file(&path).map_err(failed("remove", &path))?;
                continue;
            }
            Ok(_) => {
                losses.damaged += 1;
                folder.set_aside(&path, "it does not begin as a segment does");
                continue;
            }
            Err(error) => {
                losses.damaged += 1;
                folder.set_aside(&path, &error.to_string());
                continue;
            }
        };
        let (mut at, mut last) = (HEADER.len(), 0);
        while let Some((record, length)) = read(&bytes[at..]) {
            last = record.order.max(last);
            match &record.evidence {
                None => {
                    state.versions.insert(key_of(&record.finding), (number, at as u64));
                }
                Some(piece) if piece.is_promised => state.promised.add(record.order, record),
                Some(piece) => {
                    state.promised.settle(&record);
                    if let Some(sha256) = piece.sha256() {
                        wanted.entry(sha256).or_default().push(record.order);
                    }
                }
            }
            at += length;
        }
        if at as u64 != size {
            if Some(&name) == newest.as_ref() {
                losses.torn += 1;
                tracing::warn!(
                    "{}: the last {} bytes were torn by a crash and are cut off",
                    path.display(),
                    size - at as u64
                );
            } else {
                losses.damaged += 1;
                folder.keep_copy(&path, &format!("from byte {at} on"));
            }
            let file = OpenOptions::new().write(true).open(&path).map_err(failed("open", &path))?;
            cut(&file, at as u64).map_err(failed("cut", &path))?;
        }
        state.bytes += at as u64;
        state.position.order = state.position.order.max(last);
        state.last_segment = state.last_segment.max(number);
        state.segments.insert(number, Segment { bytes: at as u64, last });
    }
    Ok(())
}

fn cut(file: &File, length: u64) -> std::io::Result<()> {
    file.set_len(length)?;
    file.sync_all()
}

fn blobs(
    folder: &Folder,
    state: &mut State,
    mut wanted: HashMap<Sha256, Vec<i64>>,
) -> Result<(), SpoolError> {
    for (name, size) in folder.list("evidence", &mut state.position.losses.damaged)? {
        let path = folder.evidence(&name);
        let known: Option<Sha256> = name.parse().ok();
        match known.and_then(|sha256| Some((sha256, wanted.remove(&sha256)?))) {
            Some((sha256, orders)) => {
                state.bytes += size;
                let blob = Blob { size, orders };
                state.blob_order.insert((blob.last(), sha256));
                state.blobs.insert(sha256, blob);
            }
            // nothing refers to it: it was not accepted, or is delivered
            None if known.is_some() || name.ends_with(".new") => {
                fs::remove_file(&path).map_err(failed("remove", &path))?;
            }
            None => {
                state.position.losses.damaged += 1;
                folder.set_aside(&path, "its name is no evidence's");
            }
        }
    }
    // dropped, or not kept, before this start, and counted then
    wanted.retain(|_, orders| orders.last().is_some_and(|last| *last > state.position.evidence));
    state.gone = wanted;
    Ok(())
}
