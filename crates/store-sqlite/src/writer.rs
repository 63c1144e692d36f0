//! The one writer: takes what waits, does it in one transaction, acknowledges after the commit.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use sqlx::{Connection, SqliteConnection};
use store::{Pending, StoreError, Upserted};
use tokio::sync::{mpsc, oneshot};

use crate::failure;
use crate::upsert::{self, Upsert};

/// How many jobs may wait before a caller does.
const QUEUE: usize = 2048;

/// How many jobs one commit takes at most.
const GROUP: usize = 1024;

/// Something to write.
pub(crate) trait Job: Send {
    /// Does it inside the open transaction. May be called again when the transaction was rolled back.
    fn apply<'a>(&'a mut self, connection: &'a mut SqliteConnection) -> Pending<'a, ()>;

    /// Tells the caller, after the commit or instead of it.
    fn answer(self: Box<Self>, result: Result<(), StoreError>);
}

/// A job that is one function of the connection.
struct Act<T, F> {
    act: F,
    done: Option<T>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Job for Act<T, F>
where
    T: Send,
    F: for<'a> Fn(&'a mut SqliteConnection) -> Pending<'a, T> + Send + Sync,
{
    fn apply<'a>(&'a mut self, connection: &'a mut SqliteConnection) -> Pending<'a, ()> {
        Box::pin(async move {
            self.done = Some((self.act)(connection).await?);
            Ok(())
        })
    }

    fn answer(self: Box<Self>, result: Result<(), StoreError>) {
        let Self { done, reply, .. } = *self;
        // `done` is set by every `apply` that succeeded. A caller that no longer waits needs no answer.
        if let Some(answer) = result.map_or_else(|error| Some(Err(error)), |()| done.map(Ok)) {
            let _ = reply.send(answer);
        }
    }
}

/// What waits for the writer.
pub(crate) enum Work {
    /// One job.
    One(Box<dyn Job>),
    /// A finding, which is written together with its neighbours.
    Finding(Box<Upsert>),
}

impl Work {
    fn answer(self, result: Result<(), StoreError>) {
        match self {
            Self::One(job) => job.answer(result),
            Self::Finding(upsert) => {
                // `done` is set by every write that succeeded. A caller that no longer waits needs no answer.
                let Upsert { reply, done, item, .. } = *upsert;
                drop(item);
                let _ = reply.send(result.map(|()| done.unwrap_or(Upserted::Unchanged)));
            }
        }
    }
}

enum Message {
    Work(Work),
    Stop(oneshot::Sender<()>),
}

/// Hands jobs to the writer's task.
#[derive(Clone)]
pub(crate) struct Writer {
    queue: mpsc::Sender<Message>,
    path: PathBuf,
}

impl Writer {
    /// Starts the task on the current runtime.
    pub(crate) fn start(connection: SqliteConnection, path: PathBuf) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE);
        tokio::spawn(run(connection, path.clone(), waiting));
        Self { queue, path }
    }

    /// Waits for room, then for the commit. `make` gets the other end of the answer.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        make: impl FnOnce(oneshot::Sender<Result<T, StoreError>>) -> Work,
    ) -> Result<T, StoreError> {
        let closed = || StoreError::Closed { subject: self.path.display().to_string() };
        let (reply, answer) = oneshot::channel();
        self.queue.send(Message::Work(make(reply))).await.map_err(|_| closed())?;
        answer.await.map_err(|_| closed())?
    }

    /// The same for a function, which may be called again when the transaction was rolled back.
    pub(crate) async fn act<T, F>(&self, act: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'a> Fn(&'a mut SqliteConnection) -> Pending<'a, T> + Send + Sync + 'static,
    {
        self.write(|reply| Work::One(Box::new(Act { act, done: None, reply }))).await
    }

    /// Everything that waits is written, then the connection is closed. A second call finds nothing to do.
    pub(crate) async fn stop(&self) {
        let (done, stopped) = oneshot::channel();
        if self.queue.send(Message::Stop(done)).await.is_ok() {
            // An error means that the task is gone already.
            let _ = stopped.await;
        }
    }
}

async fn run(mut connection: SqliteConnection, path: PathBuf, mut waiting: mpsc::Receiver<Message>) {
    let mut messages = Vec::with_capacity(GROUP);
    let mut stop = None;
    while stop.is_none() && waiting.recv_many(&mut messages, GROUP).await > 0 {
        let mut jobs = Vec::with_capacity(messages.len());
        for message in messages.drain(..) {
            match message {
                Message::Work(job) => jobs.push(job),
                Message::Stop(done) => stop = Some(done),
            }
        }
        commit(&mut connection, &path, jobs).await;
    }
    if let Err(error) = connection.close().await {
        tracing::warn!(store = %path.display(), %error, "closing the store");
    }
    if let Some(done) = stop {
        // Nobody waits any more: nothing to tell.
        let _ = done.send(());
    }
}

/// Commits jobs together; when that fails, one by one, so that one bad job fails alone. On a full disk there is no
/// point in trying each.
async fn commit(connection: &mut SqliteConnection, path: &Path, mut jobs: Vec<Work>) {
    if jobs.is_empty() {
        return;
    }
    match attempt(connection, path, &mut jobs).await {
        Ok(()) => jobs.into_iter().for_each(|job| job.answer(Ok(()))),
        Err(error) if jobs.len() == 1 || matches!(error, StoreError::Full { .. }) => {
            jobs.into_iter().for_each(|job| job.answer(Err(error.clone())));
        }
        Err(_) => {
            for job in jobs {
                let mut alone = vec![job];
                let result = attempt(connection, path, &mut alone).await;
                alone.into_iter().for_each(|job| job.answer(result.clone()));
            }
        }
    }
}

/// SQLite rolls back by itself when a disk is full; a transaction of sqlx would not notice and count wrongly from
/// then on, so the statements are given here.
async fn attempt(
    connection: &mut SqliteConnection,
    path: &Path,
    jobs: &mut [Work],
) -> Result<(), StoreError> {
    let result = transact(&mut *connection, path, jobs).await;
    if result.is_err() {
        // Fails exactly when SQLite has rolled back already.
        let _ = sqlx::query("ROLLBACK").execute(connection).await;
    }
    result
}

async fn transact(
    connection: &mut SqliteConnection,
    path: &Path,
    jobs: &mut [Work],
) -> Result<(), StoreError> {
    let failed = |e| failure::sqlite("write", path, e);
    sqlx::query("BEGIN IMMEDIATE").execute(&mut *connection).await.map_err(failed)?;
    let mut rest = jobs;
    while let Some((first, others)) = rest.split_first_mut() {
        rest = match first {
            Work::One(job) => {
                job.apply(&mut *connection).await?;
                others
            }
            Work::Finding(upsert) => {
                let (mut together, others) = neighbours(upsert, others);
                upsert::many(&mut *connection, path, &mut together).await?;
                others
            }
        };
    }
    sqlx::query("COMMIT").execute(connection).await.map_err(failed)?;
    Ok(())
}

/// The findings that follow, up to something else or to a name that is there already: its second version must see the first.
fn neighbours<'a>(first: &'a mut Upsert, others: &'a mut [Work]) -> (Vec<&'a mut Upsert>, &'a mut [Work]) {
    let mut names = HashSet::from([first.name.clone()]);
    let is_alike = |work: &Work| matches!(work, Work::Finding(upsert) if names.insert(upsert.name.clone()));
    let count = others.iter().map(is_alike).take_while(|alike| *alike).count();
    let (alike, rest) = others.split_at_mut(count);
    let alike = alike.iter_mut().filter_map(|work| match work {
        Work::Finding(upsert) => Some(&mut **upsert),
        Work::One(_) => None,
    });
    (std::iter::once(first).chain(alike).collect(), rest)
}
