//! Who is let in: the API's question, answered by what this server knows of tokens, keys and identity providers.

use std::net::SocketAddr;
use std::sync::Arc;

use api::{Access, ApiMethod, Decision, Denied, Grant, GrantKey, Granting, Request, Token};
use axum::http::{HeaderMap, StatusCode, header};
use identity::{AskedKey, Identity, Permission, Principal, Refusal};
use serde_json::{Value, json};

use crate::now;

/// Knows who asks and what they may do.
pub struct Doorkeeper {
    identity: Arc<Identity>,
    own: Option<Token>,
}

impl Doorkeeper {
    /// `own` is the token of the server's data folder, which may do everything.
    pub fn new(identity: Arc<Identity>, own: Option<Token>) -> Self {
        Self { identity, own }
    }

    async fn known(&self, request: &Request<'_>) -> Result<Principal, Denied> {
        let header = header_of(request.headers)?;
        let found = match request.peer {
            Some(peer) => self.identity.authenticate_from(peer.ip(), header, now()).await,
            None => self.identity.authenticate(header, now()).await,
        };
        if let (Err(refusal @ (Refusal::Denied { .. } | Refusal::Malformed { .. })), Some(peer)) =
            (&found, request.peer)
        {
            // at most as many as are let in before the address has to wait
            tracing::info!("{} was refused: {refusal}", peer.ip());
        }
        found.map_err(|refusal| match (refusal, &self.own) {
            (Refusal::Missing, Some(own)) => Denied::Unauthenticated { how: own.how() },
            (Refusal::TooMany { retry_seconds }, _) => {
                Denied::TooMany { reason: Refusal::TooMany { retry_seconds }.to_string(), retry_seconds }
            }
            (refusal @ Refusal::Unavailable { .. }, _) => Denied::Unavailable { reason: refusal.to_string() },
            (refusal, _) => Denied::Unauthenticated { how: refusal.to_string() },
        })
    }
}

/// Two answers to who is asking are none.
fn header_of(headers: &HeaderMap) -> Result<Option<&[u8]>, Denied> {
    let mut said = headers.get_all(header::AUTHORIZATION).iter();
    let first = said.next().map(|value| value.as_bytes());
    match said.next() {
        None => Ok(first),
        Some(_) => Err(Denied::Unauthenticated {
            how: "there are two Authorization headers; send `Authorization: Bearer TOKEN` once".into(),
        }),
    }
}

impl Access for Doorkeeper {
    fn admit<'a>(&'a self, request: Request<'a>) -> Decision<'a> {
        Box::pin(async move {
            if self.own.as_ref().is_some_and(|own| own.is_shown(request.headers)) {
                return Ok(Token::principal());
            }
            let principal = self.known(&request).await?;
            let places: Vec<&str> = request.places.iter().map(String::as_str).collect();
            let shown = api::Principal { name: principal.name.clone(), role: principal.roles() };
            match needed(request.method) {
                Some(permission)
                    if !(principal.may_in_any(permission, &places)
                        || is_of_no_place(request.method) && principal.may_somewhere(permission)) =>
                {
                    let place = places.first().map(|place| format!(" within {place}")).unwrap_or_default();
                    let reason = format!(
                        "this needs {}{place}; ask an admin for a role that has it (docs/access.md)",
                        permission.name()
                    );
                    Err(Denied::PermissionDenied { principal: shown, reason })
                }
                _ => Ok(shown),
            }
        })
    }

    fn grant<'a>(&'a self, peer: Option<SocketAddr>, body: &'a [u8]) -> Granting<'a> {
        Box::pin(async move {
            let address = peer.map_or(std::net::Ipv4Addr::UNSPECIFIED.into(), |peer| peer.ip());
            let key = |key: AskedKey| GrantKey { id: key.id, account: key.email, is_held: key.is_held };
            match self.identity.grant(address, body, now()).await {
                Ok(granted) => Grant {
                    status: StatusCode::OK,
                    body: serde_json::to_value(&granted).unwrap_or(Value::Null),
                    key: Some(key(granted.key)),
                },
                Err(error) => Grant {
                    status: StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
                    body: json!({"error": error.error, "error_description": error.error_description}),
                    key: error.key.map(key),
                },
            }
        })
    }
}

/// What says nothing of any place: a role anywhere will do.
const fn is_of_no_place(method: ApiMethod) -> bool {
    matches!(method, ApiMethod::DetectorsList | ApiMethod::DetectorsTry | ApiMethod::DetectorsReplay)
}

/// What a method needs; nothing for a path that leads nowhere, so that whoever is known learns that.
const fn needed(method: ApiMethod) -> Option<Permission> {
    use ApiMethod as M;
    use Permission as P;
    Some(match method {
        M::FindingsList
        | M::FindingsGroup
        | M::FindingsHistogram
        | M::FindingGet
        | M::FindingShape
        | M::FindingVersionsList
        | M::EvidenceList
        | M::OperationGet => P::FindingsRead,
        M::FindingCreate | M::FindingUpdate => P::FindingsWrite,
        M::FindingSetState => P::FindingsSetState,
        M::FindingSetMute | M::FindingsBulkMute => P::FindingsSetMute,
        M::SecurityMarksUpdate => P::FindingsSetMarks,
        M::ExternalSystemUpdate => P::FindingsSetExternalSystems,
        M::EvidenceDownload | M::EvidenceArchive => P::EvidenceDownload,
        M::SourceGet | M::SourcesList | M::SourceGetIamPolicy | M::SourceTestIamPermissions => P::SourcesRead,
        M::SourceCreate | M::SourceUpdate => P::SourcesWrite,
        M::MuteConfigCreate | M::MuteConfigUpdate | M::MuteConfigDelete => P::MuteConfigsWrite,
        M::MuteConfigGet
        | M::MuteConfigsList
        | M::NotificationConfigGet
        | M::NotificationConfigsList
        | M::BigQueryExportGet
        | M::BigQueryExportsList
        | M::ServiceGet
        | M::ServicesList
        | M::DetectionSettingsGet
        | M::DetectionSettingsCalculate
        | M::NotificationConfigsStatus
        | M::DeadLettersList
        | M::ConfigurationGet => P::ConfigsRead,
        M::NotificationConfigCreate
        | M::NotificationConfigUpdate
        | M::NotificationConfigDelete
        | M::NotificationConfigTest
        | M::DeadLettersReplay
        | M::BigQueryExportCreate
        | M::BigQueryExportUpdate
        | M::BigQueryExportDelete => P::NotificationConfigsWrite,
        M::ServiceUpdate | M::DetectionSettingsUpdate => P::SettingsWrite,
        M::TokensList
        | M::TokenCreate
        | M::TokenDelete
        | M::ServiceAccountKeysList
        | M::ServiceAccountKeyCreate
        | M::ServiceAccountKeyDelete => P::TokensManage,
        M::AuditLogEntriesList => P::AuditRead,
        M::SensorsList | M::SensorGet | M::RevokedCertificatesList => P::SensorsRead,
        M::DetectorsList | M::DetectorsTry => P::ConfigsRead,
        M::DetectorsReplay => P::RecordingsReplay,
        M::SensorIssueCertificate | M::RevokedCertificateCreate | M::RevokedCertificateDelete => {
            P::SensorsManage
        }
        M::Other => return None,
    })
}
