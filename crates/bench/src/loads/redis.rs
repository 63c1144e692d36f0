//! W2: redis-benchmark against a redis-server of our own on loopback.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use super::{Measure, Room, Scale, quietly};
use crate::arm::Running;
use crate::http::free_port;
use crate::statistics::Random;

/// The commands that other sensors publish figures for.
const COMMANDS: &str = "ping_mbulk,set,get,incr,lpush,rpop,sadd,hset,spop,lrange_100,mset";

pub(crate) fn run(room: &Room, scale: &Scale, _: &Running, _: &mut Random) -> Result<Vec<Measure>> {
    let port = free_port()?.to_string();
    let mut server = Server::start(room, &port)?;
    server.wait(&port)?;
    let requests = scale.redis_requests.to_string();
    let mut client = Command::new("redis-benchmark");
    client.args(["-h", "127.0.0.1", "-p", &port, "-n", &requests, "-t", COMMANDS, "--csv"]);
    let measures: Vec<Measure> = quietly(&mut client)?.lines().filter_map(measure).collect();
    ensure!(!measures.is_empty(), "redis-benchmark printed no figures");
    Ok(measures)
}

/// A line such as `"SET","52083.33","0.5",…`; the header and LPUSH's own preparation of lists are not figures.
fn measure(line: &str) -> Option<Measure> {
    let mut cells = line.split("\",\"").map(|cell| cell.trim_matches('"'));
    let (name, rate) = (cells.next()?, cells.next()?.parse().ok()?);
    Some(Measure::more(name.replace(',', ";"), "requests/s", rate))
}

struct Server(Child);

impl Server {
    fn start(room: &Room, port: &str) -> Result<Self> {
        let server = Command::new("redis-server")
            .args(["--bind", "127.0.0.1", "--port", port, "--save", "", "--appendonly", "no", "--dir"])
            .arg(&room.folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn();
        Ok(Self(server.context("redis-server could not be started (./setup --for bench)")?))
    }

    fn wait(&mut self, port: &str) -> Result<()> {
        let deadline = Instant::now() + Duration::from_secs(10);
        while std::net::TcpStream::connect(format!("127.0.0.1:{port}")).is_err() {
            if self.0.try_wait()?.is_some() || Instant::now() > deadline {
                bail!("redis-server does not answer on 127.0.0.1:{port}");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It keeps nothing, so there is nothing to lose, and nobody to tell if it is gone already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::measure;

    #[test]
    fn a_name_may_hold_commas_and_the_header_is_no_figure() {
        let long = measure("\"LRANGE_100 (first 100, elements)\",\"812.5\",\"0.1\"").unwrap();
        assert_eq!((long.metric.as_str(), long.value), ("LRANGE_100 (first 100; elements) ↑", 812.5));
        assert!(measure("\"test\",\"rps\",\"avg_latency_ms\"").is_none());
    }
}
