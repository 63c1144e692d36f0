//! One connection: findings, evidence and heartbeats side by side, until one of them ends.

use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;
use std::io::{Read, Seek, SeekFrom};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use certificates::{NodeKey, identity_of, write_private};
use finding::Timestamp;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tonic::codegen::tokio_stream::wrappers::ReceiverStream;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::Channel;
use tonic::{Code, Request};

use super::{Ended, Sender};
use crate::LARGEST_MESSAGE;
use crate::Spool;
use crate::proto::intake_client::IntakeClient;
use crate::proto::{DeliverRequest, Delivery, Refused, RenewRequest, SpoolState, UploadEvidenceRequest};
use crate::spool::{Lane, Reader, Record};

/// Batches that are under way at once; with more, a server that is slow would only be sent more that it has to keep.
const WINDOW: usize = 4;

/// Findings, and about how many bytes, of one batch.
const BATCH: usize = 256;
const BATCH_BYTES: usize = 1 << 20;

/// Bytes of evidence in one message.
const CHUNK: u64 = 1 << 20;

/// Pieces of evidence that are looked at in one go.
const PIECES: usize = 64;

/// A piece of evidence that the server finds to be another one is sent so many times.
const TRIES: usize = 2;

/// A server that has no room for evidence is asked again after this.
const EVIDENCE_PAUSE: Duration = Duration::from_secs(10);

/// What became of a piece of evidence.
#[derive(Debug, PartialEq, Eq)]
enum Fate {
    /// The server has it, or wants it never.
    Settled,
    /// Neither the server nor the spool has it.
    Lost,
}

/// What is sent together, and up to where everything is delivered when that is stored, if so.
type Batch = (Vec<Record>, Option<i64>);

/// What was read, in as many batches as a finding has versions in it: a server settles what comes against what it has, and
/// it stores a batch's deliveries side by side.
fn by_version(records: Vec<Record>, order: i64) -> VecDeque<Batch> {
    let mut batches: VecDeque<Batch> = VecDeque::new();
    let mut versions: HashMap<String, usize> = HashMap::new();
    for record in records {
        let version = versions.entry(record.finding.clone()).or_default();
        match batches.get_mut(*version) {
            Some((batch, _)) => batch.push(record),
            None => batches.push_back((vec![record], None)),
        }
        *version += 1;
    }
    if let Some((_, through)) = batches.back_mut() {
        *through = Some(order);
    }
    batches
}

/// A connection and how its calls are made.
#[derive(Clone)]
struct Line {
    client: IntakeClient<Channel>,
    token: Option<MetadataValue<Ascii>>,
    deadline: Duration,
}

impl Line {
    fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        if let Some(token) = &self.token {
            request.metadata_mut().insert("authorization", token.clone());
        }
        request
    }

    /// A call that is answered once, in time.
    fn call<T>(&self, message: T) -> Request<T> {
        let mut request = self.request(message);
        request.set_timeout(self.deadline);
        request
    }
}

impl Sender {
    pub(super) async fn session(&self, server: &str) -> Result<Infallible, Ended> {
        let token = self.token().await?;
        let channel = self.connect(server).await?;
        self.counters.connects.fetch_add(1, Ordering::Relaxed);
        let client = IntakeClient::new(channel)
            .max_decoding_message_size(LARGEST_MESSAGE)
            .max_encoding_message_size(LARGEST_MESSAGE);
        let line = Line { client, token, deadline: self.options.deadline };
        self.renew_when_due(line.clone()).await?;
        tokio::try_join!(
            self.findings(line.clone()),
            self.evidence(line.clone()),
            self.heartbeats(line.clone())
        )
        .map(|(never, _, _)| never)
    }

    async fn token(&self) -> Result<Option<MetadataValue<Ascii>>, Ended> {
        let Some(path) = &self.options.token else { return Ok(None) };
        let failed = |detail: String| Ended::Token { path: path.clone(), detail };
        let text = tokio::fs::read_to_string(path).await.map_err(|error| failed(error.to_string()))?;
        let mut value: MetadataValue<Ascii> = format!("Bearer {}", text.trim())
            .parse()
            .map_err(|_| failed("it holds characters that no token has".into()))?;
        value.set_sensitive(true);
        Ok(Some(value))
    }

    async fn read(
        &self,
        mut reader: Reader,
        count: usize,
        bytes: usize,
    ) -> Result<(Reader, Option<(Vec<Record>, i64)>), Ended> {
        let (reader, read) = tokio::task::spawn_blocking(move || {
            let read = reader.next(count, bytes);
            (reader, read)
        })
        .await?;
        Ok((reader, read?))
    }

    async fn delivered(&self, lane: Lane, order: i64) -> Result<(), Ended> {
        let spool = self.spool.clone();
        Ok(tokio::task::spawn_blocking(move || spool.delivered(lane, order)).await??)
    }

    async fn findings(&self, mut line: Line) -> Result<Infallible, Ended> {
        let (batches, stream) = mpsc::channel(WINDOW);
        let request = line.request(ReceiverStream::new(stream));
        let mut answers = timeout(line.deadline, line.client.deliver(request))
            .await
            .map_err(|_| Ended::Late(line.deadline))??
            .into_inner();
        self.counters.connected.store(true, Ordering::Relaxed);
        let mut reader = self.spool.reader(Lane::Findings);
        let mut waiting: VecDeque<Batch> = VecDeque::new();
        let mut under_way: VecDeque<(u64, Option<i64>, usize)> = VecDeque::new();
        let mut number = 0;
        loop {
            // asked for before looking, so that what comes in between wakes it
            let changed = self.spool.changed().notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            while under_way.len() < WINDOW {
                if waiting.is_empty() {
                    let (again, read) = self.read(reader, BATCH, BATCH_BYTES).await?;
                    reader = again;
                    let Some((records, order)) = read else { break };
                    waiting = by_version(records, order);
                    if waiting.is_empty() {
                        // only evidence on the way there; it may be passed once what is before it is acknowledged
                        match under_way.back_mut() {
                            Some(last) => last.1 = Some(order),
                            None => self.delivered(Lane::Findings, order).await?,
                        }
                    }
                }
                let Some((records, order)) = waiting.pop_front() else { continue };
                number += 1;
                under_way.push_back((number, order, records.len()));
                let deliveries = records
                    .into_iter()
                    .map(|record| Delivery {
                        order: record.order,
                        finding: record.finding,
                        json: record.json,
                    })
                    .collect();
                batches
                    .send(DeliverRequest { batch: number, deliveries })
                    .await
                    .map_err(|_| Ended::Closed)?;
            }
            if under_way.is_empty() {
                tokio::select! {
                    () = changed => {}
                    // the server has something to say without being asked: that it ends, and why
                    answer = answers.message() => { answer?.ok_or(Ended::Closed)?; }
                }
                continue;
            }
            let answer = timeout(line.deadline, answers.message())
                .await
                .map_err(|_| Ended::Late(line.deadline))??
                .ok_or(Ended::Closed)?;
            let Some((batch, order, count)) = under_way.pop_front() else { continue };
            if batch != answer.batch {
                return Err(Ended::Closed);
            }
            let refused = answer.refused.len() as u64;
            if refused > 0 {
                let spool = self.spool.clone();
                tokio::task::spawn_blocking(move || set_aside(&spool, &answer.refused)).await?;
            }
            self.spool.refused(refused);
            self.counters.refused.fetch_add(refused, Ordering::Relaxed);
            self.counters.findings.fetch_add((count as u64).saturating_sub(refused), Ordering::Relaxed);
            if let Some(order) = order {
                self.delivered(Lane::Findings, order).await?;
            }
        }
    }

    async fn evidence(&self, mut line: Line) -> Result<Infallible, Ended> {
        let mut reader = self.spool.reader(Lane::Evidence);
        loop {
            let changed = self.spool.changed().notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            let (again, read) = self.read(reader, PIECES, BATCH_BYTES).await?;
            reader = again;
            let Some((records, through)) = read else {
                changed.await;
                continue;
            };
            // of one finding: it says once what it lost, and only then are these records done with
            let mut lost: Vec<Record> = Vec::new();
            for record in records {
                if lost.last().is_some_and(|before| before.finding != record.finding) {
                    self.tell_lost(std::mem::take(&mut lost)).await?;
                }
                let order = record.order;
                if self.piece(&mut line, &record).await? == Fate::Lost {
                    lost.push(record);
                }
                if lost.is_empty() {
                    self.delivered(Lane::Evidence, order).await?;
                }
            }
            self.tell_lost(lost).await?;
            self.delivered(Lane::Evidence, through).await?;
        }
    }

    async fn tell_lost(&self, records: Vec<Record>) -> Result<(), Ended> {
        if records.is_empty() {
            return Ok(());
        }
        let spool = self.spool.clone();
        let now = Timestamp::from_nanos(now_ns());
        Ok(tokio::task::spawn_blocking(move || spool.tell_lost(&records, now)).await??)
    }

    /// Sends one piece from where the server has it.
    async fn piece(&self, line: &mut Line, record: &Record) -> Result<Fate, Ended> {
        let Some((piece, sha256)) = record.evidence.as_ref().and_then(|p| Some((p, p.sha256()?))) else {
            return Ok(Fate::Settled);
        };
        let message = |offset: u64, bytes: Vec<u8>| UploadEvidenceRequest {
            sha256: piece.sha256.clone(),
            size: piece.size,
            offset,
            bytes,
            meta: Some(piece.wire(&record.finding)),
        };
        let mut waits = 0;
        for _ in 0..TRIES {
            let mut next = message(0, Vec::new());
            loop {
                let answer = match line.client.upload_evidence(line.call(next)).await {
                    Ok(answer) => answer.into_inner(),
                    Err(status) if status.code() == Code::DataLoss => break,
                    // no room for evidence is no reason to keep findings back
                    Err(status) if status.code() == Code::ResourceExhausted => {
                        tracing::warn!("the server takes no evidence for now: {}", status.message());
                        tokio::time::sleep(EVIDENCE_PAUSE).await;
                        next = message(0, Vec::new());
                        continue;
                    }
                    // its finding is not there
                    Err(status)
                        if status.code() == Code::FailedPrecondition
                            && self.finding_may_come(record, waits).await? =>
                    {
                        waits = waits.saturating_add(1);
                        next = message(0, Vec::new());
                        continue;
                    }
                    Err(status)
                        if matches!(
                            status.code(),
                            Code::InvalidArgument | Code::PermissionDenied | Code::FailedPrecondition
                        ) =>
                    {
                        tracing::error!("the server refused evidence {sha256}: {}", status.message());
                        self.spool.refused(1);
                        self.counters.refused.fetch_add(1, Ordering::Relaxed);
                        return Ok(Fate::Settled);
                    }
                    Err(status) => return Err(status.into()),
                };
                if answer.whole {
                    self.counters.evidence.fetch_add(1, Ordering::Relaxed);
                    return Ok(Fate::Settled);
                }
                let offset = answer.received;
                let Some(mut file) = self.spool.open_evidence(sha256) else {
                    self.spool.unreadable_evidence(sha256);
                    return Ok(Fate::Lost);
                };
                let bytes = tokio::task::spawn_blocking(move || {
                    let mut bytes = Vec::new();
                    file.seek(SeekFrom::Start(offset))?;
                    file.take(CHUNK).read_to_end(&mut bytes).map(|_| bytes)
                })
                .await?;
                let Some(bytes) = bytes.ok().filter(|bytes| !bytes.is_empty()) else { break };
                self.counters.evidence_bytes.fetch_add(bytes.len() as u64, Ordering::Relaxed);
                next = message(offset, bytes);
            }
        }
        tracing::error!("evidence {sha256} is damaged in the spool; it is lost");
        self.spool.unreadable_evidence(sha256);
        Ok(Fate::Lost)
    }

    async fn heartbeats(&self, mut line: Line) -> Result<Infallible, Ended> {
        loop {
            let spool = self.spool.clone();
            let state = tokio::task::spawn_blocking(move || spool.status()).await?;
            let mut beat = (self.source)();
            beat.now_ns = now_ns();
            beat.spool = Some(SpoolState {
                bytes: state.bytes,
                oldest_ns: state.oldest_ns,
                lost_findings: state.losses.findings,
                lost_evidence: state.losses.evidence,
                damaged: state.losses.damaged,
            });
            let answer = line.client.heartbeat(line.call(beat)).await?.into_inner();
            let is_first = self.counters.heartbeats.fetch_add(1, Ordering::Relaxed) == 0;
            let mut pause = self.options.heartbeat;
            if let Some(settings) = answer.settings {
                if settings.heartbeat_seconds > 0 {
                    pause = Duration::from_secs(settings.heartbeat_seconds.clamp(1, 3600).into());
                }
                self.settings.send_if_modified(|known| {
                    let differs = is_first || *known != settings;
                    *known = settings;
                    differs
                });
            }
            tokio::time::sleep(pause).await;
            self.renew_when_due(line.clone()).await?;
        }
    }

    /// Asks for a certificate when there is none or the one that is there ends soon; with a new one, the connection is made
    /// anew.
    async fn renew_when_due(&self, mut line: Line) -> Result<(), Ended> {
        let Some(path) = self.options.identity.clone() else { return Ok(()) };
        // one that lives shorter than that would be renewed without end
        let life = self.life.load(Ordering::Relaxed);
        let third = if life > 0 { Duration::from_secs(life / 3) } else { Duration::MAX };
        let latest = SystemTime::now() + self.options.renew_before.min(third);
        if path.exists() && identity_of(&path)?.not_after() > latest {
            return Ok(());
        }
        let key = NodeKey::generate()?;
        let request = line.call(RenewRequest { public_key: key.public().to_vec() });
        let answer = match line.client.renew(request).await {
            Ok(answer) => answer.into_inner(),
            // findings go on as long as the old one, or the token, holds
            Err(status) if matches!(status.code(), Code::Unimplemented | Code::InvalidArgument) => {
                tracing::warn!("the certificate was not renewed: {}", status.message());
                return Ok(());
            }
            Err(status) => return Err(status.into()),
        };
        let pem = key.with_certificate(&answer.certificate);
        let written = Arc::new(path);
        tokio::task::spawn_blocking(move || write_private(&written, pem.as_bytes())).await??;
        let life =
            u64::try_from(answer.not_after_ns.saturating_sub(now_ns())).unwrap_or_default() / 1_000_000_000;
        self.life.store(life.max(1), Ordering::Relaxed);
        self.counters.renewed.fetch_add(1, Ordering::Relaxed);
        Err(Ended::Renewed)
    }
}

/// Keeps what the server will never take, and says it.
fn set_aside(spool: &Spool, refused: &[Refused]) {
    for Refused { order, reason } in refused {
        let reason: String = reason.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        match spool.set_refused_aside(*order, &reason) {
            Ok(Some((finding, path))) => tracing::error!(
                "the server refused {finding} for good: {reason}; see to that, or the next ones are refused, too; this one \
                 is kept in {}, as one of the 100 latest",
                path.display()
            ),
            Ok(None) => tracing::error!(
                "the server refused a finding for good: {reason}; it is no longer in the spool and could not be kept aside"
            ),
            Err(error) => tracing::error!(
                "the server refused a finding for good: {reason}; it could not be kept aside: {error}"
            ),
        }
    }
}

pub(super) fn now_ns() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::{Record, by_version};

    #[test]
    fn versions_of_one_finding_come_one_after_the_other() {
        let record = |order, finding: &str| Record { order, finding: finding.into(), ..Record::default() };
        let read = vec![record(1, "a"), record(2, "a"), record(3, "b"), record(4, "a"), record(5, "b")];
        let batches = by_version(read, 7);
        let orders: Vec<(Vec<i64>, Option<i64>)> = batches
            .iter()
            .map(|(batch, through)| (batch.iter().map(|record| record.order).collect(), *through))
            .collect();
        assert_eq!(orders, [(vec![1, 3], None), (vec![2, 5], None), (vec![4], Some(7))]);
        assert!(by_version(Vec::new(), 7).is_empty());
    }
}
