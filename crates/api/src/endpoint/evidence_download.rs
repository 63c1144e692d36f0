//! `GET /v2/{name}/evidence/{sha256}`: the bytes. Ours.
//!
//! They come from an attacker: sent as an attachment of an opaque type, under a file name of our own making.

use axum::http::header;
use store::Sha256;

use crate::call::{Answer, Call};
use crate::endpoint::evidence_list;
use crate::error::ApiError;

/// Characters of the original name that are kept at most.
const NAME_LIMIT: usize = 48;

/// The last part of the name with everything but letters, digits, `-` and `_` replaced, then the first digits of the
/// hash, then an ending that no system runs: `socat-ba7816bf.evidence`.
pub(super) fn file_name(original: &str, sha256: Sha256) -> String {
    let last = original.rsplit(['/', '\\']).next().unwrap_or_default();
    let safe = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_') { c } else { '_' };
    let stem: String = last.chars().take(NAME_LIMIT).map(safe).collect();
    let stem = if stem.is_empty() { "evidence" } else { &stem };
    format!("{stem}-{}.evidence", &sha256.to_string()[..8])
}

pub(crate) async fn answer(call: Call) -> Result<Answer, ApiError> {
    let name = call.target.names.finding()?;
    let sha256: Sha256 =
        call.target.names.get("sha256").parse().map_err(|e| ApiError::invalid("sha256", &e))?;
    let missing = || ApiError::NotFound { what: format!("evidence {sha256} of finding {name}") };
    let items = evidence_list::found(&call.service, &name).await?;
    let item = items.iter().find(|item| item.sha256 == sha256).ok_or_else(missing)?;
    let bytes = call.service.evidence.open(sha256).await?.ok_or_else(missing)?;
    let disposition = format!("attachment; filename=\"{}\"", file_name(&item.meta.name, sha256));
    let headers = vec![
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::CONTENT_DISPOSITION, disposition),
    ];
    Ok(Answer::Bytes(headers, bytes))
}

#[cfg(test)]
mod tests {
    use super::file_name;
    use store::Sha256;

    #[test]
    fn a_file_name_is_harmless_whatever_the_original_was() {
        let sha256 = Sha256::new([0xAB; 32]);
        for (original, expected) in [
            ("/usr/bin/socat", "socat-abababab.evidence"),
            ("..", "__-abababab.evidence"),
            ("a\"; filename=\"x.html", "a___filename__x_html-abababab.evidence"),
            ("C:\\evil\r\nSet-Cookie: a=b", "evil__Set-Cookie__a_b-abababab.evidence"),
            ("", "evidence-abababab.evidence"),
            ("/tmp/", "evidence-abababab.evidence"),
            ("\u{202e}exe", "_exe-abababab.evidence"),
        ] {
            assert_eq!(file_name(original, sha256), expected);
        }
        assert!(file_name(&"x".repeat(5000), sha256).len() < 80);
    }
}
