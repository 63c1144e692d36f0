//! A server and its PostgreSQL, whichever is there first.

use store_postgres::server::Server as Database;

use super::stage::Stage;

/// A real one, that may be told who needs a password.
fn database() -> Option<Database> {
    match Database::start() {
        Ok(database) => Some(database),
        Err(missing) => {
            println!("skipped: {missing}");
            None
        }
    }
}

#[test]
fn a_server_that_is_there_before_its_database_says_so_and_goes_on() {
    let Some(database) = database() else { return };
    let url = database.database("late").unwrap();
    database.stop();
    let stage = Stage::start(&format!("database: {{url: \"{url}\"}}\n"));
    let list = "/v2/organizations/-/sources/-/findings";
    assert_eq!(stage.get("/healthz"), (200, "ok\n".to_owned()));
    let (status, said) = stage.get("/readyz");
    assert_eq!(status, 503);
    assert!(said.contains("database"), "{said}");
    for path in [list, "/metrics", "/nowhere"] {
        let (status, said) = stage.get(path);
        let error = &serde_json::from_str::<serde_json::Value>(&said).unwrap()["error"];
        assert_eq!((status, &error["status"]), (503, &"UNAVAILABLE".into()), "{path}: {said}");
        assert_eq!(error["code"], 503);
        assert!(error["message"].as_str().unwrap().contains("database has not answered"), "{said}");
    }
    stage.eventually("looking again", || stage.log().contains("the API answers UNAVAILABLE"));

    database.resume().unwrap();
    stage.eventually("ready", || stage.get("/readyz").0 == 200);
    assert_eq!(stage.get(list).0, 401);
    stage.good(&["findings", "list"]);
    assert_eq!(stage.log().matches("No such file").count(), 1, "{}", stage.log());
    // away again, it is the same server
    database.stop();
    assert_eq!(stage.get("/healthz").0, 200);
    assert_eq!(stage.get("/readyz").0, 503);
    database.resume().unwrap();
    stage.eventually("ready again", || stage.get("/readyz").0 == 200);
    // a second server finds everything made already
    let second = Stage::start(&format!("database: {{url: \"{url}\"}}\n"));
    second.eventually("ready", || second.get("/readyz").0 == 200);
    for log in [stage.log(), second.log()] {
        for noise in ["already exists", "ping on idle", "slow", "acquired"] {
            assert!(!log.contains(noise), "{noise} means nothing to an operator: {log}");
        }
    }
}

#[test]
fn what_waiting_does_not_mend_ends_the_server_and_is_named() {
    let Some(database) = database() else { return };
    let url = database.database("known").unwrap();
    let file = database.run("known", "SHOW hba_file").unwrap();
    database.run("known", "CREATE ROLE reader LOGIN PASSWORD 'right'").unwrap();
    let rules = "(VALUES ('local all reader scram-sha-256'), ('local all all trust'))";
    database.run("known", &format!("COPY {rules} TO '{file}'")).unwrap();
    database.run("known", "SELECT pg_reload_conf()").unwrap();
    let wrong = url.replace("postgres@", "reader:not-to-be-told@");
    let unknown = database.url("nowhere");
    for (url, words) in [
        (wrong.as_str(), "password authentication failed"),
        (unknown.as_str(), "\"nowhere\" does not exist"),
        ("postgres://reader:not-to-be-told@localhost:99999/x", "port"),
    ] {
        let mut stage = Stage::start_and_end(&format!("database: {{url: \"{url}\"}}\n"));
        assert!(!stage.end().success());
        let log = stage.log();
        assert!(log.contains("database.url: ") && log.contains(words), "{log}");
        assert!(!log.contains("not-to-be-told"), "{log}");
    }
}
