//! Writing findings: what a sensor concludes and what a user changes.

use std::path::PathBuf;

use finding::{FindingName, FindingResource, Timestamp};
use sqlx::SqliteConnection;
use store::{Amendment, Pending, StoreError, Upserted, merged};
use tokio::sync::oneshot;

use crate::row::{Row, UPSERT};
use crate::writer::Job;
use crate::{failure, list};

/// A sensor's finding.
pub(crate) struct Upsert {
    pub(crate) name: FindingName,
    pub(crate) item: Box<FindingResource>,
    pub(crate) now: Timestamp,
    pub(crate) path: PathBuf,
    pub(crate) done: Option<Upserted>,
    pub(crate) reply: oneshot::Sender<Result<Upserted, StoreError>>,
}

impl Job for Upsert {
    fn apply<'a>(&'a mut self, connection: &'a mut SqliteConnection) -> Pending<'a, ()> {
        Box::pin(async move {
            let stored = list::by_name(&mut *connection, &self.path, &self.name).await?;
            let (result, change) = merged(stored.as_ref(), &self.item, self.now);
            if change != Upserted::Unchanged {
                save(connection, &self.path, &self.name, &result).await?;
            }
            self.done = Some(change);
            Ok(())
        })
    }

    fn answer(self: Box<Self>, result: Result<(), StoreError>) {
        // A caller that no longer waits needs no answer. `done` is set by every `apply` that succeeded.
        let _ = self.reply.send(result.map(|()| self.done.unwrap_or(Upserted::Unchanged)));
    }
}

/// A user's change.
pub(crate) struct Amend {
    pub(crate) name: FindingName,
    pub(crate) amendment: Amendment,
    pub(crate) path: PathBuf,
    pub(crate) done: Option<FindingResource>,
    pub(crate) reply: oneshot::Sender<Result<Option<FindingResource>, StoreError>>,
}

impl Job for Amend {
    fn apply<'a>(&'a mut self, connection: &'a mut SqliteConnection) -> Pending<'a, ()> {
        Box::pin(async move {
            let found = list::by_any_name(&mut *connection, &self.path, &self.name).await?;
            let Some(mut item) = found else { return Ok(()) };
            self.amendment.apply(&mut item.finding);
            // It may have been asked for by its canonical name.
            let name: FindingName = item.finding.name.parse()?;
            save(connection, &self.path, &name, &item).await?;
            self.done = Some(item);
            Ok(())
        })
    }

    fn answer(self: Box<Self>, result: Result<(), StoreError>) {
        let Self { done, reply, .. } = *self;
        // A caller that no longer waits needs no answer.
        let _ = reply.send(result.map(|()| done));
    }
}

async fn save(
    connection: &mut SqliteConnection,
    path: &std::path::Path,
    name: &FindingName,
    item: &FindingResource,
) -> Result<(), StoreError> {
    let failed = |e| failure::sqlite("write", path, e);
    let arguments = Row::new(name, item)?.arguments(item).map_err(|e| failed(sqlx::Error::Encode(e)))?;
    sqlx::query_with(UPSERT, arguments).execute(connection).await.map_err(failed)?;
    Ok(())
}
