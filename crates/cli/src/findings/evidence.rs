//! `vedette findings evidence`: everything that was kept, into a folder.

use crate::arguments::Evidence;
use crate::client::{Client, Listed};
use crate::findings::lookup;
use crate::inert::line;
use crate::private_file::save;
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::fs::DirBuilder;
use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;

/// Characters of the original name that a file keeps.
const NAME_MAX: usize = 48;

pub(crate) fn run(options: &Evidence) -> Result<()> {
    let client = Client::new(&options.server.url)?;
    let found = lookup::finding(&client, &options.name)?;
    let name = lookup::name(&found)?;
    let items = client.evidence(&name)?;
    let folder = options
        .output
        .clone()
        .unwrap_or_else(|| PathBuf::from(format!("vedette-evidence-{}", name.finding())));
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&folder)
        .with_context(|| format!("the folder {} cannot be made; choose another with -o", folder.display()))?;
    let mut out = std::io::stdout().lock();
    for item in &items {
        let digest: store::Sha256 =
            item.sha256.parse().context("the server lists evidence without a SHA-256")?;
        let bytes = client.bytes(&name, &digest.to_string())?;
        let actual = host::sha256(&bytes);
        ensure!(
            actual == item.sha256,
            "evidence {} came with other bytes (their SHA-256 is {actual}); it was not saved",
            item.sha256
        );
        let path = folder.join(file_name(item));
        save(&path, &bytes).with_context(|| format!("{} cannot be written", path.display()))?;
        let cut = if item.truncated { ", cut when it was taken" } else { "" };
        writeln!(out, "{}  {} bytes{cut}  ({})", path.display(), bytes.len(), line(&item.name))?;
    }
    writeln!(out, "{} pieces of evidence in {}", items.len(), folder.display())?;
    let absent = absent(&found, &items);
    for piece in &absent {
        writeln!(out, "not there: {}  {}  ({})", line(&piece.kind), line(&piece.sha256), line(&piece.name))?;
    }
    out.flush()?;
    ensure!(
        absent.is_empty(),
        "{} pieces of evidence that the finding lists are not at the server: those under evidenceLost never will be, the \
         sensor's spool was full; the others may still be on their way",
        absent.len()
    );
    Ok(())
}

/// What the finding lists, as kept or as lost, and the server does not have.
fn absent(found: &Value, items: &[Listed]) -> Vec<Listed> {
    let mut absent: Vec<Listed> = ["/finding/vedette/evidence", "/finding/vedette/evidenceLost"]
        .into_iter()
        .filter_map(|list| found.pointer(list)?.as_array())
        .flatten()
        .filter_map(|piece| serde_json::from_value(piece.clone()).ok())
        .filter(|piece: &Listed| !items.iter().any(|item| item.sha256 == piece.sha256))
        .collect();
    absent.sort_by(|a, b| (&a.sha256, &a.name).cmp(&(&b.sha256, &b.name)));
    absent.dedup_by(|a, b| (&a.sha256, &a.name) == (&b.sha256, &b.name));
    absent
}

/// Kind, whose, what is harmless of the original name, and the start of the hash:
/// `executable-opener-socat-ba7816bf0011.evidence`.
fn file_name(item: &Listed) -> String {
    let safe = |text: &str| -> String {
        let keep = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
        text.chars().take(NAME_MAX).map(keep).collect()
    };
    let kind = safe(&item.kind).to_ascii_lowercase();
    let (whose, path) = item.name.split_once(": ").unwrap_or(("", &item.name));
    let last = path.trim_end_matches('/').rsplit(['/', '\\']).next().unwrap_or_default();
    let name = if whose.is_empty() { safe(last) } else { format!("{}-{}", safe(whose), safe(last)) };
    let digest: String = item.sha256.chars().filter(char::is_ascii_hexdigit).take(12).collect();
    format!("{kind}-{name}-{digest}.evidence")
}

#[cfg(test)]
mod tests {
    use super::{absent, file_name};
    use crate::client::Listed;
    use serde_json::json;

    fn named(name: &str) -> String {
        let item = Listed {
            sha256: "ab".repeat(32),
            kind: "EXECUTABLE".into(),
            name: name.into(),
            truncated: false,
        };
        file_name(&item)
    }

    #[test]
    fn what_is_listed_and_not_at_the_server_is_named() {
        let piece = |sha256: &str| json!({"sha256": sha256, "kind": "SCRIPT", "name": "/tmp/x", "size": "1"});
        let found = json!({"finding": {"vedette": {
            "evidence": [piece("aa"), piece("bb"), {"name": "no hash"}],
            "evidenceLost": [piece("cc"), piece("cc")],
        }}});
        let listed = |sha256: &str| serde_json::from_value(piece(sha256)).unwrap();
        let hashes = |items: &[Listed]| -> Vec<String> {
            absent(&found, items).into_iter().map(|piece| piece.sha256).collect()
        };
        assert_eq!(hashes(&[listed("aa")]), ["bb", "cc"]);
        assert_eq!(hashes(&[listed("cc"), listed("aa"), listed("bb")]), [] as [&str; 0]);
        assert!(absent(&json!({}), &[]).is_empty());
    }

    #[test]
    fn a_name_stays_in_its_folder_and_runs_nowhere() {
        assert_eq!(named("opener: /usr/bin/socat"), "executable-opener-socat-abababababab.evidence");
        assert_eq!(named("../../etc/cron.d/x"), "executable-x-abababababab.evidence");
        assert_eq!(named(".."), "executable-__-abababababab.evidence");
        assert_eq!(named("a\u{1b}\n\u{202e}$(id)"), "executable-a_____id_-abababababab.evidence");
        assert_eq!(named("../a: b/../c"), "executable-___a-c-abababababab.evidence");
        assert!(named(&format!("{0}: {0}", "x".repeat(9_000))).len() < 150);
    }
}
