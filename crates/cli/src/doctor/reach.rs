//! The data folder and the API.

use super::Row;
use crate::arguments::Doctor;
use crate::client::{Client, ClientError};
use rustix::fs::{Access, access, statvfs};
use std::path::Path;

/// Less room than this is worth a word, bytes.
const LITTLE: u64 = 1 << 30;

pub(crate) fn rows(options: &Doctor) -> Vec<Row> {
    let mut rows = folder(&options.data);
    rows.push(api(&options.server.url));
    rows
}

fn folder(path: &Path) -> Vec<Row> {
    let shown = path.display();
    let nothing_kept = "findings and evidence cannot be kept: `vedette up` does not start";
    // what is not there yet is made below the nearest folder that is
    let Some(existing) = path.ancestors().find(|p| p.exists()) else {
        return vec![Row::missing(
            "data folder",
            format!("{shown} cannot be made"),
            nothing_kept,
            "choose another with --data",
        )];
    };
    if !existing.is_dir() || access(existing, Access::WRITE_OK | Access::EXEC_OK).is_err() {
        let found = format!("{} cannot be written", existing.display());
        return vec![Row::missing(
            "data folder",
            found,
            nothing_kept,
            "run as its owner, or choose another with --data",
        )];
    }
    let later = if existing == path { "" } else { " (will be made)" };
    let mut rows = vec![Row::ok("data folder", format!("{shown}{later}"))];
    if let Ok(room) = statvfs(existing) {
        let free = room.f_bavail.saturating_mul(room.f_frsize);
        let found = format!("{} MiB free", free >> 20);
        rows.push(if free >= LITTLE {
            Row::ok("free space", found)
        } else {
            Row::less(
                "free space",
                found,
                "a full disk stops storing",
                "make room, or choose another folder with --data",
            )
        });
    }
    rows
}

fn api(server: &str) -> Row {
    let ready = Client::new(server).and_then(|client| client.ready());
    match ready {
        Ok(Ok(())) => Row::ok("API", format!("{server} is ready")),
        Ok(Err(reason)) => {
            Row::less("API", format!("{server}: {reason}"), "findings may be missing", "look at its log")
        }
        Err(ClientError::Unreachable { .. }) => Row::less(
            "API",
            format!("nobody answers at {server}"),
            "there are no findings to read while Vedette does not run",
            "start it: vedette up",
        ),
        Err(error) => Row::less(
            "API",
            error.to_string(),
            "findings cannot be read there",
            "choose another with --server",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::folder;
    use crate::doctor::Verdict;

    #[test]
    fn a_folder_that_can_be_made_is_fine_and_a_file_is_not() {
        let scratch = tempfile::tempdir().unwrap();
        assert_eq!(folder(&scratch.path().join("a/b"))[0].verdict, Verdict::Ok);
        assert_eq!(folder(scratch.path())[0].verdict, Verdict::Ok);
        let file = scratch.path().join("file");
        std::fs::write(&file, b"").unwrap();
        assert_eq!(folder(&file.join("x"))[0].verdict, Verdict::Missing);
    }
}
