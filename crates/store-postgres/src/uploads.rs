//! Uploads: each belongs to whoever sends it until it is whole.

use finding::Timestamp;
use sha2::Digest;
use sqlx::PgConnection;
use store::{Part, Received, Sha256, StoreError};

use crate::{evidence, failure};

/// Things removed in one go.
const LIMIT: i64 = 500;

/// A holder's name is any text, and can be too long for an index.
fn holder_of(part: &Part) -> String {
    Sha256::new(sha2::Sha256::digest(part.holder.as_bytes()).into()).to_string()
}

/// One part of an upload; with the last one the piece belongs to its finding.
pub(crate) async fn receive(
    connection: &mut PgConnection,
    subject: &str,
    part: &Part,
) -> Result<Received, StoreError> {
    let failed = |e| failure::postgres("write", subject, e);
    let (holder, sha256) = (holder_of(part), part.sha256.to_string());
    let has: bool =
        sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM evidence WHERE finding = $1 AND sha256 = $2)")
            .bind(part.meta.finding.to_string())
            .bind(&sha256)
            .fetch_one(&mut *connection)
            .await
            .map_err(failed)?;
    if has && evidence::attach(&mut *connection, subject, part.sha256, &part.meta).await? {
        return Ok(Received::Whole);
    }
    let here = received(&mut *connection, subject, (&holder, &sha256)).await?;
    let is_next = |here: u64| {
        !part.bytes.is_empty()
            && part.offset == here
            && here.saturating_add(part.bytes.len() as u64) <= part.total
    };
    if here < part.total && !is_next(here) {
        return Ok(Received::Until(here));
    }
    sqlx::query(
        "INSERT INTO evidence_uploads (holder, sha256, touched_at)
         VALUES ($1, $2, (extract(epoch FROM now()) * 1000000000)::bigint) ON CONFLICT DO NOTHING",
    )
    .bind(&holder)
    .bind(&sha256)
    .execute(&mut *connection)
    .await
    .map_err(failed)?;
    let here = received(&mut *connection, subject, (&holder, &sha256)).await?;
    if here < part.total {
        if !is_next(here) {
            return Ok(Received::Until(here));
        }
        let until = add(&mut *connection, subject, (&holder, &sha256), part).await?;
        if until < part.total {
            return Ok(Received::Until(until));
        }
    }
    finish(connection, subject, (&holder, &sha256), part).await?;
    Ok(Received::Whole)
}

/// Where an upload ends so far, and its row locked, if there is one.
async fn received(
    connection: &mut PgConnection,
    subject: &str,
    (holder, sha256): (&str, &str),
) -> Result<u64, StoreError> {
    let sql = "SELECT received FROM evidence_uploads WHERE holder = $1 AND sha256 = $2 FOR UPDATE";
    let found: Option<i64> = sqlx::query_scalar(sql)
        .bind(holder)
        .bind(sha256)
        .fetch_optional(connection)
        .await
        .map_err(|e| failure::postgres("read", subject, e))?;
    Ok(found.and_then(|received| received.try_into().ok()).unwrap_or_default())
}

async fn add(
    connection: &mut PgConnection,
    subject: &str,
    (holder, sha256): (&str, &str),
    part: &Part,
) -> Result<u64, StoreError> {
    let failed = |e| failure::postgres("write", subject, e);
    let sql = "SELECT received FROM evidence_uploads WHERE holder = $1 AND sha256 <> $2";
    let others: Vec<i64> = sqlx::query_scalar(sql)
        .bind(holder)
        .bind(sha256)
        .fetch_all(&mut *connection)
        .await
        .map_err(failed)?;
    part.within_quota(others.into_iter().map(|size| u64::try_from(size).unwrap_or_default()))?;
    let mut at = part.offset;
    for bytes in part.bytes.chunks(evidence::PART) {
        sqlx::query("INSERT INTO evidence_upload_parts VALUES ($1, $2, $3, $4)")
            .bind(holder)
            .bind(sha256)
            .bind(evidence::stored(at))
            .bind(bytes)
            .execute(&mut *connection)
            .await
            .map_err(failed)?;
        at += bytes.len() as u64;
    }
    sqlx::query(
        "UPDATE evidence_uploads SET received = $3, touched_at = (extract(epoch FROM now()) * 1000000000)::bigint
         WHERE holder = $1 AND sha256 = $2",
    )
    .bind(holder)
    .bind(sha256)
    .bind(evidence::stored(at))
    .execute(connection)
    .await
    .map_err(failed)?;
    Ok(at)
}

/// Checks the upload against its hash; then its bytes are the piece's, unless that is here already.
async fn finish(
    connection: &mut PgConnection,
    subject: &str,
    (holder, sha256): (&str, &str),
    part: &Part,
) -> Result<(), StoreError> {
    let failed = |e| failure::postgres("write", subject, e);
    let (mut hash, mut behind, mut size) = (sha2::Sha256::new(), -1_i64, 0);
    loop {
        let next: Option<(i64, Vec<u8>)> = sqlx::query_as(
            "SELECT begins, bytes FROM evidence_upload_parts
             WHERE holder = $1 AND sha256 = $2 AND begins > $3 ORDER BY begins LIMIT 1",
        )
        .bind(holder)
        .bind(sha256)
        .bind(behind)
        .fetch_optional(&mut *connection)
        .await
        .map_err(failed)?;
        let Some((begins, bytes)) = next else { break };
        hash.update(&bytes);
        size += bytes.len() as u64;
        behind = begins;
    }
    if Sha256::new(hash.finalize().into()) != part.sha256 {
        return Err(StoreError::Mismatch { subject: sha256.to_owned() });
    }
    if !evidence::lock(&mut *connection, subject, part.sha256).await? {
        sqlx::query(
            "INSERT INTO evidence_parts (sha256, begins, bytes)
             SELECT sha256, begins, bytes FROM evidence_upload_parts WHERE holder = $1 AND sha256 = $2",
        )
        .bind(holder)
        .bind(sha256)
        .execute(&mut *connection)
        .await
        .map_err(failed)?;
        sqlx::query("UPDATE evidence_pieces SET received = $2, whole = true WHERE sha256 = $1")
            .bind(sha256)
            .bind(evidence::stored(size))
            .execute(&mut *connection)
            .await
            .map_err(failed)?;
    }
    discard(&mut *connection, subject, part).await?;
    evidence::attach(connection, subject, part.sha256, &part.meta).await.map(drop)
}

/// Forgets an upload.
pub(crate) async fn discard(
    connection: &mut PgConnection,
    subject: &str,
    part: &Part,
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM evidence_uploads WHERE holder = $1 AND sha256 = $2")
        .bind(holder_of(part))
        .bind(part.sha256.to_string())
        .execute(connection)
        .await
        .map_err(|e| failure::postgres("write", subject, e))?;
    Ok(())
}

/// Some uploads that did not go on, evidence that no finding came for, and pieces that nothing is recorded of; how many.
pub(crate) async fn sweep(
    connection: &mut PgConnection,
    subject: &str,
    before: Timestamp,
) -> Result<u64, StoreError> {
    let failed = |e| failure::postgres("remove from", subject, e);
    let uploads = sqlx::query(
        "DELETE FROM evidence_uploads WHERE (holder, sha256) IN
         (SELECT holder, sha256 FROM evidence_uploads WHERE touched_at < $1 LIMIT $2 FOR UPDATE SKIP LOCKED)",
    )
    .bind(before.nanos())
    .bind(LIMIT)
    .execute(&mut *connection)
    .await
    .map_err(failed)?
    .rows_affected();
    let mut pieces: Vec<String> = sqlx::query_scalar(
        "DELETE FROM evidence WHERE id IN (SELECT id FROM evidence AS e WHERE stored_at < $1
         AND NOT EXISTS (SELECT 1 FROM finding_names AS n WHERE n.name = e.finding)
         AND NOT EXISTS (SELECT 1 FROM findings AS f WHERE f.canonical_name = e.finding) LIMIT $2)
         RETURNING sha256",
    )
    .bind(before.nanos())
    .bind(LIMIT)
    .fetch_all(&mut *connection)
    .await
    .map_err(failed)?;
    let rows = pieces.len() as u64;
    let unrecorded: Vec<String> = sqlx::query_scalar(
        "SELECT sha256 FROM evidence_pieces AS p WHERE stored_at < $1
         AND NOT EXISTS (SELECT 1 FROM evidence AS e WHERE e.sha256 = p.sha256) LIMIT $2",
    )
    .bind(before.nanos())
    .bind(LIMIT)
    .fetch_all(&mut *connection)
    .await
    .map_err(failed)?;
    pieces.extend(unrecorded);
    Ok(uploads + rows + evidence::remove_unused(connection, subject, &pieces).await?)
}
