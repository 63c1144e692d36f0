//! `DELETE /v2/{scope}/revokedCertificates/{fingerprint}`: a certificate that was revoked by mistake counts again. Ours.

use serde_json::json;
use store::DocumentKind;

use crate::administration::everything;
use crate::call::{Answer, Call};
use crate::endpoint::revoked_create;
use crate::error::ApiError;

pub(crate) async fn answer(call: Call) -> Result<Answer, ApiError> {
    let scope = everything(&call)?;
    let name = revoked_create::fingerprint("name", call.target.names.get("fingerprint"))?;
    if !call.service.documents.remove_document(DocumentKind::RevokedCertificate, &name).await? {
        let what = format!("revoked certificate {scope}/revokedCertificates/{name}");
        return Err(ApiError::NotFound { what });
    }
    Ok(Answer::Json(json!({})))
}
