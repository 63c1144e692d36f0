//! Findings of sensors, many in one transaction: those that wait at once are committed and acknowledged together.
//!
//! Several tasks, so that the database has something to do while one of them reads and merges. Two that write the same finding
//! are ordered by its lock (see `write`), like two servers.

use std::collections::BTreeSet;
use std::sync::Arc;

use finding::{FindingName, FindingResource, Timestamp};
use store::{MuteRules, StoreError, Upserted};
use tokio::sync::{Mutex, mpsc, oneshot};

use crate::database::{Database, Repeats};
use crate::{failure, write};

/// How many findings may wait before a caller does.
const QUEUE: usize = 2048;

/// How many one commit takes at most.
const GROUP: usize = 256;

/// Commits at the same time: few, because each takes all that waits.
const WRITERS: usize = 4;

/// A sensor's finding.
pub(crate) struct Upsert {
    pub(crate) name: FindingName,
    /// Where it belongs if it is new.
    pub(crate) month: i32,
    pub(crate) item: Box<FindingResource>,
    pub(crate) order: i64,
    pub(crate) rules: Arc<MuteRules>,
    pub(crate) now: Timestamp,
    pub(crate) reply: oneshot::Sender<Result<Upserted, StoreError>>,
}

/// Hands findings to the tasks that write.
pub(crate) struct Writer {
    queue: mpsc::Sender<Upsert>,
    subject: String,
}

impl Writer {
    /// Starts the tasks on the current runtime. They end with the store.
    pub(crate) fn start(database: &Arc<Database>) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE);
        let waiting = Arc::new(Mutex::new(waiting));
        for _ in 0..WRITERS {
            tokio::spawn(run(Arc::clone(database), Arc::clone(&waiting)));
        }
        Self { queue, subject: database.subject.clone() }
    }

    /// Waits for room, then for the commit. `make` gets the other end of the answer.
    pub(crate) async fn write(
        &self,
        make: impl FnOnce(oneshot::Sender<Result<Upserted, StoreError>>) -> Upsert,
    ) -> Result<Upserted, StoreError> {
        let closed = || StoreError::Closed { subject: self.subject.clone() };
        let (reply, answer) = oneshot::channel();
        self.queue.send(make(reply)).await.map_err(|_| closed())?;
        answer.await.map_err(|_| closed())?
    }
}

async fn run(database: Arc<Database>, waiting: Arc<Mutex<mpsc::Receiver<Upsert>>>) {
    loop {
        let mut upserts = Vec::with_capacity(GROUP);
        if waiting.lock().await.recv_many(&mut upserts, GROUP).await == 0 {
            return;
        }
        commit(&database, upserts).await;
    }
}

/// Commits findings together. What fails is halved until what is at fault fails alone: it costs no other its place, and an
/// attacker who can write such a finding slows others little. What was overtaken is halved too, because a small transaction is
/// overtaken less and that of one name hardly ever. A database that is away or full takes none of them.
async fn commit(database: &Database, upserts: Vec<Upsert>) {
    let mut groups = vec![upserts];
    while let Some(mut group) = groups.pop() {
        match attempt(database, &group).await {
            // a caller that no longer waits needs no answer
            Ok(Some(done)) => group.into_iter().zip(done).for_each(|(upsert, done)| {
                let _ = upsert.reply.send(Ok(done));
            }),
            Err(error) if group.len() == 1 || is_of_the_database(&error) => {
                group.into_iter().for_each(|upsert| {
                    let _ = upsert.reply.send(Err(error.clone()));
                });
            }
            Ok(None) if group.len() == 1 => groups.push(group),
            Ok(None) | Err(_) => {
                let rest = group.split_off(group.len() / 2);
                groups.extend([rest, group]);
            }
        }
    }
}

fn is_of_the_database(error: &StoreError) -> bool {
    matches!(error, StoreError::Away { .. } | StoreError::Full { .. } | StoreError::Closed { .. })
}

/// In one transaction; again, when that can be. `None` when it was overtaken, see [`write::upserts`].
async fn attempt(database: &Database, upserts: &[Upsert]) -> Result<Option<Vec<Upserted>>, StoreError> {
    let mut tries = 0;
    loop {
        match transact(database, upserts).await {
            Ok(done) => return Ok(done),
            Err(error) => database.again(error, &mut tries, Repeats::Well).await?,
        }
    }
}

async fn transact(database: &Database, upserts: &[Upsert]) -> Result<Option<Vec<Upserted>>, StoreError> {
    for month in upserts.iter().map(|upsert| upsert.month).collect::<BTreeSet<_>>() {
        database.ensure(month).await?;
    }
    let _turn = database.turn().await;
    let mut transaction = database.begin().await?;
    let done = write::upserts(&mut transaction, &database.subject, upserts).await?;
    let ended = if done.is_some() { transaction.commit().await } else { transaction.rollback().await };
    ended.map_err(|e| failure::postgres("write", &database.subject, e))?;
    Ok(done)
}
