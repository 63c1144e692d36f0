//! Opening a store; what it does is in `doors`.

use std::str::FromStr;
use std::sync::{Arc, PoisonError, RwLock};

use sqlx::ConnectOptions;
use sqlx::postgres::PgConnectOptions;
use store::{MuteRules, StoreError};

use crate::database::{Database, Repeats};
use crate::quota::Quota;
use crate::writer::Writer;
use crate::{schema, url};

/// The store of many servers. Needs a tokio runtime; may be used from any task of it. Any number of them, on any number of
/// machines, may use one database at once.
pub struct PostgresStore {
    pub(crate) database: Arc<Database>,
    pub(crate) writer: Writer,
    pub(crate) quota: Quota,
    rules: RwLock<Arc<MuteRules>>,
}

impl PostgresStore {
    /// Connects to the database at a URL (`postgres://user:password@host:5432/name?sslmode=verify-full`), and brings it up
    /// to date.
    ///
    /// # Errors
    /// [`StoreError::Newer`] leaves the database as it was; [`StoreError::Away`] when it cannot be reached.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        let unread = |source: Arc<dyn std::error::Error + Send + Sync>| {
            let subject = "the PostgreSQL URL".to_owned();
            StoreError::Io { action: "read", subject, source }
        };
        url::examine(url).map_err(|e| unread(Arc::new(e)))?;
        let options = PgConnectOptions::from_str(url).map_err(|e| unread(Arc::new(e)))?;
        let subject = match options.get_socket() {
            Some(folder) => format!("PostgreSQL in {}", folder.display()),
            None => format!("PostgreSQL at {}:{}", options.get_host(), options.get_port()),
        };
        // every plan fits the values that are asked for; compiling one takes longer than following it
        let options = options
            .application_name("vedette")
            .options([("jit", "off"), ("plan_cache_mode", "force_custom_plan")])
            // that a table is there already is what it should be
            .options([("client_min_messages", "warning")])
            .disable_statement_logging();
        let database = Arc::new(Database::new(subject, options));
        let mut tries = 0;
        loop {
            let attempt =
                async { schema::migrate(&mut *database.connection().await?, &database.subject).await };
            match attempt.await {
                Ok(()) => break,
                Err(error) => database.again(error, &mut tries, Repeats::Well).await?,
            }
        }
        let writer = Writer::start(&database);
        Ok(Self { database, writer, quota: Quota::default(), rules: RwLock::default() })
    }

    /// Waits for what is being done and lets the connections go. Later calls get [`StoreError::Closed`].
    pub async fn close(&self) {
        self.database.pool.close().await;
    }

    pub(crate) fn rules(&self) -> Arc<MuteRules> {
        Arc::clone(&self.rules.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn set_rules(&self, rules: Arc<MuteRules>) {
        *self.rules.write().unwrap_or_else(PoisonError::into_inner) = rules;
    }
}
