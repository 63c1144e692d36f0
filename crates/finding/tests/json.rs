//! The JSON that a reader sees, whole: every field that the published playbook reads is in it.

use std::collections::BTreeMap;

use finding::{
    CloudProvider, Connection, Container, EnvironmentVariable, File, Finding, FindingClass, FindingResource,
    GcpMetadata, Kubernetes, MitreAttack, Mute, Node, Pod, Process, Protocol, Resource, SecurityMarks,
    Severity, State, Tactic, Technique, Timestamp,
};
use serde_json::{Value, json};

fn example() -> FindingResource {
    let container = Container {
        name: "web".into(),
        uri: "docker.io/library/nginx:1.27".into(),
        image_id: "sha256:abc".into(),
        create_time: Some(Timestamp::from_nanos(1_795_464_000_000_000_000)),
        ..Container::default()
    };
    let finding = Finding {
        name: "projects/shop/sources/vedette/locations/global/findings/0190a".into(),
        parent: "projects/shop/sources/vedette/locations/global".into(),
        resource_name: "//container.googleapis.com/projects/shop/locations/eu/clusters/prod".into(),
        state: State::Active,
        category: "Execution: Socat Reverse Shell Detected".into(),
        source_properties: BTreeMap::from([("Pod_Name".into(), Value::from("web-1"))]),
        security_marks: SecurityMarks {
            marks: BTreeMap::from([("team".into(), "red".into())]),
            ..SecurityMarks::default()
        },
        event_time: Some(Timestamp::from_nanos(1_795_464_832_500_000_000)),
        severity: Severity::Medium,
        mute: Mute::Undefined,
        finding_class: FindingClass::Threat,
        mitre_attack: MitreAttack {
            primary_tactic: Tactic::Execution,
            primary_techniques: vec![Technique::UnixShell, Technique::CommandAndScriptingInterpreter],
            additional_tactics: vec![Tactic::CommandAndControl],
            ..MitreAttack::default()
        },
        connections: vec![Connection {
            destination_ip: "203.0.113.7".into(),
            destination_port: 4444,
            protocol: Protocol::Tcp,
            ..Connection::default()
        }],
        processes: vec![Process {
            name: "sh".into(),
            binary: File {
                path: "/bin/dash".into(),
                size: 125_688,
                sha256: "00ff".into(),
                hashed_size: 125_688,
                ..File::default()
            },
            args: vec!["sh".into(), "-c\u{0}\u{1b}[31m".into()],
            arguments_truncated: true,
            env_variables: vec![EnvironmentVariable { name: "PATH".into(), val: "/bin".into() }],
            pid: 4242,
            parent_pid: 4241,
            user_id: Some(0),
            ..Process::default()
        }],
        containers: vec![container.clone()],
        kubernetes: Kubernetes {
            pods: vec![Pod {
                ns: "payments".into(),
                name: "web-1".into(),
                containers: vec![container],
                ..Pod::default()
            }],
            nodes: vec![Node { name: "node-1".into() }],
            ..Kubernetes::default()
        },
        vedette: serde_json::Map::from_iter([("direction".into(), Value::from("reverse"))]),
        ..Finding::default()
    };
    let resource = Resource {
        name: finding.resource_name.clone(),
        display_name: "prod".into(),
        kind: "google.container.Cluster".into(),
        cloud_provider: CloudProvider::GoogleCloudPlatform,
        gcp_metadata: GcpMetadata {
            project: "//cloudresourcemanager.googleapis.com/projects/1".into(),
            project_display_name: "shop".into(),
            ..GcpMetadata::default()
        },
        ..Resource::default()
    };
    FindingResource { finding, resource }
}

#[test]
fn the_whole_document() {
    let container = json!({
        "name": "web", "uri": "docker.io/library/nginx:1.27", "imageId": "sha256:abc",
        "createTime": "2026-11-23T20:00:00Z"
    });
    let expected = json!({
        "finding": {
            "name": "projects/shop/sources/vedette/locations/global/findings/0190a",
            "parent": "projects/shop/sources/vedette/locations/global",
            "resourceName": "//container.googleapis.com/projects/shop/locations/eu/clusters/prod",
            "state": "ACTIVE",
            "category": "Execution: Socat Reverse Shell Detected",
            "sourceProperties": {"Pod_Name": "web-1"},
            "securityMarks": {"marks": {"team": "red"}},
            "eventTime": "2026-11-23T20:13:52.500Z",
            "severity": "MEDIUM",
            "mute": "UNDEFINED",
            "findingClass": "THREAT",
            "mitreAttack": {
                "primaryTactic": "EXECUTION",
                "primaryTechniques": ["UNIX_SHELL", "COMMAND_AND_SCRIPTING_INTERPRETER"],
                "additionalTactics": ["COMMAND_AND_CONTROL"]
            },
            "connections": [{"destinationIp": "203.0.113.7", "destinationPort": 4444, "protocol": "TCP"}],
            "processes": [{
                "name": "sh",
                "binary": {"path": "/bin/dash", "size": "125688", "sha256": "00ff", "hashedSize": "125688"},
                "args": ["sh", "-c\u{0}\u{1b}[31m"],
                "argumentsTruncated": true,
                "envVariables": [{"name": "PATH", "val": "/bin"}],
                "pid": "4242", "parentPid": "4241", "userId": "0"
            }],
            "containers": [container],
            "kubernetes": {
                "pods": [{"ns": "payments", "name": "web-1", "containers": [container]}],
                "nodes": [{"name": "node-1"}]
            },
            "vedette": {"direction": "reverse"}
        },
        "resource": {
            "name": "//container.googleapis.com/projects/shop/locations/eu/clusters/prod",
            "displayName": "prod",
            "type": "google.container.Cluster",
            "cloudProvider": "GOOGLE_CLOUD_PLATFORM",
            "gcpMetadata": {
                "project": "//cloudresourcemanager.googleapis.com/projects/1",
                "projectDisplayName": "shop"
            },
            "project_display_name": "shop"
        }
    });
    assert_eq!(serde_json::to_value(example()).unwrap(), expected);
}

#[test]
fn the_document_reads_back_as_it_was() {
    let text = serde_json::to_string(&example()).unwrap();
    assert_eq!(serde_json::from_str::<FindingResource>(&text).unwrap(), example());
}

#[test]
fn an_empty_finding_is_an_empty_object() {
    assert_eq!(serde_json::to_string(&FindingResource::default()).unwrap(), "{}");
}

#[test]
fn v1_names_project_and_parent_on_the_resource() {
    let mut resource = example().resource;
    resource.gcp_metadata.parent = "//cloudresourcemanager.googleapis.com/folders/2".into();
    resource.gcp_metadata.parent_display_name = "apps".into();
    assert_eq!(
        resource.v1(),
        json!({
            "name": "//container.googleapis.com/projects/shop/locations/eu/clusters/prod",
            "displayName": "prod",
            "type": "google.container.Cluster",
            "cloudProvider": "GOOGLE_CLOUD_PLATFORM",
            "projectName": "//cloudresourcemanager.googleapis.com/projects/1",
            "projectDisplayName": "shop",
            "parentName": "//cloudresourcemanager.googleapis.com/folders/2",
            "parentDisplayName": "apps",
            "project_display_name": "shop"
        })
    );
}

#[test]
fn reading_is_as_lenient_as_proto3_json() {
    let read: Finding = serde_json::from_value(json!({
        "severity": 1,
        "state": "SOMETHING_NEWER",
        "mitreAttack": {"primaryTechniques": [7, 99_999], "primaryTactic": 3},
        "processes": [{"pid": 7, "parentPid": "8", "unknown": {"a": []}}],
        "alsoUnknown": 1
    }))
    .unwrap();
    assert_eq!(read.severity, Severity::Critical);
    assert_eq!(read.state, State::Unspecified);
    assert_eq!(read.mitre_attack.primary_techniques, [Technique::UnixShell, Technique::Unspecified]);
    assert_eq!((read.processes[0].pid, read.processes[0].parent_pid), (7, 8));
    assert_eq!(read.processes[0].user_id, None);
}

#[test]
fn what_is_not_an_int64_or_a_time_is_refused() {
    for bad in [
        json!({"processes": [{"pid": "seven"}]}),
        json!({"processes": [{"pid": 1.5}]}),
        json!({"processes": [{"pid": "9223372036854775808"}]}),
        json!({"eventTime": "yesterday"}),
        json!({"eventTime": 5}),
    ] {
        assert!(serde_json::from_value::<Finding>(bad.clone()).is_err(), "{bad}");
    }
}

#[test]
fn enums_become_numbers_where_the_model_has_enums_and_nowhere_else() {
    let mut example = example();
    example.finding.source_properties.insert("Severity".into(), Value::from("MEDIUM"));
    example.finding.vedette.insert("state".into(), Value::from("ACTIVE"));
    let value = example.with_numbers().unwrap();
    let finding = &value["finding"];
    assert_eq!(finding["state"], 1);
    assert_eq!(finding["severity"], 3);
    assert_eq!(finding["mute"], 3);
    assert_eq!(finding["findingClass"], 1);
    assert_eq!(finding["mitreAttack"]["primaryTactic"], 3);
    assert_eq!(finding["mitreAttack"]["primaryTechniques"], json!([7, 6]));
    assert_eq!(finding["connections"][0]["protocol"], 6);
    assert_eq!(value["resource"]["cloudProvider"], 1);
    assert_eq!(finding["sourceProperties"]["Severity"], "MEDIUM");
    assert_eq!(finding["vedette"]["state"], "ACTIVE");
    assert_eq!(finding["processes"][0]["args"][0], "sh");
}
