//! The data folder and the API.

use super::Row;
use crate::arguments::{Doctor, Endpoint};
use crate::client::{Client, ClientError};
use crate::credential;
use crate::data_folder::{self, Running};
use rustix::fs::{Access, access, statvfs};
use std::path::Path;

/// Less room than this is worth a word, bytes.
const LITTLE: u64 = 1 << 30;

pub(crate) fn rows(options: &Doctor) -> Vec<Row> {
    let server = &options.server.url;
    let host = server.parts().map_or("", |(_, host)| host);
    let announced = credential::addresses(host).into_iter().find_map(data_folder::announced);
    let path = options.data.clone().or(announced);
    let mut rows = folder(&path.unwrap_or_else(|| data_folder::DEFAULT.into()));
    rows.push(api(server));
    rows
}

fn folder(path: &Path) -> Vec<Row> {
    let shown = path.display();
    // whoever has it can write to it
    if let Some(running) = Running::with(path) {
        let used = Row::ok("data folder", format!("{shown}, in use by {}", running.words()));
        return [used].into_iter().chain(room(path)).collect();
    }
    if path.metadata().is_ok_and(|about| about.is_dir()) && access(path, Access::READ_OK).is_err() {
        return vec![Row::less(
            "data folder",
            format!("{shown} is closed to this user"),
            "nobody knows whether it is in order",
            "run as its owner: sudo vedette doctor",
        )];
    }
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
        let found = format!("{shown}: {} cannot be written by this user", existing.display());
        return vec![Row::missing(
            "data folder",
            found,
            nothing_kept,
            "run as its owner, or choose another with --data",
        )];
    }
    let later = if existing == path { "" } else { " (will be made)" };
    let usable = Row::ok("data folder", format!("{shown}{later}"));
    [usable].into_iter().chain(room(existing)).collect()
}

fn room(folder: &Path) -> Option<Row> {
    let room = statvfs(folder).ok()?;
    let free = room.f_bavail.saturating_mul(room.f_frsize);
    let found = format!("{} MiB free", free >> 20);
    Some(if free >= LITTLE {
        Row::ok("free space", found)
    } else {
        Row::less(
            "free space",
            found,
            "a full disk stops storing",
            "make room, or choose another folder with --data",
        )
    })
}

fn api(endpoint: &Endpoint) -> Row {
    let server = &endpoint.address;
    let ready = Client::new(endpoint).and_then(|client| client.ready().map(|ready| (client, ready)));
    let ready = ready.and_then(|(client, ready)| match ready {
        Ok(()) => client.may_read().map(Ok),
        not => Ok(not),
    });
    match ready {
        Ok(Ok(())) => Row::ok("API", format!("{server} is ready")),
        Ok(Err(reason)) => {
            Row::less("API", format!("{server}: {reason}"), "findings may be missing", "look at its log")
        }
        Err(error @ (ClientError::Tls { .. } | ClientError::Host { .. })) => {
            let error = error.to_string();
            let (found, remedy) = error.rsplit_once("; ").unwrap_or((&error, "look at the server's log"));
            Row::less("API", found, "findings cannot be read there", remedy)
        }
        Err(ClientError::Unreachable { .. }) => Row::less(
            "API",
            format!("nobody answers at {server}"),
            "there are no findings to read while Vedette does not run",
            "start it: vedette up",
        ),
        Err(error @ ClientError::Refused { status: 401, .. }) => Row::less(
            "API",
            error.to_string(),
            "findings cannot be read by this user",
            "run as root or as the owner of the data folder, or give the token with --token-file",
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
