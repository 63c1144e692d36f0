//! Evidence: its bytes in parts, and what is known of each piece.

use std::fs::File;
use std::io::{self, Read, Seek};

use finding::{FindingName, Timestamp};
use sha2::Digest;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use store::{EvidenceItem, EvidenceKind, EvidenceMeta, Sha256, StoreError};

use crate::{escape, failure};

/// The largest piece of evidence that is kept, in bytes.
pub(crate) const LIMIT: u64 = 256 << 20;

/// Bytes of a part at most.
pub(crate) const PART: usize = 1 << 20;

/// Bytes to be kept, read part by part, as often as it takes.
pub(crate) enum Source {
    Bytes(Vec<u8>),
    File(File, u64),
}

impl Source {
    pub(crate) fn sha256(&mut self) -> io::Result<(Sha256, u64)> {
        let (mut hash, mut at) = (sha2::Sha256::new(), 0);
        loop {
            let part = self.part(at)?;
            if part.is_empty() {
                return Ok((Sha256::new(hash.finalize().into()), at));
            }
            hash.update(&part);
            at += part.len() as u64;
        }
    }

    /// From a place on; empty at the end.
    pub(crate) fn part(&mut self, at: u64) -> io::Result<Vec<u8>> {
        match self {
            Self::Bytes(bytes) => {
                let from = usize::try_from(at).unwrap_or(usize::MAX).min(bytes.len());
                Ok(bytes[from..bytes.len().min(from.saturating_add(PART))].to_vec())
            }
            Self::File(file, size) => {
                let mut part = Vec::new();
                file.seek(io::SeekFrom::Start(at))?;
                file.take(size.saturating_sub(at).min(PART as u64)).read_to_end(&mut part)?;
                Ok(part)
            }
        }
    }
}

pub(crate) fn stored(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

/// Whether the piece is here, and its row locked until the transaction ends. When it is not, nothing of it is.
pub(crate) async fn lock(
    connection: &mut PgConnection,
    subject: &str,
    sha256: Sha256,
) -> Result<bool, StoreError> {
    let failed = |e| failure::postgres("write", subject, e);
    sqlx::query("INSERT INTO evidence_pieces (sha256) VALUES ($1) ON CONFLICT DO NOTHING")
        .bind(sha256.to_string())
        .execute(&mut *connection)
        .await
        .map_err(failed)?;
    let is_whole: bool = sqlx::query_scalar("SELECT whole FROM evidence_pieces WHERE sha256 = $1 FOR UPDATE")
        .bind(sha256.to_string())
        .fetch_one(&mut *connection)
        .await
        .map_err(failed)?;
    if !is_whole {
        // a server of an older version shared uploads between nodes
        sqlx::query("DELETE FROM evidence_parts WHERE sha256 = $1")
            .bind(sha256.to_string())
            .execute(connection)
            .await
            .map_err(failed)?;
    }
    Ok(is_whole)
}

/// Keeps a whole piece, unless it is here already.
pub(crate) async fn keep(
    connection: &mut PgConnection,
    subject: &str,
    sha256: Sha256,
    source: &mut Source,
) -> Result<(), StoreError> {
    if lock(&mut *connection, subject, sha256).await? {
        return Ok(());
    }
    let mut at = 0;
    loop {
        let part = source.part(at).map_err(|e| unreadable(sha256, e))?;
        if part.is_empty() {
            return finish(connection, subject, sha256).await;
        }
        add(&mut *connection, subject, sha256, at, &part).await?;
        at += part.len() as u64;
    }
}

pub(crate) fn unreadable(what: impl std::fmt::Display, error: io::Error) -> StoreError {
    StoreError::Io { action: "read", subject: format!("evidence {what}"), source: std::sync::Arc::new(error) }
}

async fn add(
    connection: &mut PgConnection,
    subject: &str,
    sha256: Sha256,
    at: u64,
    part: &[u8],
) -> Result<(), StoreError> {
    let failed = |e| failure::postgres("write", subject, e);
    sqlx::query("INSERT INTO evidence_parts VALUES ($1, $2, $3)")
        .bind(sha256.to_string())
        .bind(stored(at))
        .bind(part)
        .execute(&mut *connection)
        .await
        .map_err(failed)?;
    sqlx::query("UPDATE evidence_pieces SET received = $2 WHERE sha256 = $1")
        .bind(sha256.to_string())
        .bind(stored(at + part.len() as u64))
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}

/// Checks what is here against its hash.
async fn finish(connection: &mut PgConnection, subject: &str, sha256: Sha256) -> Result<(), StoreError> {
    let mut hash = sha2::Sha256::new();
    walk(&mut *connection, subject, sha256, |part| hash.update(part)).await?;
    if Sha256::new(hash.finalize().into()) != sha256 {
        return Err(StoreError::Mismatch { subject: sha256.to_string() });
    }
    sqlx::query("UPDATE evidence_pieces SET whole = true WHERE sha256 = $1")
        .bind(sha256.to_string())
        .execute(connection)
        .await
        .map_err(|e| failure::postgres("write", subject, e))?;
    Ok(())
}

async fn walk(
    connection: &mut PgConnection,
    subject: &str,
    sha256: Sha256,
    mut each: impl FnMut(&[u8]),
) -> Result<(), StoreError> {
    let mut behind = -1_i64;
    loop {
        let part: Option<(i64, Vec<u8>)> = sqlx::query_as(
            "SELECT begins, bytes FROM evidence_parts WHERE sha256 = $1 AND begins > $2 ORDER BY begins LIMIT 1",
        )
        .bind(sha256.to_string())
        .bind(behind)
        .fetch_optional(&mut *connection)
        .await
        .map_err(|e| failure::postgres("read", subject, e))?;
        let Some((begins, bytes)) = part else { return Ok(()) };
        each(&bytes);
        behind = begins;
    }
}

/// Whether the piece is here; then it belongs to the finding.
pub(crate) async fn attach(
    connection: &mut PgConnection,
    subject: &str,
    sha256: Sha256,
    meta: &EvidenceMeta,
) -> Result<bool, StoreError> {
    let failed = |e| failure::postgres("write", subject, e);
    let whole: Option<bool> =
        sqlx::query_scalar("SELECT whole FROM evidence_pieces WHERE sha256 = $1 FOR UPDATE")
            .bind(sha256.to_string())
            .fetch_optional(&mut *connection)
            .await
            .map_err(failed)?;
    if whole != Some(true) {
        return Ok(false);
    }
    // the piece's lock orders those who say the same at once; a name can be too long for a unique index
    sqlx::query(
        "INSERT INTO evidence (finding, kind, name, sha256, original_size, truncated, taken_at)
         SELECT $1, $2, $3, $4, $5, $6, $7 WHERE NOT EXISTS
         (SELECT 1 FROM evidence WHERE finding = $1 AND kind = $2 AND name = $3 AND sha256 = $4)",
    )
    .bind(meta.finding.to_string())
    .bind(meta.kind.name())
    .bind(escape::text(&meta.name))
    .bind(sha256.to_string())
    .bind(stored(meta.original_size))
    .bind(meta.truncated)
    .bind(meta.taken_at.nanos())
    .execute(connection)
    .await
    .map_err(failed)?;
    Ok(true)
}

/// The bytes of a whole piece, checked.
pub(crate) async fn open(
    connection: &mut PgConnection,
    subject: &str,
    sha256: Sha256,
) -> Result<Option<Vec<u8>>, StoreError> {
    let is_whole: Option<bool> = sqlx::query_scalar("SELECT whole FROM evidence_pieces WHERE sha256 = $1")
        .bind(sha256.to_string())
        .fetch_optional(&mut *connection)
        .await
        .map_err(|e| failure::postgres("read", subject, e))?;
    if is_whole != Some(true) {
        return Ok(None);
    }
    let (mut bytes, mut hash) = (Vec::new(), sha2::Sha256::new());
    walk(connection, subject, sha256, |part| {
        hash.update(part);
        bytes.extend_from_slice(part);
    })
    .await?;
    if Sha256::new(hash.finalize().into()) != sha256 {
        let detail = format!("evidence {sha256} is not what its hash says");
        return Err(StoreError::Corrupt { subject: subject.to_owned(), detail });
    }
    Ok(Some(bytes))
}

/// Everything of a finding, in the order in which it was taken.
pub(crate) async fn of(
    connection: &mut PgConnection,
    subject: &str,
    finding: &FindingName,
) -> Result<Vec<EvidenceItem>, StoreError> {
    let rows = sqlx::query(
        "SELECT kind, name, sha256, received, original_size, truncated, taken_at
         FROM evidence JOIN evidence_pieces USING (sha256) WHERE finding = $1 ORDER BY taken_at, id",
    )
    .bind(finding.to_string())
    .fetch_all(connection)
    .await
    .map_err(|e| failure::postgres("read", subject, e))?;
    rows.iter().map(|row| item(subject, finding, row)).collect()
}

/// When each piece of a finding was first recorded.
pub(crate) async fn stored_times(
    connection: &mut PgConnection,
    subject: &str,
    finding: &FindingName,
) -> Result<Vec<(Sha256, Timestamp)>, StoreError> {
    let rows: Vec<(String, i64)> =
        sqlx::query_as("SELECT sha256, min(stored_at) FROM evidence WHERE finding = $1 GROUP BY sha256")
            .bind(finding.to_string())
            .fetch_all(connection)
            .await
            .map_err(|e| failure::postgres("read", subject, e))?;
    let time = |(sha256, time): (String, i64)| Some((sha256.parse().ok()?, Timestamp::from_nanos(time)));
    Ok(rows.into_iter().filter_map(time).collect())
}

fn item(subject: &str, finding: &FindingName, row: &PgRow) -> Result<EvidenceItem, StoreError> {
    let failed = |e| failure::postgres("read", subject, e);
    let text = |column: usize| row.try_get::<String, _>(column).map_err(failed);
    let number = |column: usize| row.try_get::<i64, _>(column).map_err(failed);
    let size = |column: usize| number(column).map(|n| u64::try_from(n).unwrap_or_default());
    let sha256 = text(2)?.parse().map_err(|e: store::NotADigest| StoreError::Corrupt {
        subject: subject.to_owned(),
        detail: format!("evidence of {finding}: {e}"),
    })?;
    Ok(EvidenceItem {
        sha256,
        size: size(3)?,
        meta: EvidenceMeta {
            finding: finding.clone(),
            kind: EvidenceKind::from_name(&text(0)?),
            name: escape::undone(text(1)?),
            taken_at: Timestamp::from_nanos(number(6)?),
            original_size: size(4)?,
            truncated: row.try_get(5).map_err(failed)?,
        },
    })
}

/// What was kept for these findings, and the bytes that no other has.
pub(crate) async fn remove(
    connection: &mut PgConnection,
    subject: &str,
    findings: &[String],
) -> Result<(), StoreError> {
    let failed = |e| failure::postgres("remove from", subject, e);
    let hashes: Vec<String> =
        sqlx::query_scalar("DELETE FROM evidence WHERE finding = ANY ($1) RETURNING sha256")
            .bind(findings)
            .fetch_all(&mut *connection)
            .await
            .map_err(failed)?;
    remove_unused(connection, subject, &hashes).await.map(drop)
}

/// Those pieces that no finding has; how many.
pub(crate) async fn remove_unused(
    connection: &mut PgConnection,
    subject: &str,
    hashes: &[String],
) -> Result<u64, StoreError> {
    let failed = |e| failure::postgres("remove from", subject, e);
    // locked first: whoever attaches one meanwhile has done so when the next statement looks
    sqlx::query("SELECT 1 FROM evidence_pieces WHERE sha256 = ANY ($1) ORDER BY sha256 FOR UPDATE")
        .bind(hashes)
        .execute(&mut *connection)
        .await
        .map_err(failed)?;
    sqlx::query(
        "DELETE FROM evidence_pieces WHERE sha256 = ANY ($1)
         AND NOT EXISTS (SELECT 1 FROM evidence WHERE evidence.sha256 = evidence_pieces.sha256)",
    )
    .bind(hashes)
    .execute(connection)
    .await
    .map(|done| done.rows_affected())
    .map_err(failed)
}
