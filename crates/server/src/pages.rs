//! The console's pages in front of the API: one address for both, so that no page asks another origin.

use axum::Router;
use axum::extract::Request;
use axum::middleware::{self, Next};
use axum::response::Response;

/// What is the console's is answered here; all else goes on to the API.
pub(crate) fn before(router: Router) -> Router {
    router.layer(middleware::from_fn(page))
}

async fn page(request: Request, next: Next) -> Response {
    match console::answer(request.method(), request.uri(), request.headers()) {
        Some(page) => page,
        None => next.run(request).await,
    }
}
