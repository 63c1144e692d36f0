//! `POST /v2/{name}/evidence:archive`: everything that was kept for a finding, as one encrypted archive. Ours.
//!
//! `pieces, one at a time → ZIP with AES-256 in a temporary file → sent from there`; a virus scanner on the way does not find what
//! the analyst needs, and nothing in it runs by being opened.

use std::fs::File;
use std::io::{self, Seek, Write};

use axum::http::header;
use serde_json::{Map, Value, json};
use store::{EvidenceItem, Sha256};
use tokio::sync::Semaphore;
use zip::write::FileOptions;
use zip::{AesMode, CompressionMethod, ZipWriter};

use crate::call::{Answer, Call};
use crate::custody::Custody;
use crate::endpoint::{evidence_download, evidence_list};
use crate::error::ApiError;

/// Characters of a password: fewer can be guessed, more are refused by common programs.
const PASSWORD: std::ops::RangeInclusive<usize> = 12..=99;

/// What one archive holds: as much as is written in time for an answer.
const BYTES_MAX: u64 = 512 << 20;
const PIECES_MAX: usize = 500;

/// Archives that are made at once: of each, one piece is in memory.
static TOGETHER: Semaphore = Semaphore::const_new(2);

fn password(call: &Call) -> Result<String, ApiError> {
    let wrong = |reason: &str| Err(ApiError::invalid("password", &reason));
    let password = call.body.text("password", usize::MAX)?;
    if !password.chars().all(|c| c.is_ascii_graphic() || c == ' ') {
        // each program that opens archives encodes others differently
        return wrong(
            "use letters, digits, blanks and signs of ASCII only, so that every program can open the archive",
        );
    }
    if password.len() < *PASSWORD.start() {
        return wrong(
            "it must have at least 12 characters: whoever has the archive can try as many as he likes",
        );
    }
    if password.len() > *PASSWORD.end() {
        return wrong("it must have at most 99 characters, which is what common programs take");
    }
    Ok(password)
}

/// An archive that is being written.
struct Archive {
    writer: ZipWriter<File>,
    password: String,
}

impl Archive {
    fn new(password: String) -> io::Result<Self> {
        Ok(Self { writer: ZipWriter::new(tempfile::tempfile()?), password })
    }

    fn add(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let options = FileOptions::<()>::default()
            .compression_method(CompressionMethod::Stored)
            .unix_permissions(0o400)
            .with_aes_encryption(AesMode::Aes256, &self.password);
        self.writer.start_file(name, options)?;
        self.writer.write_all(bytes)
    }

    fn finish(self) -> io::Result<File> {
        let mut file = self.writer.finish()?;
        file.rewind()?;
        Ok(file)
    }
}

/// Does some of it where waiting for a disk holds up nobody.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, ApiError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => {
            tracing::error!(%error, "an archive cannot be written; is there room where temporary files are (TMPDIR)?");
            let reason = "the server has no room for the archive; its log says more, and pieces can be downloaded alone";
            Err(ApiError::Precondition { reason: reason.into() })
        }
        Err(error) => {
            tracing::error!(%error, "an archive cannot be written");
            Err(ApiError::Defect)
        }
    }
}

fn bounded(items: &[EvidenceItem]) -> Result<(), ApiError> {
    let bytes = items.iter().map(|item| item.size).fold(0, u64::saturating_add);
    if items.len() > PIECES_MAX || bytes > BYTES_MAX {
        let reason = format!(
            "there are {} pieces with {bytes} bytes, and an archive holds at most {PIECES_MAX} with {BYTES_MAX}; \
             download them one by one",
            items.len()
        );
        return Err(ApiError::Precondition { reason });
    }
    Ok(())
}

pub(crate) async fn answer(call: Call) -> Result<Answer, ApiError> {
    let password = password(&call)?;
    let name = call.target.names.finding()?;
    let items = evidence_list::found(&call.service, &name).await?;
    if items.is_empty() {
        return Err(ApiError::NotFound { what: format!("evidence of finding {name}") });
    }
    bounded(&items)?;
    // never closed
    let _one_of_few = TOGETHER.acquire().await.ok();
    let custody = Custody::read(&call.service, &name, &items).await?;
    let mut archive = blocking(move || Archive::new(password)).await?;
    let (mut pieces, mut hashes): (Vec<Value>, Vec<Sha256>) = (Vec::new(), Vec::new());
    for (number, item) in (1_usize..).zip(&items) {
        let mut piece = evidence_list::written(item);
        piece["custody"] = custody.of(item);
        if let Some(bytes) = call.service.evidence.open(item.sha256).await? {
            let file = format!("{number:03}-{}", evidence_download::file_name(&item.meta.name, item.sha256));
            piece["file"] = file.clone().into();
            archive = blocking(move || {
                archive.add(&file, &bytes)?;
                Ok(archive)
            })
            .await?;
            hashes.push(item.sha256);
        }
        pieces.push(piece);
    }
    let manifest = json!({
        "finding": name.to_string(),
        "createTime": call.now.to_string(),
        "principal": call.principal.name,
        "pieces": pieces,
    });
    // a value of texts and numbers cannot fail to become JSON
    let manifest = serde_json::to_vec_pretty(&manifest).unwrap_or_default();
    let (file, length) = blocking(move || {
        archive.add("manifest.json", &manifest)?;
        let file = archive.finish()?;
        let length = file.metadata()?.len();
        Ok((file, length))
    })
    .await?;
    let headers = vec![
        (header::CONTENT_TYPE, "application/zip".to_owned()),
        (header::CONTENT_LENGTH, length.to_string()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"evidence-{}.zip\"", name.finding())),
    ];
    let hashes: Vec<Value> = hashes.iter().map(|sha256| sha256.to_string().into()).collect();
    let note = Map::from_iter([("pieces".to_owned(), Value::from(hashes))]);
    Ok(Answer::File(headers, file, note))
}
