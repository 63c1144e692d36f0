//! A server's process, and commands that ask it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, SystemTime};

use certificates::{Authority, DAY, write_private};

pub(crate) struct Stage {
    folder: tempfile::TempDir,
    api: SocketAddr,
    intake: SocketAddr,
    authority: Option<PathBuf>,
    process: Child,
}

fn free_address() -> SocketAddr {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

impl Stage {
    /// With more lines for the configuration; INTAKE stands for an address.
    pub(crate) fn start(lines: &str) -> Self {
        Self::run(tempfile::tempdir().unwrap(), lines, None).answering()
    }

    /// The same, of one that may end at once.
    pub(crate) fn start_and_end(lines: &str) -> Self {
        Self::run(tempfile::tempdir().unwrap(), lines, None)
    }

    /// The API over TLS, with a certificate of an authority made for it.
    pub(crate) fn start_with_tls(lines: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::open(&folder.path().join("ca"), SystemTime::now()).unwrap();
        let issued = authority.server(&[], SystemTime::now(), DAY).unwrap();
        let [certificate, key] = ["tls.crt", "tls.key"].map(|name| folder.path().join(name));
        write_private(&certificate, issued.certificate_pem.as_bytes()).unwrap();
        write_private(&key, issued.key_pem.as_bytes()).unwrap();
        let tls = format!("tls: {{certificate: {}, key: {}}}\n", certificate.display(), key.display());
        let authority = authority.certificate_file().to_owned();
        Self::run(folder, &format!("{lines}{tls}"), Some(authority)).answering()
    }

    fn run(folder: tempfile::TempDir, lines: &str, authority: Option<PathBuf>) -> Self {
        let (api, intake) = (free_address(), free_address());
        let config = folder.path().join("server.yaml");
        let data = folder.path().join("data");
        let lines = lines.replace("INTAKE", &intake.to_string());
        std::fs::write(&config, format!("data: {}\nlisten: {api}\n{lines}", data.display())).unwrap();
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_vedette"));
        command.args(["server", "--config"]).arg(&config).stdout(Stdio::null()).stderr(log);
        let process = command.spawn().unwrap();
        Self { folder, api, intake, authority, process }
    }

    fn answering(self) -> Self {
        self.eventually("answering", || std::net::TcpStream::connect(self.api).is_ok());
        self
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn api(&self) -> SocketAddr {
        self.api
    }

    pub(crate) fn intake(&self) -> SocketAddr {
        self.intake
    }

    fn token(&self) -> String {
        std::fs::read_to_string(self.folder().join("data/token")).unwrap().trim().to_owned()
    }

    fn ask(&self, arguments: &[&str], token: Option<&str>) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_vedette"));
        let scheme = if self.authority.is_some() { "https" } else { "http" };
        command.args(arguments).arg("--server").arg(format!("{scheme}://{}", self.api));
        if let Some(authority) = &self.authority {
            command.arg("--ca-file").arg(authority);
        }
        let file = self.folder().join(format!("shown-{}", token.map_or(0, str::len)));
        std::fs::write(&file, token.unwrap_or("none")).unwrap();
        command.arg("--token-file").arg(file).output().unwrap()
    }

    /// What a command of an administrator says.
    pub(crate) fn good(&self, arguments: &[&str]) -> String {
        self.good_as(&self.token(), arguments)
    }

    pub(crate) fn good_as(&self, token: &str, arguments: &[&str]) -> String {
        let output = self.ask(arguments, Some(token));
        assert!(output.status.success(), "{arguments:?}: {}{}", err(&output), self.log());
        String::from_utf8(output.stdout).unwrap()
    }

    /// The exit code of a command, and what it said.
    pub(crate) fn code(&self, arguments: &[&str], token: Option<&str>) -> (Option<i32>, String) {
        let own = self.token();
        let output = self.ask(arguments, Some(token.unwrap_or(&own)));
        (output.status.code(), err(&output))
    }

    /// A command that must be refused, with these words.
    pub(crate) fn deny(&self, arguments: &[&str], token: Option<&str>, words: &str) {
        let output = self.ask(arguments, token);
        assert!(!output.status.success(), "{arguments:?} was not refused");
        assert!(err(&output).contains(words), "{arguments:?}: {}", err(&output));
    }

    /// Status and body of what an administrator asks for and there is no command.
    pub(crate) fn send(
        &self,
        method: &str,
        path: &str,
        body: &serde_json::Value,
    ) -> (u16, serde_json::Value) {
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", self.api))
            .header("Authorization", format!("Bearer {}", self.token()))
            .header("Content-Type", "application/json")
            .body(body.to_string())
            .unwrap();
        let mut response = agent.run(request).unwrap();
        let text = response.body_mut().read_to_string().unwrap();
        (response.status().as_u16(), serde_json::from_str(&text).unwrap())
    }

    /// Changes something for which there is no command.
    pub(crate) fn patch(&self, path: &str, body: &str) {
        let request = ureq::patch(format!("http://{}{path}", self.api))
            .header("Authorization", format!("Bearer {}", self.token()))
            .header("Content-Type", "application/json");
        request.send(body).unwrap();
    }

    /// Waits until something is so: far longer than it takes.
    pub(crate) fn eventually(&self, what: &str, mut is_so: impl FnMut() -> bool) {
        for _ in 0..600 {
            if is_so() {
                return;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("not {what} after a minute: {}", self.log());
    }

    /// Status and body of an answer to whoever has no token.
    pub(crate) fn get(&self, path: &str) -> (u16, String) {
        self.get_with(path, &[])
    }

    pub(crate) fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> (u16, String) {
        let request = ureq::get(format!("http://{}{path}", self.api));
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let mut response = request.config().http_status_as_error(false).build().call().unwrap();
        (response.status().as_u16(), response.body_mut().read_to_string().unwrap())
    }

    /// Waits until the process has ended by itself.
    pub(crate) fn end(&mut self) -> std::process::ExitStatus {
        for _ in 0..600 {
            if let Some(status) = self.process.try_wait().unwrap() {
                return status;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("not ended after a minute: {}", self.log());
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder().join("log")).unwrap_or_default()
    }
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
