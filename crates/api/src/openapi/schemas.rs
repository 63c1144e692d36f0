//! What the parts of requests and answers are made of.

use finding::{FindingClass, Mute, Severity, State};
use serde_json::{Map, Value, json};

/// An id as it may stand in a path.
const SEGMENT: &str = "^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$";

/// A variable of a path.
pub(super) fn path_parameter(name: &str) -> Value {
    match name {
        "collection" => json!({"type": "string", "enum": ["organizations", "folders", "projects"]}),
        "source" => json!({"type": "string", "pattern": "^(-|[A-Za-z0-9][A-Za-z0-9._-]{0,62})$"}),
        "finding" => json!({"type": "string", "pattern": "^[A-Za-z0-9]{1,32}$"}),
        "sha256" => json!({"type": "string", "pattern": "^[0-9a-f]{64}$"}),
        "service" => json!({"type": "string", "enum": ["container-threat-detection"]}),
        "location" => json!({"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9-]{0,62}$"}),
        "account" => {
            json!({"type": "string", "pattern": "^(-|[A-Za-z0-9._-]{1,64}(@[A-Za-z0-9.-]{1,253})?)$"})
        }
        "fingerprint" => json!({"type": "string", "pattern": "^[0-9A-Fa-f]{64}$"}),
        "key" => json!({"type": "string", "pattern": "^[0-9a-f]{40}$"}),
        "cluster" | "node" => json!({"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{0,252}$"}),
        "system" => json!({"type": "string", "pattern": "^[A-Za-z0-9_-]{1,128}$"}),
        _ => json!({"type": "string", "pattern": SEGMENT}),
    }
}

/// A value that a variable of a path can have.
pub(super) fn path_example(name: &str) -> &'static str {
    match name {
        "collection" => "organizations",
        "source" | "service" => "container-threat-detection",
        "finding" => "f000",
        "key" => "e3b0c44298fc1c149afbf4c8996fb92427ae41e4",
        "sha256" | "fingerprint" => "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "location" => "global",
        "id" => "1",
        _ => "example",
    }
}

/// A body that can be sent.
pub(super) fn body_example(name: &str) -> Option<Value> {
    Some(match name {
        "Finding" => json!({"category": "OPEN_PORT", "state": "ACTIVE", "severity": "LOW"}),
        "GroupFindingsRequest" => json!({"groupBy": "category,severity", "filter": "state=\"ACTIVE\""}),
        "HistogramRequest" => json!({
            "filter": "state=\"ACTIVE\"", "startTime": "2026-11-01T00:00:00Z", "endTime": "2026-11-30T00:00:00Z",
            "buckets": 60,
        }),
        "EvidenceArchiveRequest" => json!({"password": "a long example"}),
        "SetFindingStateRequest" => json!({"state": "INACTIVE"}),
        "SetMuteRequest" => json!({"mute": "MUTED"}),
        "BulkMuteFindingsRequest" => json!({"filter": "severity=\"LOW\""}),
        "SecurityMarks" => json!({"marks": {"team": "payments"}}),
        "ExternalSystem" => json!({"externalUid": "SEC-1", "status": "open"}),
        "Source" => json!({"displayName": "Scanner"}),
        "TestIamPermissionsRequest" => json!({"permissions": ["securitycenter.findings.setState"]}),
        "MuteConfig" => json!({"filter": "severity=\"LOW\"", "type": "DYNAMIC"}),
        "NotificationConfig" => {
            json!({"pubsubTopic": "projects/p/topics/t", "streamingConfig": {"filter": "severity=\"HIGH\""}})
        }
        "BigQueryExport" => json!({"dataset": "projects/p/datasets/d"}),
        "SecurityCenterService" => json!({"intendedEnablementState": "ENABLED"}),
        "ContainerThreatDetectionSettings" => json!({"serviceEnablementState": "ENABLED"}),
        _ => return super::administration::body_example(name),
    })
}

/// A query parameter.
pub(super) fn query_parameter(name: &str) -> Value {
    match name {
        "pageSize" => {
            json!({"type": "integer", "minimum": 0, "maximum": 1000, "description": "0 stands for 10."})
        }
        "$alt" => json!({"type": "string", "enum": ["json", "json;enum-encoding=int"]}),
        "prettyPrint" | "validateOnly" => json!({"type": "boolean"}),
        "readTime" | "startTime" | "endTime" => json!({"type": "string", "format": "date-time"}),
        "shape" => json!({"type": "string", "enum": crate::shape::SHAPES}),
        "compareDuration" => json!({"type": "string", "pattern": "^[0-9]{1,9}(\\.[0-9]{1,9})?s$"}),
        "findingId" => json!({"type": "string", "pattern": "^[A-Za-z0-9]{1,32}$"}),
        "muteConfigId" | "configId" | "bigQueryExportId" => {
            json!({"type": "string", "pattern": "^[a-z]([a-z0-9_-]{0,61}[a-z0-9])?$"})
        }
        "tokenId" => json!({"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$"}),
        "filter" => json!({"type": "string", "description": "docs/filter.md has the language."}),
        "updateMask" | "fieldMask" => {
            json!({"type": "string", "description": "Fields, separated by commas."})
        }
        _ => json!({"type": "string"}),
    }
}

pub(super) fn text() -> Value {
    json!({"type": "string"})
}

pub(super) fn time() -> Value {
    json!({"type": "string", "format": "date-time"})
}

pub(super) fn int64() -> Value {
    json!({"type": "string", "format": "int64", "pattern": "^-?[0-9]+$"})
}

/// A value of an enumeration: its name, or its number when the client asked for these. The names are a schema of their own,
/// so that a generated client calls them the same wherever they stand.
fn one_of(enumeration: &str) -> Value {
    json!({"anyOf": [super::reference(enumeration), {"type": "integer"}]})
}

/// The enumerations, with their names.
fn enumerations() -> Value {
    let states: Vec<&str> = crate::settings::STATES.iter().map(|(name, _)| *name).collect();
    let names = |names: &[&str]| json!({"type": "string", "enum": names});
    json!({
        "State": names(State::NAMES), "Severity": names(Severity::NAMES), "Mute": names(Mute::NAMES),
        "FindingClass": names(FindingClass::NAMES), "CloudProvider": names(finding::CloudProvider::NAMES),
        "StateChange": names(&["UNUSED", "CHANGED", "UNCHANGED", "ADDED", "REMOVED"]),
        "BulkMuteState": names(&["MUTE_STATE_UNSPECIFIED", "MUTED", "UNDEFINED"]),
        "MuteConfigType": names(&["MUTE_CONFIG_TYPE_UNSPECIFIED", "STATIC", "DYNAMIC"]),
        "EnablementState": names(&states),
    })
}

pub(super) fn object(fields: Value) -> Value {
    json!({"type": "object", "properties": fields})
}

/// An object in which some fields must be.
pub(super) fn needing(required: &[&str], fields: Value) -> Value {
    let mut schema = object(fields);
    schema["required"] = json!(required);
    schema
}

pub(super) fn list(of: &str) -> Value {
    json!({"type": "array", "items": super::reference(of)})
}

fn map(of: Value) -> Value {
    json!({"type": "object", "additionalProperties": of})
}

pub(super) fn page(field: &str, of: &str) -> Value {
    object(
        json!({field: list(of), "nextPageToken": text(), "totalSize": {"type": "integer"}, "readTime": time()}),
    )
}

fn finding() -> Value {
    let parts = json!({"type": "object"});
    let several = json!({"type": "array", "items": {"type": "object"}});
    object(json!({
        "name": text(), "canonicalName": text(), "parent": text(), "parentDisplayName": text(),
        "resourceName": {"type": "string", "maxLength": 2048}, "state": one_of("State"),
        "category": {"type": "string", "maxLength": 256}, "externalUri": text(),
        "sourceProperties": map(json!({})), "securityMarks": super::reference("SecurityMarks"),
        "eventTime": time(), "createTime": time(), "severity": one_of("Severity"), "mute": one_of("Mute"),
        "muteInfo": parts, "muteUpdateTime": time(), "muteInitiator": text(),
        "externalSystems": map(super::reference("ExternalSystem")), "contacts": parts,
        "findingClass": one_of("FindingClass"), "indicator": parts, "mitreAttack": parts, "access": parts,
        "connections": several, "processes": several, "containers": several, "kubernetes": parts,
        "description": text(), "nextSteps": text(), "moduleName": text(), "files": several, "logEntries": several,
        "vedette": parts,
    }))
}

fn findings_page() -> Value {
    let mut page = page("listFindingsResults", "FindingResult");
    page["properties"]["totalSizeIsLeast"] = json!({
        "type": "boolean",
        "description": "There may be more than totalSize: what matches is known only by looking at every finding.",
    });
    page
}

fn of_findings() -> Value {
    json!({
        "Finding": finding(),
        "Resource": object(json!({
            "name": text(), "displayName": text(), "type": text(), "cloudProvider": one_of("CloudProvider"),
            "service": text(), "location": text(), "gcpMetadata": {"type": "object"}, "resourcePath": {"type": "object"},
            "resourcePathString": text(),
        })),
        "FindingResult": object(json!({
            "finding": super::reference("Finding"), "resource": super::reference("Resource"),
            "stateChange": one_of("StateChange"),
        })),
        "ListFindingsResponse": findings_page(),
        "GroupFindingsRequest": needing(&["groupBy"], json!({
            "filter": text(), "groupBy": {"type": "string", "minLength": 1}, "pageToken": text(),
            "pageSize": {"type": "integer", "minimum": 0, "maximum": 1000}, "readTime": time(), "compareDuration": text(),
        })),
        "GroupResult": object(json!({"properties": map(json!({})), "count": int64()})),
        "GroupFindingsResponse": page("groupByResults", "GroupResult"),
        "HistogramRequest": needing(&["startTime", "endTime"], json!({
            "filter": text(), "startTime": time(), "endTime": time(),
            "buckets": {"type": "integer", "minimum": 1, "maximum": 500, "description": "60 without."},
            "field": {"type": "string", "enum": ["eventTime", "createTime"], "description": "eventTime without."},
        })),
        "HistogramBucket": object(json!({
            "startTime": time(), "endTime": time(),
            "counts": {
                "type": "object", "additionalProperties": int64(),
                "description": "How many findings of each severity, by its name.",
            },
        })),
        "Histogram": object(json!({
            "buckets": list("HistogramBucket"),
            "complete": {"type": "boolean", "description": "false: there are more findings than were counted."},
        })),
        "ShapedFinding": object(json!({"shape": text(), "document": {"type": "object"}})),
        "FindingVersion": object(json!({
            "versionTime": {"type": "string", "format": "date-time", "description": "When it became so."},
            "endTime": {"type": "string", "format": "date-time", "description": "When it was replaced."},
            "finding": super::reference("Finding"), "resource": super::reference("Resource"),
        })),
        "ListFindingVersionsResponse": object(json!({
            "versions": list("FindingVersion"), "nextPageToken": text(),
        })),
        "SetFindingStateRequest": needing(&["state"], json!({"state": one_of("State"), "startTime": time()})),
        "SetMuteRequest": needing(&["mute"], json!({"mute": one_of("Mute")})),
        "BulkMuteFindingsRequest": needing(&["filter"], json!({
            "filter": {"type": "string", "minLength": 1},
            "muteState": one_of("BulkMuteState"),
        })),
        "Operation": object(json!({
            "name": text(), "done": {"type": "boolean"}, "response": {"type": "object"}, "error": {"type": "object"},
        })),
        "SecurityMarks": object(json!({
            "name": text(), "canonicalName": text(),
            "marks": {
                "type": "object", "maxProperties": 100, "propertyNames": {"pattern": "^[A-Za-z0-9_-]{1,256}$"},
                "additionalProperties": {"type": "string", "minLength": 1, "maxLength": 4096},
            },
        })),
        "ExternalSystem": object(json!({
            "name": text(), "assignees": {"type": "array", "items": text()}, "externalUid": text(), "status": text(),
            "externalSystemUpdateTime": time(), "caseUri": text(), "casePriority": text(), "caseSla": time(),
            "caseCreateTime": time(), "caseCloseTime": time(), "ticketInfo": {"type": "object"},
        })),
        "Evidence": object(json!({
            "sha256": text(), "kind": text(), "name": text(), "size": int64(), "originalSize": int64(),
            "truncated": {"type": "boolean"}, "takeTime": time(), "elf": super::reference("ElfFacts"),
            "custody": list("CustodyEntry"),
        })),
        "ElfFacts": object(json!({
            "class": text(), "machine": text(), "type": text(), "static": {"type": "boolean"},
            "stripped": {"type": "boolean"}, "buildId": text(), "interpreter": text(),
            "needed": {"type": "array", "items": text()}, "neededTruncated": {"type": "boolean"},
        })),
        "CustodyEntry": object(json!({
            "time": time(), "principal": text(),
            "action": {"type": "string", "enum": ["taken", "stored", "downloaded"]},
        })),
        "EvidenceArchiveRequest": needing(&["password"], json!({
            "password": {"type": "string", "minLength": 12, "maxLength": 99, "writeOnly": true, "pattern": "^[ -~]*$"},
        })),
        "ListEvidenceResponse": object(json!({"evidence": list("Evidence")})),
    })
}

fn of_configurations() -> Value {
    let description = json!({"type": "string", "maxLength": 1024});
    json!({
        "Source": object(json!({
            "name": text(), "canonicalName": text(), "displayName": {"type": "string", "minLength": 1, "maxLength": 64},
            "description": description,
        })),
        "ListSourcesResponse": page("sources", "Source"),
        "GetIamPolicyRequest": object(json!({"options": {"type": "object"}})),
        "Policy": object(json!({"version": {"type": "integer"}, "etag": text(), "bindings": list("Binding")})),
        "Binding": object(json!({"role": text(), "members": {"type": "array", "items": text()}})),
        "TestIamPermissionsRequest": object(json!({
            "permissions": {"type": "array", "maxItems": 100, "items": text()},
        })),
        "TestIamPermissionsResponse": object(json!({"permissions": {"type": "array", "items": text()}})),
        "MuteConfig": object(json!({
            "name": text(), "displayName": text(), "description": description,
            "filter": {"type": "string", "minLength": 1},
            "type": one_of("MuteConfigType"), "expiryTime": time(),
            "createTime": time(), "updateTime": time(), "mostRecentEditor": text(),
        })),
        "ListMuteConfigsResponse": page("muteConfigs", "MuteConfig"),
        "NotificationConfig": object(json!({
            "name": text(), "description": description, "pubsubTopic": text(), "vedette": {"type": "object"},
            "serviceAccount": text(), "streamingConfig": object(json!({"filter": text()})), "updateTime": time(),
        })),
        "ListNotificationConfigsResponse": page("notificationConfigs", "NotificationConfig"),
        "BigQueryExport": object(json!({
            "name": text(), "description": description, "filter": text(),
            "dataset": {"type": "string", "pattern": "^projects/[A-Za-z0-9._:-]+/datasets/[A-Za-z0-9._-]+$"},
            "createTime": time(), "updateTime": time(), "mostRecentEditor": text(), "principal": text(),
        })),
        "ListBigQueryExportsResponse": page("bigQueryExports", "BigQueryExport"),
        "SecurityCenterService": object(json!({
            "name": text(), "intendedEnablementState": one_of("EnablementState"), "effectiveEnablementState": one_of("EnablementState"),
            "modules": map(object(json!({
                "intendedEnablementState": one_of("EnablementState"), "effectiveEnablementState": one_of("EnablementState"),
            }))),
            "updateTime": time(), "serviceConfig": {"type": "object"},
        })),
        "ListSecurityCenterServicesResponse": page("securityCenterServices", "SecurityCenterService"),
        "ContainerThreatDetectionSettings": object(json!({
            "name": text(), "serviceEnablementState": one_of("EnablementState"),
            "modules": map(object(json!({"moduleEnablementState": one_of("EnablementState")}))),
            "serviceAccount": text(), "updateTime": time(),
        })),
        "Empty": {"type": "object", "maxProperties": 0},
        "Error": {
            "type": "object", "required": ["error"],
            "properties": {"error": {
                "type": "object", "required": ["code", "status", "message", "details"],
                "properties": {
                    "code": {"type": "integer"}, "status": text(), "message": {"type": "string", "minLength": 1},
                    "details": {"type": "array", "items": {"type": "object"}},
                },
            }},
        },
    })
}

/// Every schema by its name.
pub(super) fn all() -> Value {
    let mut schemas = Map::new();
    for part in [enumerations(), of_findings(), of_configurations(), super::administration::schemas()] {
        schemas.extend(part.as_object().cloned().unwrap_or_default());
    }
    Value::Object(schemas)
}
