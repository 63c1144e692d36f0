//! PEM files: read with errors that name them, written whole or not at all.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::CertificateError;

/// More than any chain or key has.
const LARGEST: u64 = 1 << 20;

const CERTIFICATE: &str = "certificate";
const KEY: &str = "private key";

pub(crate) fn io<'a>(
    action: &'static str,
    path: &'a Path,
) -> impl Fn(std::io::Error) -> CertificateError + use<'a> {
    move |source| CertificateError::Io { action, path: path.to_owned(), source }
}

fn content(path: &Path, what: &'static str, detail: impl std::fmt::Display) -> CertificateError {
    CertificateError::Content { path: path.to_owned(), what, detail: detail.to_string() }
}

pub(crate) fn read(path: &Path) -> Result<Vec<u8>, CertificateError> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes))
        .map_err(io("read", path))?;
    if bytes.len() as u64 > LARGEST {
        return Err(content(path, "certificate or key", "it is larger than 1 MiB"));
    }
    Ok(bytes)
}

pub(crate) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, CertificateError> {
    let list: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&read(path)?).collect();
    let list = list.map_err(|error| content(path, CERTIFICATE, error))?;
    if list.is_empty() {
        return Err(content(path, CERTIFICATE, "no BEGIN CERTIFICATE line"));
    }
    Ok(list)
}

pub(crate) fn key(path: &Path) -> Result<PrivateKeyDer<'static>, CertificateError> {
    PrivateKeyDer::from_pem_slice(&read(path)?).map_err(|error| content(path, KEY, error))
}

pub(crate) fn roots(path: &Path) -> Result<RootCertStore, CertificateError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        roots.add(certificate).map_err(|error| content(path, CERTIFICATE, error))?;
    }
    Ok(roots)
}

/// Writes a file that only its owner may read, whole or not at all: a reader sees the old one or the new one.
///
/// # Errors
/// [`CertificateError::Io`], naming the file.
pub fn write_private(path: &Path, bytes: &[u8]) -> Result<(), CertificateError> {
    write(path, bytes, 0o600)
}

/// As [`write_private`], but everybody may read it.
///
/// # Errors
/// [`CertificateError::Io`], naming the file.
pub fn write_public(path: &Path, bytes: &[u8]) -> Result<(), CertificateError> {
    write(path, bytes, 0o644)
}

fn write(path: &Path, bytes: &[u8], mode: u32) -> Result<(), CertificateError> {
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let temporary = path.with_extension(format!("new-{}", std::process::id()));
    let written = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(mode)
        .open(&temporary)
        .and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()
        })
        .and_then(|()| std::fs::rename(&temporary, path))
        .and_then(|()| File::open(folder)?.sync_all());
    if written.is_err() {
        // what could not be written is of no use; if it cannot be removed either, the error says enough
        let _ = std::fs::remove_file(&temporary);
    }
    written.map_err(io("write", path))
}
