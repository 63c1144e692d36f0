//! `vedette findings evidence`: everything that was kept, into a folder.

use crate::arguments::Evidence;
use crate::client::{Client, Listed};
use crate::findings::lookup;
use crate::inert::line;
use crate::private_file::save;
use anyhow::{Context, Result, ensure};
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
    Ok(())
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
    use super::file_name;
    use crate::client::Listed;

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
    fn a_name_stays_in_its_folder_and_runs_nowhere() {
        assert_eq!(named("opener: /usr/bin/socat"), "executable-opener-socat-abababababab.evidence");
        assert_eq!(named("../../etc/cron.d/x"), "executable-x-abababababab.evidence");
        assert_eq!(named(".."), "executable-__-abababababab.evidence");
        assert_eq!(named("a\u{1b}\n\u{202e}$(id)"), "executable-a_____id_-abababababab.evidence");
        assert_eq!(named("../a: b/../c"), "executable-___a-c-abababababab.evidence");
        assert!(named(&format!("{0}: {0}", "x".repeat(9_000))).len() < 150);
    }
}
