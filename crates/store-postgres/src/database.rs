//! Connections to the database, and doing again what may be done again.

use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions, PgConnection, PgPool, Postgres};
use store::{PATIENCE_SECONDS, StoreError};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::failure;
use crate::months::Months;

/// Connections of one server at most.
const CONNECTIONS: u32 = 16;

/// Connections beside them, for what must not wait behind others: asking whether the database is there.
const SPARE: u32 = 2;

/// How long a free connection, or a new one, is waited for.
const PATIENCE: Duration = Duration::from_secs(3);

/// How long a database is asked why nobody reaches it.
const ASK: Duration = Duration::from_secs(1);

/// How often something is done again at most, and the first pause before it; each is twice as long as the one before.
const AGAIN: u32 = 6;

/// How often after a connection was lost: whoever waits for the answer is to learn soon that the database is away.
const AGAIN_AFTER_LOSS: u32 = 1;
const PAUSE: Duration = Duration::from_millis(20);

/// The database, and who may use it when.
pub(crate) struct Database {
    /// As messages name it: without a password.
    pub(crate) subject: String,
    pub(crate) pool: PgPool,
    pub(crate) months: Months,
    turns: Semaphore,
}

/// Does `$body` in one transaction; again, when that can be: see [`Database::again`].
macro_rules! transaction {
    ($database:expr, $repeats:expr, |$connection:ident| $body:expr) => {{
        let mut tries = 0;
        loop {
            let attempt = async {
                let _turn = $database.turn().await;
                let mut transaction = $database.begin().await?;
                let $connection = &mut *transaction;
                let done = $body?;
                transaction.commit().await.map_err(|e| failure::postgres("write", &$database.subject, e))?;
                Ok::<_, StoreError>(done)
            };
            match attempt.await {
                Ok(done) => break Ok(done),
                Err(error) => {
                    if let Err(error) = $database.again(error, &mut tries, $repeats).await {
                        break Err(error);
                    }
                }
            }
        }
    }};
}
pub(crate) use transaction;

/// Whether doing something twice is as good as doing it once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeats {
    /// It is.
    Well,
    /// It is not: nobody knows whether a commit whose answer was lost has happened.
    Badly,
}

impl Database {
    /// Connects when the first connection is asked for.
    pub(crate) fn new(subject: String, options: PgConnectOptions) -> Self {
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS + SPARE)
            .acquire_timeout(PATIENCE)
            // a wait that is too long is an error, and any other is nobody's business
            .acquire_slow_threshold(PATIENCE * 2)
            .connect_lazy_with(options);
        Self { subject, pool, months: Months::default(), turns: Semaphore::new(CONNECTIONS as usize) }
    }

    /// Makes the partition of a month that is not known to be there.
    pub(crate) async fn ensure(&self, month: i32) -> Result<(), StoreError> {
        if !self.months.knows(month) {
            let _turn = self.turn().await;
            self.months.ensure(&mut *self.connection().await?, &self.subject, month).await?;
        }
        Ok(())
    }

    /// Waits for its turn to use a connection, for as long as it takes: many callers do not make a database that is away.
    pub(crate) async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        // never closed
        self.turns.acquire().await.ok()
    }

    pub(crate) async fn connection(&self) -> Result<PoolConnection<Postgres>, StoreError> {
        match self.pool.acquire().await {
            Ok(connection) => Ok(connection),
            Err(error) => Err(self.unreached(error).await),
        }
    }

    /// Why there is no connection. The pool knows only that it waited; asked directly, the database says more.
    async fn unreached(&self, error: sqlx::Error) -> StoreError {
        let direct = self.pool.connect_options();
        let cause = match error {
            sqlx::Error::PoolTimedOut => match tokio::time::timeout(ASK, direct.connect()).await {
                Ok(Err(cause)) => cause,
                _ => error,
            },
            error => error,
        };
        failure::postgres("reach", &self.subject, cause)
    }

    /// A transaction that sees one moment, for what may take long: a statement is stopped when it takes too long. Every
    /// question has an index that leads to what it asks for; the planner would rather read a whole month for a hundred names.
    pub(crate) async fn snapshot<'c>(
        &self,
        connection: &'c mut PgConnection,
    ) -> Result<sqlx::Transaction<'c, Postgres>, StoreError> {
        let failed = |e| failure::postgres("read", &self.subject, e);
        let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
        let mut transaction = sqlx::Connection::begin_with(connection, begin).await.map_err(failed)?;
        let settings = format!(
            "SET LOCAL statement_timeout = '{PATIENCE_SECONDS}s'; SET LOCAL enable_seqscan = off;
             SET LOCAL max_parallel_workers_per_gather = 0"
        );
        sqlx::raw_sql(AssertSqlSafe(settings)).execute(&mut *transaction).await.map_err(failed)?;
        Ok(transaction)
    }

    pub(crate) async fn begin(&self) -> Result<sqlx::Transaction<'static, Postgres>, StoreError> {
        match self.pool.begin().await {
            Ok(transaction) => Ok(transaction),
            Err(error) => Err(self.unreached(error).await),
        }
    }

    /// Pauses before the next try; the error when there is none.
    pub(crate) async fn again(
        &self,
        error: StoreError,
        tries: &mut u32,
        repeats: Repeats,
    ) -> Result<(), StoreError> {
        let met = failure::met_another(&error);
        let lost = repeats == Repeats::Well && matches!(error, StoreError::Away { .. });
        let most = if lost { AGAIN_AFTER_LOSS } else { AGAIN };
        if !(met || lost) || *tries >= most {
            return Err(error);
        }
        // a partition that another server has dropped is made again
        self.months.forget();
        tokio::time::sleep(PAUSE * 2_u32.pow(*tries)).await;
        *tries += 1;
        Ok(())
    }
}
