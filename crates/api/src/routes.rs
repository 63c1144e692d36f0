//! The table of all routes. The dispatcher routes by it and the OpenAPI document is printed from it.
//!
//! In a path `{scope}` stands for `organizations/ID`, `folders/ID` or `projects/ID`; what is in brackets may be left out. A path
//! without one is about the server itself.

use axum::http::Method;

use crate::method::ApiMethod;

/// Which shape of the published interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    V1,
    V2,
    V1Beta2,
}

impl Version {
    pub(crate) const ALL: [Self; 3] = [Self::V1, Self::V2, Self::V1Beta2];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::V1 => "v1",
            Self::V2 => "v2",
            Self::V1Beta2 => "v1beta2",
        }
    }
}

/// One row.
pub(crate) struct Route {
    pub(crate) method: ApiMethod,
    pub(crate) http: Method,
    pub(crate) versions: &'static [Version],
    pub(crate) path: &'static str,
    /// Query parameters of its own, by their `lowerCamelCase` names.
    pub(crate) query: &'static [&'static str],
    /// Name of the body's schema.
    pub(crate) body: Option<&'static str>,
    /// Name of the answer's schema; bytes when there is none.
    pub(crate) answer: Option<&'static str>,
}

const BOTH: &[Version] = &[Version::V1, Version::V2];
const V1: &[Version] = &[Version::V1];
const V2: &[Version] = &[Version::V2];
const BETA: &[Version] = &[Version::V1Beta2];

const PAGED: &[&str] = &["pageSize", "pageToken"];
const MASK: &[&str] = &["updateMask"];
const NONE: &[&str] = &[];

macro_rules! route {
    ($method:ident, $http:ident $versions:ident $path:literal, $query:expr, $body:expr, $answer:expr) => {
        Route {
            method: ApiMethod::$method,
            http: Method::$http,
            versions: $versions,
            path: $path,
            query: $query,
            body: $body,
            answer: $answer,
        }
    };
}

/// Name of the body that is no JSON: a recording's bytes.
pub(crate) const RECORDING: &str = "Recording";

/// Every route.
pub(crate) const ROUTES: &[Route] = &[
    route!(FindingsList, GET V1 "{scope}/sources/{source}[/locations/{location}]/findings",
        &["filter", "orderBy", "fieldMask", "pageSize", "pageToken", "readTime", "compareDuration"],
        None, Some("ListFindingsResponse")),
    route!(FindingsList, GET V2 "{scope}/sources/{source}[/locations/{location}]/findings",
        &["filter", "orderBy", "fieldMask", "pageSize", "pageToken"], None, Some("ListFindingsResponse")),
    route!(FindingsGroup, POST BOTH "{scope}/sources/{source}[/locations/{location}]/findings:group", NONE,
        Some("GroupFindingsRequest"), Some("GroupFindingsResponse")),
    route!(FindingCreate, POST BOTH "{scope}/sources/{source}[/locations/{location}]/findings", &["findingId"],
        Some("Finding"), Some("Finding")),
    route!(FindingGet, GET BOTH "{scope}/sources/{source}[/locations/{location}]/findings/{finding}",
        &["fieldMask"], None, Some("FindingResult")),
    route!(FindingsHistogram, POST V2 "{scope}/sources/{source}[/locations/{location}]/findings:histogram", NONE,
        Some("HistogramRequest"), Some("Histogram")),
    route!(FindingShape, GET V2 "{scope}/sources/{source}[/locations/{location}]/findings/{finding}:shape",
        &["shape"], None, Some("ShapedFinding")),
    route!(FindingVersionsList,
        GET V2 "{scope}/sources/{source}[/locations/{location}]/findings/{finding}/versions", PAGED, None,
        Some("ListFindingVersionsResponse")),
    route!(FindingUpdate, PATCH BOTH "{scope}/sources/{source}[/locations/{location}]/findings/{finding}", MASK,
        Some("Finding"), Some("Finding")),
    route!(FindingSetState, POST BOTH "{scope}/sources/{source}[/locations/{location}]/findings/{finding}:setState",
        NONE, Some("SetFindingStateRequest"), Some("Finding")),
    route!(FindingSetMute, POST BOTH "{scope}/sources/{source}[/locations/{location}]/findings/{finding}:setMute",
        NONE, Some("SetMuteRequest"), Some("Finding")),
    route!(FindingsBulkMute, POST BOTH "{scope}[/locations/{location}]/findings:bulkMute", NONE,
        Some("BulkMuteFindingsRequest"), Some("Operation")),
    route!(SecurityMarksUpdate,
        PATCH V1 "{scope}/sources/{source}[/locations/{location}]/findings/{finding}/securityMarks",
        &["updateMask", "startTime"], Some("SecurityMarks"), Some("SecurityMarks")),
    route!(SecurityMarksUpdate,
        PATCH V2 "{scope}/sources/{source}[/locations/{location}]/findings/{finding}/securityMarks", MASK,
        Some("SecurityMarks"), Some("SecurityMarks")),
    route!(ExternalSystemUpdate,
        PATCH BOTH "{scope}/sources/{source}[/locations/{location}]/findings/{finding}/externalSystems/{system}",
        MASK, Some("ExternalSystem"), Some("ExternalSystem")),
    route!(EvidenceList, GET BOTH "{scope}/sources/{source}[/locations/{location}]/findings/{finding}/evidence",
        NONE, None, Some("ListEvidenceResponse")),
    route!(EvidenceDownload,
        GET BOTH "{scope}/sources/{source}[/locations/{location}]/findings/{finding}/evidence/{sha256}",
        NONE, None, None),
    route!(EvidenceArchive,
        POST V2 "{scope}/sources/{source}[/locations/{location}]/findings/{finding}/evidence:archive", NONE,
        Some("EvidenceArchiveRequest"), None),
    route!(SourceCreate, POST BOTH "{scope}/sources", NONE, Some("Source"), Some("Source")),
    route!(SourcesList, GET BOTH "{scope}/sources", PAGED, None, Some("ListSourcesResponse")),
    route!(SourceGet, GET BOTH "{scope}/sources/{source}", NONE, None, Some("Source")),
    route!(SourceUpdate, PATCH BOTH "{scope}/sources/{source}", MASK, Some("Source"), Some("Source")),
    route!(SourceGetIamPolicy, POST BOTH "{scope}/sources/{source}:getIamPolicy", NONE,
        Some("GetIamPolicyRequest"), Some("Policy")),
    route!(SourceTestIamPermissions, POST BOTH "{scope}/sources/{source}:testIamPermissions", NONE,
        Some("TestIamPermissionsRequest"), Some("TestIamPermissionsResponse")),
    route!(MuteConfigCreate, POST BOTH "{scope}[/locations/{location}]/muteConfigs", &["muteConfigId"],
        Some("MuteConfig"), Some("MuteConfig")),
    route!(MuteConfigsList, GET BOTH "{scope}[/locations/{location}]/muteConfigs", PAGED, None,
        Some("ListMuteConfigsResponse")),
    route!(MuteConfigGet, GET BOTH "{scope}[/locations/{location}]/muteConfigs/{config}", NONE, None,
        Some("MuteConfig")),
    route!(MuteConfigUpdate, PATCH BOTH "{scope}[/locations/{location}]/muteConfigs/{config}", MASK,
        Some("MuteConfig"), Some("MuteConfig")),
    route!(MuteConfigDelete, DELETE BOTH "{scope}[/locations/{location}]/muteConfigs/{config}", NONE, None,
        Some("Empty")),
    route!(NotificationConfigCreate, POST BOTH "{scope}[/locations/{location}]/notificationConfigs", &["configId"],
        Some("NotificationConfig"), Some("NotificationConfig")),
    route!(NotificationConfigsList, GET BOTH "{scope}[/locations/{location}]/notificationConfigs", PAGED, None,
        Some("ListNotificationConfigsResponse")),
    route!(NotificationConfigGet, GET BOTH "{scope}[/locations/{location}]/notificationConfigs/{config}", NONE,
        None, Some("NotificationConfig")),
    route!(NotificationConfigUpdate, PATCH BOTH "{scope}[/locations/{location}]/notificationConfigs/{config}",
        MASK, Some("NotificationConfig"), Some("NotificationConfig")),
    route!(NotificationConfigDelete, DELETE BOTH "{scope}[/locations/{location}]/notificationConfigs/{config}",
        NONE, None, Some("Empty")),
    route!(BigQueryExportCreate, POST BOTH "{scope}[/locations/{location}]/bigQueryExports",
        &["bigQueryExportId"], Some("BigQueryExport"), Some("BigQueryExport")),
    route!(BigQueryExportsList, GET BOTH "{scope}[/locations/{location}]/bigQueryExports", PAGED, None,
        Some("ListBigQueryExportsResponse")),
    route!(BigQueryExportGet, GET BOTH "{scope}[/locations/{location}]/bigQueryExports/{config}", NONE, None,
        Some("BigQueryExport")),
    route!(BigQueryExportUpdate, PATCH BOTH "{scope}[/locations/{location}]/bigQueryExports/{config}", MASK,
        Some("BigQueryExport"), Some("BigQueryExport")),
    route!(BigQueryExportDelete, DELETE BOTH "{scope}[/locations/{location}]/bigQueryExports/{config}", NONE, None,
        Some("Empty")),
    route!(OperationGet, GET BOTH "{scope}/operations/{operation}", NONE, None, Some("Operation")),
    route!(ServicesList, GET V1 "{scope}/locations/{location}/securityCenterServices", PAGED, None,
        Some("ListSecurityCenterServicesResponse")),
    route!(ServiceGet, GET V1 "{scope}/locations/{location}/securityCenterServices/{service}", NONE, None,
        Some("SecurityCenterService")),
    route!(ServiceUpdate, PATCH V1 "{scope}/locations/{location}/securityCenterServices/{service}",
        &["updateMask", "validateOnly"], Some("SecurityCenterService"), Some("SecurityCenterService")),
    route!(DetectionSettingsGet, GET BETA "{scope}/containerThreatDetectionSettings", NONE, None,
        Some("ContainerThreatDetectionSettings")),
    route!(DetectionSettingsUpdate, PATCH BETA "{scope}/containerThreatDetectionSettings", MASK,
        Some("ContainerThreatDetectionSettings"), Some("ContainerThreatDetectionSettings")),
    route!(DetectionSettingsCalculate, GET BETA "{scope}/containerThreatDetectionSettings:calculate", NONE, None,
        Some("ContainerThreatDetectionSettings")),
    route!(DetectionSettingsGet,
        GET BETA "{scope}/locations/{location}/clusters/{cluster}/containerThreatDetectionSettings", NONE, None,
        Some("ContainerThreatDetectionSettings")),
    route!(DetectionSettingsUpdate,
        PATCH BETA "{scope}/locations/{location}/clusters/{cluster}/containerThreatDetectionSettings", MASK,
        Some("ContainerThreatDetectionSettings"), Some("ContainerThreatDetectionSettings")),
    route!(DetectionSettingsCalculate,
        GET BETA "{scope}/locations/{location}/clusters/{cluster}/containerThreatDetectionSettings:calculate",
        NONE, None, Some("ContainerThreatDetectionSettings")),
    route!(TokensList, GET V2 "{scope}/tokens", PAGED, None, Some("ListTokensResponse")),
    route!(TokenCreate, POST V2 "{scope}/tokens", &["tokenId"], Some("Token"), Some("Token")),
    route!(TokenDelete, DELETE V2 "{scope}/tokens/{token}", NONE, None, Some("Empty")),
    route!(ServiceAccountKeysList, GET V2 "{scope}/serviceAccounts/{account}/keys", PAGED, None,
        Some("ListServiceAccountKeysResponse")),
    route!(ServiceAccountKeyCreate, POST V2 "{scope}/serviceAccounts/{account}/keys", NONE,
        Some("ServiceAccountKey"), Some("ServiceAccountKey")),
    route!(ServiceAccountKeyDelete, DELETE V2 "{scope}/serviceAccounts/{account}/keys/{key}", NONE, None,
        Some("Empty")),
    route!(AuditLogEntriesList, GET V2 "{scope}/auditLogEntries",
        &["startTime", "endTime", "principal", "method", "pageSize", "pageToken"], None,
        Some("ListAuditLogEntriesResponse")),
    route!(ConfigurationGet, GET V2 "configuration", NONE, None, Some("Configuration")),
    route!(SensorsList, GET V2 "{scope}/sensors", PAGED, None, Some("ListSensorsResponse")),
    route!(SensorGet, GET V2 "{scope}/sensors/{cluster}/{node}", NONE, None, Some("Sensor")),
    route!(SensorIssueCertificate, POST V2 "{scope}/sensors/{cluster}/{node}:issueCertificate", NONE,
        Some("IssueCertificateRequest"), Some("IssuedCertificate")),
    route!(RevokedCertificatesList, GET V2 "{scope}/revokedCertificates", PAGED, None,
        Some("ListRevokedCertificatesResponse")),
    route!(RevokedCertificateCreate, POST V2 "{scope}/revokedCertificates", NONE, Some("RevokedCertificate"),
        Some("RevokedCertificate")),
    route!(RevokedCertificateDelete, DELETE V2 "{scope}/revokedCertificates/{fingerprint}", NONE, None,
        Some("Empty")),
    route!(NotificationConfigsStatus, GET V2 "{scope}[/locations/{location}]/notificationConfigs:status", PAGED,
        None, Some("NotificationConfigsStatus")),
    route!(NotificationConfigTest, POST V2 "{scope}[/locations/{location}]/notificationConfigs/{config}:test",
        NONE, None, Some("Empty")),
    route!(DeadLettersList, GET V2 "{scope}[/locations/{location}]/notificationConfigs/{config}/deadLetters",
        PAGED, None, Some("ListDeadLettersResponse")),
    route!(DeadLettersReplay,
        POST V2 "{scope}[/locations/{location}]/notificationConfigs/{config}:replayDeadLetters", NONE, None,
        Some("ReplayDeadLettersResponse")),
    route!(DetectorsList, GET V2 "detectors", NONE, None, Some("ListDetectorsResponse")),
    route!(DetectorsTry, POST V2 "detectors:try", NONE, Some("TryDetectorsRequest"),
        Some("TryDetectorsResponse")),
    route!(DetectorsReplay, POST V2 "detectors:replay", NONE, Some(RECORDING), Some("ReplayDetectorsResponse")),
];

/// The paths that a row stands for: without what is in brackets, and with it.
pub(crate) fn variants(path: &str) -> Vec<String> {
    match path.split_once('[').and_then(|(before, rest)| Some((before, rest.split_once(']')?))) {
        None => vec![path.to_owned()],
        Some((before, (inner, behind))) => {
            vec![format!("{before}{behind}"), format!("{before}{inner}{behind}")]
        }
    }
}
