//! One endpoint is one file; here each method finds its own.

mod account_key_create;
mod account_key_delete;
mod account_keys_list;
mod audit_log_list;
mod config_create;
mod config_delete;
mod config_get;
mod config_list;
mod config_patch;
mod configuration_get;
mod dead_letters_list;
mod dead_letters_replay;
mod detection_settings_get;
mod detection_settings_update;
mod detectors_list;
mod detectors_replay;
mod detectors_try;
mod evidence_archive;
mod evidence_download;
mod evidence_list;
mod external_system_update;
mod finding_create;
mod finding_get;
mod finding_set_mute;
mod finding_set_state;
mod finding_shape;
mod finding_update;
mod finding_versions;
mod findings_bulk_mute;
mod findings_group;
mod findings_histogram;
mod findings_list;
mod operation_get;
pub(crate) mod operations;
mod output_test;
mod outputs_status;
mod revoked_create;
mod revoked_delete;
mod revoked_list;
mod security_marks_update;
mod sensor_get;
mod sensor_issue_certificate;
mod sensors_list;
mod service_get;
mod service_update;
mod services_list;
mod source_create;
mod source_get;
mod source_policy;
mod source_update;
mod sources_list;
mod token_create;
mod token_delete;
mod tokens_list;

pub use revoked_create::revoked_until;

use crate::call::{Answer, Call};
use crate::config::{BIGQUERY_EXPORT, MUTE_CONFIG, NOTIFICATION_CONFIG};
use crate::error::ApiError;
use crate::method::ApiMethod;

/// Leads a request to its endpoint.
pub(crate) async fn answer(call: Call) -> Result<Answer, ApiError> {
    match call.target.route.method {
        ApiMethod::DetectorsList => detectors_list::answer(call).await,
        ApiMethod::DetectorsTry => detectors_try::answer(call).await,
        ApiMethod::DetectorsReplay => detectors_replay::answer(call).await,
        ApiMethod::FindingsList => findings_list::answer(call).await,
        ApiMethod::FindingsGroup => findings_group::answer(call).await,
        ApiMethod::FindingsHistogram => findings_histogram::answer(call).await,
        ApiMethod::FindingShape => finding_shape::answer(call).await,
        ApiMethod::FindingVersionsList => finding_versions::answer(call).await,
        ApiMethod::FindingGet => finding_get::answer(call).await,
        ApiMethod::FindingCreate => finding_create::answer(call).await,
        ApiMethod::FindingUpdate => finding_update::answer(call).await,
        ApiMethod::FindingSetState => finding_set_state::answer(call).await,
        ApiMethod::FindingSetMute => finding_set_mute::answer(call).await,
        ApiMethod::FindingsBulkMute => findings_bulk_mute::answer(call).await,
        ApiMethod::SecurityMarksUpdate => security_marks_update::answer(call).await,
        ApiMethod::ExternalSystemUpdate => external_system_update::answer(call).await,
        ApiMethod::EvidenceList => evidence_list::answer(call).await,
        ApiMethod::EvidenceArchive => evidence_archive::answer(call).await,
        ApiMethod::EvidenceDownload => evidence_download::answer(call).await,
        ApiMethod::SourceCreate => source_create::answer(call).await,
        ApiMethod::SourceGet => source_get::answer(call).await,
        ApiMethod::SourcesList => sources_list::answer(call).await,
        ApiMethod::SourceUpdate => source_update::answer(call).await,
        ApiMethod::SourceGetIamPolicy => source_policy::answer(call).await,
        ApiMethod::SourceTestIamPermissions => source_policy::test(call).await,
        ApiMethod::MuteConfigCreate => config_create::answer(call, &MUTE_CONFIG).await,
        ApiMethod::MuteConfigGet => config_get::answer(call, &MUTE_CONFIG).await,
        ApiMethod::MuteConfigsList => config_list::answer(call, &MUTE_CONFIG).await,
        ApiMethod::MuteConfigUpdate => config_patch::answer(call, &MUTE_CONFIG).await,
        ApiMethod::MuteConfigDelete => config_delete::answer(call, &MUTE_CONFIG).await,
        ApiMethod::NotificationConfigCreate => config_create::answer(call, &NOTIFICATION_CONFIG).await,
        ApiMethod::NotificationConfigGet => config_get::answer(call, &NOTIFICATION_CONFIG).await,
        ApiMethod::NotificationConfigsList => config_list::answer(call, &NOTIFICATION_CONFIG).await,
        ApiMethod::NotificationConfigUpdate => config_patch::answer(call, &NOTIFICATION_CONFIG).await,
        ApiMethod::NotificationConfigDelete => config_delete::answer(call, &NOTIFICATION_CONFIG).await,
        ApiMethod::BigQueryExportCreate => config_create::answer(call, &BIGQUERY_EXPORT).await,
        ApiMethod::BigQueryExportGet => config_get::answer(call, &BIGQUERY_EXPORT).await,
        ApiMethod::BigQueryExportsList => config_list::answer(call, &BIGQUERY_EXPORT).await,
        ApiMethod::BigQueryExportUpdate => config_patch::answer(call, &BIGQUERY_EXPORT).await,
        ApiMethod::BigQueryExportDelete => config_delete::answer(call, &BIGQUERY_EXPORT).await,
        ApiMethod::OperationGet => operation_get::answer(call).await,
        ApiMethod::ServicesList => services_list::answer(call).await,
        ApiMethod::ServiceGet => service_get::answer(call).await,
        ApiMethod::ServiceUpdate => service_update::answer(call).await,
        ApiMethod::DetectionSettingsGet | ApiMethod::DetectionSettingsCalculate => {
            detection_settings_get::answer(call).await
        }
        ApiMethod::DetectionSettingsUpdate => detection_settings_update::answer(call).await,
        ApiMethod::TokensList => tokens_list::answer(call).await,
        ApiMethod::TokenCreate => token_create::answer(call).await,
        ApiMethod::TokenDelete => token_delete::answer(call).await,
        ApiMethod::ServiceAccountKeysList => account_keys_list::answer(call).await,
        ApiMethod::ServiceAccountKeyCreate => account_key_create::answer(call).await,
        ApiMethod::ServiceAccountKeyDelete => account_key_delete::answer(call).await,
        ApiMethod::AuditLogEntriesList => audit_log_list::answer(call).await,
        ApiMethod::ConfigurationGet => configuration_get::answer(&call),
        ApiMethod::SensorsList => sensors_list::answer(call).await,
        ApiMethod::SensorGet => sensor_get::answer(call).await,
        ApiMethod::SensorIssueCertificate => sensor_issue_certificate::answer(call).await,
        ApiMethod::RevokedCertificatesList => revoked_list::answer(call).await,
        ApiMethod::RevokedCertificateCreate => revoked_create::answer(call).await,
        ApiMethod::RevokedCertificateDelete => revoked_delete::answer(call).await,
        ApiMethod::NotificationConfigsStatus => outputs_status::answer(call).await,
        ApiMethod::NotificationConfigTest => output_test::answer(call).await,
        ApiMethod::DeadLettersList => dead_letters_list::answer(call).await,
        ApiMethod::DeadLettersReplay => dead_letters_replay::answer(call).await,
        ApiMethod::Other => Err(ApiError::Defect),
    }
}
