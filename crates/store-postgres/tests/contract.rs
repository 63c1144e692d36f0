//! The contract that every backend passes, on a real PostgreSQL.

use std::ops::Deref;
use std::sync::OnceLock;

use store_postgres::PostgresStore;
use store_postgres::server::{Missing, Server};

/// One server for all tests here; it ends with the process.
fn server() -> Result<&'static Server, &'static Missing> {
    static SERVER: OnceLock<Result<Server, Missing>> = OnceLock::new();
    SERVER.get_or_init(Server::start).as_ref()
}

struct Fresh(PostgresStore);

impl Deref for Fresh {
    type Target = PostgresStore;

    fn deref(&self) -> &PostgresStore {
        &self.0
    }
}

async fn fresh(case: &str) -> Option<Fresh> {
    let server = match server() {
        Ok(server) => server,
        Err(missing) => {
            println!("skipped: {missing}");
            return None;
        }
    };
    let url = server.database(case).expect("a database");
    Some(Fresh(PostgresStore::open(&url).await.expect("a new store")))
}

store::contract::tests!(maybe fresh);
