//! `vedette findings export`: everything that is meant, page by page, so that nothing piles up.
//!
//! In the order of the API's lists, which is by creation: that never changes, so each finding comes once although sensors
//! go on writing.

use crate::arguments::Export;
use crate::client::{Client, ClientError, Page};
use crate::findings::document;
use crate::inert;
use crate::interrupt::at_signal;
use anyhow::{Context, Result, bail, ensure};
use exports::Format;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::Path;
use std::process;
use std::time::Duration;
use tempfile::NamedTempFile;
use tokio::signal::unix::SignalKind;

/// Waits before a page that failed is asked for again: together longer than a server needs to start anew.
const WAITS: [Duration; 5] = [
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
];

/// As a shell calls a command that Ctrl-C ended.
const INTERRUPTED: i32 = 130;

pub(crate) fn run(options: &Export) -> Result<()> {
    let format = format(options)?;
    match &options.output {
        Some(path) => to_file(options, format, path),
        None if io::stdout().is_terminal() => {
            ensure!(
                format != Format::Parquet,
                "Parquet is nothing for a terminal; name a file with -o, or send it to another program"
            );
            let (_, count) = written(options, format, ForTerminal { to: io::stdout(), line: Vec::new() })?;
            done(count, "standard output");
            Ok(())
        }
        None => {
            let (_, count) = written(options, format, BufWriter::new(io::stdout()))?;
            done(count, "standard output");
            Ok(())
        }
    }
}

fn format(options: &Export) -> Result<Format> {
    let ending = options.output.as_deref().and_then(Path::extension).and_then(|ending| ending.to_str());
    let name = options.format.clone().or_else(|| ending.map(str::to_ascii_lowercase));
    match (name.as_deref().and_then(Format::from_name), &options.output) {
        (Some(format), _) => Ok(format),
        (None, None) => Ok(Format::Jsonl),
        (None, Some(path)) => bail!(
            "the name {} does not say which format is meant; end it in .jsonl, .csv or .parquet, or give --format",
            path.display()
        ),
    }
}

fn to_file(options: &Export, format: Format, path: &Path) -> Result<()> {
    if let Ok(present) = std::fs::symlink_metadata(path) {
        ensure!(options.overwrite, "{} is there already; --overwrite replaces it", path.display());
        let is_replaceable = present.is_file() || present.is_symlink();
        ensure!(is_replaceable, "{} is no file, so nothing can take its place; name another", path.display());
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let unfinished =
        tempfile::Builder::new().prefix(".vedette-export-").suffix(".partial").tempfile_in(folder);
    let unfinished = unfinished
        .with_context(|| format!("no file can be made in {}; name another with -o", folder.display()))?;
    let partial = unfinished.path().to_owned();
    // not at a hangup: whoever started it with `nohup` wants it to go on
    at_signal(&[SignalKind::interrupt(), SignalKind::terminate()], move || {
        let _ = std::fs::remove_file(partial);
        eprintln!("vedette: interrupted; nothing was exported");
        process::exit(INTERRUPTED);
    })?;
    let (_, count) = written(options, format, BufWriter::new(unfinished.as_file()))?;
    unfinished.as_file().sync_all().with_context(|| format!("{} cannot be written", path.display()))?;
    placed(unfinished, path, options.overwrite)
        .with_context(|| format!("{} cannot be put in place", path.display()))?;
    done(count, &path.display().to_string());
    Ok(())
}

/// Gives it its name; a file that came meanwhile stays unless it may be replaced.
fn placed(unfinished: NamedTempFile, path: &Path, may_replace: bool) -> io::Result<()> {
    let placed = if may_replace { unfinished.persist(path) } else { unfinished.persist_noclobber(path) };
    placed.map(drop).map_err(|error| error.error)
}

/// The words go to standard error: what is exported may go to standard output.
fn done(count: u64, whereto: &str) {
    eprintln!("{count} findings exported to {}", inert::line(whereto));
}

/// Writes everything; what it was written to, and how many findings there were.
fn written<W: Write + Send>(options: &Export, format: Format, to: W) -> Result<(W, u64)> {
    let client = Client::new(&options.server.url)?;
    let filter = options.which.filter();
    let progress = Progress { is_shown: io::stderr().is_terminal() };
    let mut token: Option<String> = None;
    let mut count: u64 = 0;
    // asked for before anything is written, so that a wrong filter leaves nothing behind
    let mut page = client.page(&options.parent, options.page_size, "", &filter, None)?;
    let mut export = exports::Export::new(format, to)?;
    loop {
        for result in &page.results {
            export.write(&document(result)?)?;
        }
        count += page.results.len() as u64;
        progress.show(count, page.total);
        ensure!(
            page.next.is_none() || page.next != token,
            "the server at {} leads to the same page again; is there a newer version of it?",
            client.server()
        );
        token = page.next;
        let Some(next) = token.as_deref() else { break };
        page = again(&progress, || client.page(&options.parent, options.page_size, "", &filter, Some(next)))?;
    }
    Ok((export.finish()?, count))
}

/// Asks until there is an answer, unless the answer would always be the same.
fn again(
    progress: &Progress,
    mut ask: impl FnMut() -> Result<Page, ClientError>,
) -> Result<Page, ClientError> {
    let mut waits = WAITS.iter();
    loop {
        let error = match ask() {
            Err(error) if error.may_pass() => error,
            answer => return answer,
        };
        let Some(wait) = waits.next() else { return Err(error) };
        progress.clear();
        eprintln!("vedette: {}\nvedette: asking again in {wait:?}", inert::told(&error.to_string()));
        std::thread::sleep(*wait);
    }
}

/// How far it is, on a terminal alone.
struct Progress {
    is_shown: bool,
}

impl Progress {
    fn show(&self, count: u64, total: u64) {
        if self.is_shown {
            eprint!("\r\x1b[K{count} of {} findings", total.max(count));
        }
    }

    fn clear(&self) {
        if self.is_shown {
            eprint!("\r\x1b[K");
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}

/// Text on its way to a terminal, which shall obey nothing of it.
struct ForTerminal<W> {
    to: W,
    line: Vec<u8>,
}

impl<W: Write> Write for ForTerminal<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for byte in bytes {
            if *byte == b'\n' {
                writeln!(self.to, "{}", inert::bytes(&self.line))?;
                self.line.clear();
            } else {
                self.line.push(*byte);
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::{ForTerminal, Progress, again};
    use crate::client::{ClientError, Page};
    use std::io::Write;

    fn refused(status: u16) -> ClientError {
        ClientError::Refused { server: "http://x".into(), status, message: "no".into() }
    }

    #[test]
    fn what_may_pass_is_asked_for_again_and_nothing_else() {
        for (status, asked) in [(503, 2), (429, 2), (502, 2), (400, 1), (401, 1), (403, 1)] {
            let mut answers = vec![Ok(Page::default()), Err(refused(status))];
            let answer = again(&Progress { is_shown: false }, || answers.pop().unwrap());
            assert_eq!((2 - answers.len(), answer.is_ok()), (asked, asked == 2), "{status}");
        }
    }

    #[test]
    fn a_terminal_obeys_nothing_of_it() {
        let mut out = ForTerminal { to: Vec::new(), line: Vec::new() };
        for part in ["a,\u{1b}[2", "J\r\n\u{9b}3", "1m\n"] {
            out.write_all(part.as_bytes()).unwrap();
        }
        assert_eq!(String::from_utf8(out.to).unwrap(), "a,\\u{1b}[2J\n\\u{9b}31m\n");
    }
}
