//! Two servers, one database, one sensor: processes that can be killed and started again.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, SystemTime};

use certificates::{Authority, DAY, NodeIdentity, write_private};
use intake::proto::HeartbeatRequest;
use store::{DocumentKind, DocumentQuery, DocumentStore};
use store_postgres::PostgresStore;
use store_postgres::server::Server as Database;

use super::made::{CLUSTER, NODE};

pub(crate) fn beat() -> HeartbeatRequest {
    HeartbeatRequest { probes_loaded: true, parent: "organizations/1/sources/v".into(), ..Default::default() }
}

struct Served {
    data: PathBuf,
    api: SocketAddr,
    process: Option<Child>,
}

pub(crate) struct Stage {
    folder: tempfile::TempDir,
    database: Database,
    servers: Vec<Served>,
    sensor: Option<Child>,
}

fn free_address() -> SocketAddr {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

impl Stage {
    /// `None`, and why, when there is no PostgreSQL here.
    pub(crate) fn new() -> Option<Self> {
        let database = match Database::start() {
            Ok(database) => database,
            Err(missing) => {
                println!("skipped: {missing}");
                return None;
            }
        };
        let url = database.database("findings").unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        let authority = Authority::open(&path.join("authority"), SystemTime::now()).unwrap();
        let identity = NodeIdentity::new("vedette.local", CLUSTER, NODE).unwrap();
        let issued = authority.node(&identity, SystemTime::now(), DAY).unwrap();
        let sensor = path.join("sensor");
        std::fs::create_dir(&sensor).unwrap();
        let pem = format!("{}{}", issued.certificate_pem, issued.key_pem);
        write_private(&sensor.join("node.pem"), pem.as_bytes()).unwrap();
        std::fs::copy(authority.certificate_file(), sensor.join("authority.crt")).unwrap();
        let mut addresses = String::new();
        let servers = (0..2).map(|number| {
            let (api, intake, data) = (free_address(), free_address(), path.join(format!("server{number}")));
            addresses += &format!("https://{intake}\n");
            let text = format!(
                "data: {}\nlisten: {api}\nauthority: {}\ndatabase: {{url: {url:?}}}\nintake: {{listen: \"{intake}\"}}\n",
                data.display(),
                path.join("authority").display()
            );
            std::fs::write(path.join(format!("server{number}.yaml")), text).unwrap();
            Served { data, api, process: None }
        });
        let servers = servers.collect();
        std::fs::write(sensor.join("servers"), addresses).unwrap();
        Some(Self { folder, database, servers, sensor: None })
    }

    pub(crate) fn url(&self) -> String {
        self.database.url("findings")
    }

    fn log(&self, name: &str) -> Stdio {
        let path = self.folder.path().join(name);
        std::fs::File::options().create(true).append(true).open(path).unwrap().into()
    }

    fn start_server(&mut self, number: usize) {
        let config = self.folder.path().join(format!("server{number}.yaml"));
        let log = self.log(&format!("server{number}.log"));
        let mut command = Command::new(env!("CARGO_BIN_EXE_vedette"));
        command.args(["server", "--config"]).arg(config).stdout(Stdio::null()).stderr(log);
        self.servers[number].process = Some(command.spawn().unwrap());
    }

    /// Starts those that do not run: a server that found no database has ended.
    pub(crate) fn start_servers(&mut self) {
        for number in 0..self.servers.len() {
            let process = self.servers[number].process.as_mut();
            if process.is_none_or(|process| process.try_wait().unwrap().is_some()) {
                self.start_server(number);
            }
            self.await_answer(number);
        }
    }

    fn await_answer(&mut self, number: usize) {
        for _ in 0..600 {
            let api = self.servers[number].api;
            if std::net::TcpStream::connect(api).is_ok() {
                return;
            }
            if self.servers[number].process.as_mut().is_none_or(|p| p.try_wait().unwrap().is_some()) {
                self.start_server(number);
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        let log = std::fs::read_to_string(self.folder.path().join(format!("server{number}.log")));
        panic!("server {number} does not answer: {}", log.unwrap_or_default());
    }

    fn start_sensor(&mut self) {
        let log = self.log("sensor.log");
        let mut command = Command::new(std::env::current_exe().unwrap());
        // the test that runs now, which sees by the variable what it is to be
        let test = std::thread::current().name().unwrap_or_default().to_owned();
        command.args(["--exact", &test, "--nocapture"]);
        command.env(super::SENSOR, self.folder.path().join("sensor")).stdout(Stdio::null()).stderr(log);
        self.sensor = Some(command.spawn().unwrap());
    }

    pub(crate) fn start_all(&mut self) {
        self.start_servers();
        self.start_sensor();
    }

    /// Killed, then started again.
    pub(crate) fn kill_server(&mut self, number: usize) {
        end(self.servers[number].process.take());
        self.start_server(number);
    }

    pub(crate) fn kill_database(&mut self) {
        self.database.kill();
        std::thread::sleep(Duration::from_millis(200));
        self.database.resume().unwrap();
        // as whatever watches over processes does
        for number in 0..self.servers.len() {
            if self.servers[number].process.as_mut().is_none_or(|p| p.try_wait().unwrap().is_some()) {
                self.start_server(number);
            }
        }
    }

    pub(crate) fn kill_sensor(&mut self) {
        if self.sensor_ended().is_none() {
            end(self.sensor.take());
            self.start_sensor();
        }
    }

    pub(crate) fn sensor_ended(&mut self) -> Option<ExitStatus> {
        self.sensor.as_mut().and_then(|sensor| sensor.try_wait().unwrap())
    }

    /// What a command says that asks one of the servers.
    pub(crate) fn vedette(&self, server: usize, arguments: &[&str]) -> String {
        let Served { data, api, .. } = &self.servers[server];
        let mut command = Command::new(env!("CARGO_BIN_EXE_vedette"));
        command.args(arguments).arg("--server").arg(format!("http://{api}"));
        command.arg("--token-file").arg(Path::new(data).join("token"));
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Names of the sensors that the servers know.
    pub(crate) fn documents(&self) -> Vec<String> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let store = PostgresStore::open(&self.url()).await.unwrap();
            let query =
                DocumentQuery { kind: DocumentKind::Sensor, prefix: String::new(), after: None, limit: 9 };
            let found = store.documents(query).await.unwrap();
            store.close().await;
            found.into_iter().map(|document| document.name).collect()
        })
    }
}

fn end(process: Option<Child>) {
    if let Some(mut process) = process {
        let _ = process.kill();
        let _ = process.wait();
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        end(self.sensor.take());
        for server in &mut self.servers {
            end(server.process.take());
        }
        if std::thread::panicking() {
            for name in ["server0.log", "server1.log", "sensor.log"] {
                let text = std::fs::read_to_string(self.folder.path().join(name)).unwrap_or_default();
                let tail: Vec<&str> = text.lines().rev().take(25).collect();
                eprintln!("== {name}\n{}", tail.into_iter().rev().collect::<Vec<_>>().join("\n"));
            }
        }
    }
}
