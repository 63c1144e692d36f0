//! A body that is no JSON: bytes for a file, larger than other bodies, one at a time.

use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::http::StatusCode;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::error::ApiError;

/// Bytes of an upload.
const LIMIT: usize = 64 << 20;

/// How long an upload may take, with the answer to it.
const TIME_LIMIT: Duration = Duration::from_secs(60);

/// Where one is expected. What other paths may send is known before who asks is.
const PATHS: [&str; 1] = ["/v2/detectors:replay"];

/// Each takes memory for all of its bytes.
static PLACES: Semaphore = Semaphore::const_new(1);

/// The bytes of a body, and the place that they take.
pub(crate) struct Upload {
    pub(crate) bytes: Bytes,
    pub(crate) place: SemaphorePermit<'static>,
}

impl Upload {
    /// Reads a body.
    pub(crate) async fn read(body: Body) -> Result<Self, ApiError> {
        let place = PLACES.try_acquire().map_err(|_| ApiError::Busy { what: "another recording" })?;
        let (what, status) = ("the body", StatusCode::PAYLOAD_TOO_LARGE);
        let bytes =
            to_bytes(body, LIMIT).await.map_err(|_| ApiError::TooLong { what, limit: LIMIT, status })?;
        Ok(Self { bytes, place })
    }
}

/// How large a body at a path may be, and how long the answer to it may take, where that is more than elsewhere.
pub(crate) fn limits(path: &str) -> Option<(usize, Duration)> {
    PATHS.contains(&path).then_some((LIMIT, TIME_LIMIT))
}
