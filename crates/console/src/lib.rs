//! The web console, as it was built into this binary: `console/` → `npm run build` → `build.rs` → here.
//!
//! Every page is one document that reads the address bar; nothing in it comes from another origin.

use axum::body::Body;
use axum::http::header::{
    ACCEPT, ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, VARY,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, Uri};

/// No inline script, no other origin, nobody's frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const DOCUMENT: &str = "/index.html";
/// The first words of the pages' addresses; every other path is the API's.
const PAGES: [&str; 6] = ["", "findings", "finding", "detectors", "sensors", "settings"];
/// In a binary that was built without the console.
const NOTICE: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Vedette</title><h1>Vedette runs</h1>\
                      <p>This binary was built without the console. The API is at /v2; `vedette findings list` reads it. \
                      For the console, run ./setup --for build, which installs Node.js and builds it, and build Vedette \
                      again.</p></html>";

struct Asset {
    path: &'static str,
    is_gzip: bool,
    bytes: &'static [u8],
}

static ASSETS: &[Asset] = &include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// Whether the console is in this binary.
pub fn is_built() -> bool {
    asset(DOCUMENT).is_some()
}

fn asset(path: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.path == path)
}

/// The answer to whoever asks for a page or for a part of one; `None` when the question is not the console's.
pub fn answer(method: &Method, uri: &Uri, headers: &HeaderMap) -> Option<Response<Body>> {
    if *method != Method::GET && *method != Method::HEAD {
        return None;
    }
    let path = uri.path();
    if let Some(found) = asset(path).filter(|found| found.path != DOCUMENT) {
        return Some(file(found, headers));
    }
    let first = path.trim_start_matches('/').split('/').next().unwrap_or_default();
    let wants_page = headers.get_all(ACCEPT).iter().any(|accept| accept.as_bytes().starts_with(b"text/html"));
    if !wants_page || !PAGES.contains(&first) {
        return None;
    }
    Some(match asset(DOCUMENT) {
        Some(document) => file(document, headers),
        None => response(StatusCode::OK, "text/html; charset=utf-8", Body::from(NOTICE)),
    })
}

fn file(asset: &'static Asset, headers: &HeaderMap) -> Response<Body> {
    let takes_gzip = headers.get_all(ACCEPT_ENCODING).iter().any(|encodings| {
        encodings.to_str().is_ok_and(|text| text.split(',').any(|one| one.trim().starts_with("gzip")))
    });
    if asset.is_gzip && !takes_gzip {
        // every browser takes it: whoever does not gets a clear answer
        return response(
            StatusCode::NOT_ACCEPTABLE,
            "text/plain; charset=utf-8",
            Body::from("the console is sent compressed: ask with Accept-Encoding: gzip\n"),
        );
    }
    let mut answer = response(StatusCode::OK, kind(asset.path), Body::from(asset.bytes));
    let own = answer.headers_mut();
    if asset.is_gzip {
        own.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    own.insert(VARY, HeaderValue::from_static("accept, accept-encoding"));
    // the name of what lies there changes with its content
    let cache =
        if asset.path.starts_with("/assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    own.insert(CACHE_CONTROL, HeaderValue::from_static(cache));
    answer
}

fn response(status: StatusCode, kind: &'static str, body: Body) -> Response<Body> {
    let mut answer = Response::new(body);
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    for (name, value) in [
        (CONTENT_TYPE, kind),
        (CONTENT_SECURITY_POLICY, POLICY),
        (HeaderName::from_static("x-content-type-options"), "nosniff"),
        (HeaderName::from_static("referrer-policy"), "no-referrer"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    answer
}

fn kind(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "woff2" => "font/woff2",
        "png" => "image/png",
        "json" => "application/json",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::{DOCUMENT, answer, asset, is_built};
    use axum::http::header::{ACCEPT, ACCEPT_ENCODING};
    use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};

    fn browser() -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("text/html,application/xhtml+xml"));
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip, deflate, br"));
        headers
    }

    #[test]
    fn every_page_is_the_document_and_nothing_else_is_the_consoles() {
        for path in ["/", "/findings?filter=x", "/finding/organizations/1/sources/2/findings/3"] {
            let found = answer(&Method::GET, &Uri::from_static(path), &browser()).expect("a page");
            assert_eq!(found.status(), StatusCode::OK);
            assert!(
                found.headers()["content-security-policy"]
                    .to_str()
                    .is_ok_and(|p| p.contains("default-src 'none'"))
            );
        }
        assert!(answer(&Method::POST, &Uri::from_static("/"), &browser()).is_none());
        for path in ["/openapi.json", "/v2/organizations/-/sources", "/metrics", "/nowhere", "/index.html"] {
            assert!(answer(&Method::GET, &Uri::from_static(path), &browser()).is_none(), "{path}");
        }
        let mut script = browser();
        script.insert(ACCEPT, HeaderValue::from_static("*/*"));
        assert!(answer(&Method::GET, &Uri::from_static("/v2/x"), &script).is_none());
    }

    #[test]
    fn parts_are_sent_compressed_and_kept_for_good() {
        if !is_built() {
            println!("skipped: console/build was not run before this was compiled");
            return;
        }
        let script = super::ASSETS.iter().find(|asset| asset.path.ends_with(".js")).expect("a script");
        let uri: Uri = script.path.parse().expect("a path");
        let found = answer(&Method::GET, &uri, &browser()).expect("a part");
        assert_eq!(found.headers()["content-encoding"], "gzip");
        assert!(found.headers()["cache-control"].to_str().is_ok_and(|cache| cache.contains("immutable")));
        let refused = answer(&Method::GET, &uri, &HeaderMap::new()).expect("an answer");
        assert_eq!(refused.status(), StatusCode::NOT_ACCEPTABLE);
        assert!(asset(DOCUMENT).is_some());
    }
}
