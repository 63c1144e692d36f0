//! The rows of the reference's filter table, quoted: every backend finds what each says.

use std::collections::BTreeSet;

use finding::{FindingResource, Timestamp};
use finding_filter::Filter;
use serde_json::{Value, json};

use super::{everything, expected};
use crate::{FindingStore, PageSize};

/// What the reference says, and filters with the numbers of the findings that match.
type Row = (&'static str, &'static [(&'static str, &'static str)]);

/// Filters over [`finding`] 0 to 3.
const ROWS: &[Row] = &[
    (
        "Restrictions `<field> <op> <value>` joined by AND / OR, parentheses; **OR binds tighter than AND**; prefix `-` negates.",
        &[
            (r#"severity = "HIGH""#, "02"),
            (r#"severity="HIGH" AND category="Reverse Shell""#, "0"),
            (r#"severity="HIGH" OR category="Reverse Shell""#, "023"),
            // read the other way, 0 would match
            (r#"severity="HIGH" OR severity="LOW" AND category:"socat" OR category:"nothing""#, "2"),
            (r#"severity="HIGH" OR (severity="LOW" AND category:"socat") OR category:"nothing""#, "02"),
            (r#"(category:"socat" AND severity=HIGH) OR severity=MEDIUM"#, "123"),
            (r#"category:"socat" AND (severity=HIGH OR severity=MEDIUM)"#, "12"),
            ("-severity=HIGH", "13"),
            (r#"-(severity=HIGH OR category="Reverse Shell")"#, "1"),
        ],
    ),
    (
        "Console query language also takes `NOT` (`state=\"ACTIVE\" AND NOT mute=\"MUTED\"`), \
         `create_time>\"2023-08-15T19:05:32.428Z\"`, `resource.parent_name:\"prod\"`, `severity=\"CRITICAL\" OR severity=\"HIGH\"`",
        &[
            (r#"state="ACTIVE" AND NOT mute="MUTED""#, "01"),
            (r#"create_time>"2023-08-15T19:05:32.428Z""#, "123"),
            (r#"resource.parent_name:"prod""#, "1"),
            (r#"severity="CRITICAL" OR severity="HIGH""#, "02"),
        ],
    ),
    (
        "Ops: `=` all types; `> < >= <=` \"integer values\" (and times); `:` substring for strings.",
        &[
            (r#"description="A b""#, "1"),
            ("connections.destination_port=4444", "2"),
            ("processes.arguments_truncated=true", "3"),
            (r#"event_time="2026-11-23T20:13:53.500Z""#, "1"),
            ("connections.destination_port>53", "2"),
            ("connections.destination_port<4444", "0123"),
            ("connections.destination_port>=53", "123"),
            ("connections.destination_port<=53", "0123"),
            ("processes.pid>1", "23"),
            (r#"event_time>"2026-11-23T20:13:54Z""#, "23"),
            (r#"description:"a B""#, "1"),
            (r#"processes.args:"socat""#, "2"),
        ],
    ),
    (
        "Values: quoted strings, bare integers, true/false.",
        &[
            (r#"category="Reverse Shell""#, "03"),
            ("source_properties.Pid=2", "2"),
            ("processes.arguments_truncated=false", "012"),
            ("vedette.session.tls=true", "1"),
        ],
    ),
    (
        "Field support listed for v2 ListFindings: name `=`",
        &[(r#"name="projects/p/sources/vedette/locations/global/findings/row3""#, "3")],
    ),
    (
        "parent, resource_name, state, category, external_uri, severity, security_marks.marks `= :`",
        &[
            (r#"parent="projects/p/sources/vedette/locations/global""#, "0123"),
            (r#"parent:"sources/VEDETTE""#, "0123"),
            (r#"resource_name="//container.googleapis.com/projects/1/locations/eu/clusters/c2""#, "2"),
            (r#"resource_name:"clusters/c""#, "0123"),
            (r#"state="ACTIVE""#, "012"),
            (r#"state:"INACT""#, "3"),
            (r#"category="Execution: Socat Reverse Shell Detected""#, "12"),
            (r#"category:"SOCAT""#, "12"),
            (r#"external_uri="https://shop.example/2""#, "2"),
            (r#"external_uri:"shop.example""#, "0123"),
            (r#"severity="MEDIUM""#, "13"),
            (r#"severity:"edi""#, "13"),
            (r#"security_marks.marks.marka="valuea""#, "1"),
            (r#"security_marks.marks.marka:"value""#, "1"),
            (r#"-security_marks.marks.marka:"value""#, "023"),
        ],
    ),
    (
        "event_time `= > < >= <=` as **epoch millis or RFC3339 string**",
        &[
            ("event_time=1795464833500", "1"),
            ("event_time>1795464833500", "23"),
            ("event_time<1795464833500", "0"),
            ("event_time>=1795464833500", "123"),
            ("event_time<=1795464833500", "01"),
            (r#"event_time="2026-11-23T20:13:53.5Z""#, "1"),
            (r#"event_time>"2026-11-23T20:13:53.5Z""#, "23"),
            (r#"event_time<"2026-11-23T20:13:53.5Z""#, "0"),
            (r#"event_time>="2026-11-23T21:13:53.5+01:00""#, "123"),
            (r#"event_time<="2026-11-23T20:13:53.5Z""#, "01"),
        ],
    ),
    (
        "resource.{name,parent_name,parent_display_name,project_name,project_display_name,type,display_name,\
         folders.resource_folder} `= :`",
        &[
            (r#"resource.name="//container.googleapis.com/projects/1/locations/eu/clusters/c2""#, "2"),
            (r#"resource.name:"clusters/c""#, "0123"),
            (r#"resource.parent_name="//cloudresourcemanager.googleapis.com/folders/prod""#, "1"),
            (r#"resource.parent_name:"folders/""#, "0123"),
            (r#"resource.parent_display_name="Europe 2""#, "2"),
            (r#"resource.parent_display_name:"europe""#, "0123"),
            (r#"resource.project_name="//cloudresourcemanager.googleapis.com/projects/3""#, "3"),
            (r#"resource.project_name:"projects/""#, "0123"),
            (r#"resource.project_display_name="shop-0""#, "0"),
            (r#"resource.project_display_name:"SHOP""#, "0123"),
            (r#"resource.type="google.container.Cluster""#, "0123"),
            (r#"resource.type:"cluster""#, "0123"),
            (r#"resource.display_name="c1""#, "1"),
            (r#"resource.display_name:"C""#, "0123"),
            (r#"resource.folders.resource_folder="//cloudresourcemanager.googleapis.com/folders/3""#, "3"),
            (r#"resource.folders.resource_folder:"folders/7""#, "0123"),
        ],
    ),
    (
        "Field names are snake_case paths; example mark path `security_marks.marks.marka`.",
        &[("security_marks.marks.marka:*", "1"), ("processes.binary.path:*", "2")],
    ),
    (
        "v1 only: `source_properties.X` with `= : > < >= <=`; existence = `source_properties.X : \"\"`, absence = \
         `-source_properties.X : \"\"`",
        &[
            (r#"source_properties.Pod_Name="pod-2""#, "2"),
            (r#"source_properties.Pod_Name:"OD-""#, "0123"),
            ("source_properties.Pid>1", "23"),
            ("source_properties.Pid<1", "0"),
            ("source_properties.Pid>=1", "123"),
            ("source_properties.Pid<=1", "01"),
            (r#"source_properties.Pod_Name : """#, "0123"),
            (r#"-source_properties.Pod_Name : """#, ""),
            (r#"source_properties.Odd_Only : """#, "13"),
            (r#"-source_properties.Odd_Only : """#, "02"),
        ],
    ),
    (
        "Array functions: … an array `contains(...)` function exists … `contains(list_field, sub=\"v\")`, `containsOnly`, \
         `inIpRange(field, \"cidr\")`.",
        &[
            (r#"contains(connections, destination_port=53 AND protocol="UDP")"#, "13"),
            (r#"contains(connections, destination_port=4444 AND protocol="UDP")"#, ""),
            (r#"contains(resource.folders, resource_folder:"folders/7")"#, "0123"),
            (r#"containsOnly(connections, protocol="TCP")"#, "02"),
            (r#"inIpRange(connections.destination_ip, "203.0.113.0/24")"#, "2"),
            (r#"-inIpRange(connections.destination_ip, "203.0.113.0/24")"#, "013"),
            (r#"inIpRange(connections.destination_ip, "2001:db8::/32")"#, "3"),
        ],
    ),
    (
        "Mute filter fields: severity, category, resource.name, …, finding_class, indicator.ip_addresses, indicator.domains \
         (all `= :`)",
        &[
            (r#"finding_class="THREAT""#, "012"),
            (r#"finding_class:"thr""#, "012"),
            (r#"indicator.ip_addresses="203.0.113.7""#, "2"),
            (r#"indicator.ip_addresses:"203.0""#, "2"),
            (r#"indicator.domains="evil.example""#, "1"),
            (r#"indicator.domains:"EVIL""#, "1"),
        ],
    ),
];

/// Finding number `n`: what the rows ask about.
fn finding(n: i64) -> FindingResource {
    let folders = "//cloudresourcemanager.googleapis.com/folders";
    let connections = match n {
        0 => json!([{"destinationPort": 1, "protocol": "TCP"}]),
        1 => json!([{"destinationPort": 53, "protocol": "UDP", "destinationIp": "10.1.2.3"}]),
        2 => json!([
            {"destinationPort": 4444, "protocol": "TCP", "destinationIp": "203.0.113.7"},
            {"destinationPort": 53, "protocol": "TCP"}
        ]),
        _ => json!([{"destinationPort": 53, "protocol": "UDP", "destinationIp": "2001:db8::9"}]),
    };
    let parent = if n == 1 { "prod".to_owned() } else { n.to_string() };
    let mut properties = json!({"Pod_Name": format!("pod-{n}"), "Pid": n});
    if n % 2 == 1 {
        properties["Odd_Only"] = "yes".into();
    }
    let cluster = format!("//container.googleapis.com/projects/1/locations/eu/clusters/c{n}");
    let (is_first, is_second, is_last) = (n == 1, n == 2, n == 3);
    let item = json!({
        "finding": {
            "name": format!("projects/p/sources/vedette/locations/global/findings/row{n}"),
            "parent": "projects/p/sources/vedette/locations/global",
            "resourceName": cluster,
            "state": if is_last { "INACTIVE" } else { "ACTIVE" },
            "category": if n % 3 == 0 { "Reverse Shell" } else { "Execution: Socat Reverse Shell Detected" },
            "externalUri": format!("https://shop.example/{n}"),
            "severity": if n % 2 == 0 { "HIGH" } else { "MEDIUM" },
            "mute": if is_second { "MUTED" } else { "UNDEFINED" },
            "eventTime": Timestamp::from_nanos(1_795_464_832_500_000_000 + n * 1_000_000_000).to_string(),
            "findingClass": if is_last { "OBSERVATION" } else { "THREAT" },
            "description": if is_first { "A b" } else { "" },
            "securityMarks": {"marks": if is_first { json!({"marka": "valuea"}) } else { json!({}) }},
            "indicator": {
                "domains": if is_first { json!(["evil.example"]) } else { json!([]) },
                "ipAddresses": if is_second { json!(["203.0.113.7", "192.0.2.1"]) } else { json!([]) },
            },
            "connections": connections,
            "processes": [{
                "pid": n.to_string(), "argumentsTruncated": is_last,
                "args": if is_second { json!(["/usr/bin/socat"]) } else { json!([]) },
                "binary": {"path": if is_second { "/usr/bin/socat" } else { "" }},
            }],
            "sourceProperties": properties,
            "vedette": {"session": {"tls": is_first}},
        },
        "resource": {
            "name": cluster, "displayName": format!("c{n}"), "type": "google.container.Cluster",
            "gcpMetadata": {
                "project": format!("//cloudresourcemanager.googleapis.com/projects/{n}"),
                "projectDisplayName": format!("shop-{n}"),
                "parent": format!("{folders}/{parent}"), "parentDisplayName": format!("Europe {n}"),
                "folders": [{"resourceFolder": format!("{folders}/{n}")}, {"resourceFolder": format!("{folders}/7")}],
            },
        },
    });
    expected(serde_json::from_value(item), "a finding")
}

/// Number 0 was created long before the others.
const fn created(n: i64) -> Timestamp {
    Timestamp::from_nanos(if n == 0 { 1_000_000_000 } else { 1_795_464_900_000_000_000 + n })
}

/// Each row by the backend's own translation, which must agree with the evaluator.
pub async fn the_rows_of_the_filter_table_hold(store: &dyn FindingStore) {
    let mut kept = Vec::new();
    for n in 0..4 {
        let item = finding(n);
        expected(store.upsert(&item, 1, created(n)).await, "an upsert");
        let name = expected(item.finding.name.parse(), "a name");
        let item = expected(store.get(&name).await, "a get").unwrap_or_default();
        kept.push(serde_json::to_value(&item).unwrap_or(Value::Null));
    }
    for (quote, filters) in ROWS {
        for (text, numbers) in *filters {
            let filter: Filter = expected(text.parse(), text);
            let should: BTreeSet<String> = numbers.chars().map(|n| format!("row{n}")).collect();
            let evaluated = kept.iter().enumerate();
            let evaluated = evaluated.filter(|(_, item)| filter.matches(&item["finding"], &item["resource"]));
            let evaluated: BTreeSet<String> = evaluated.map(|(n, _)| format!("row{n}")).collect();
            assert_eq!(evaluated, should, "the evaluator: {text}, of: {quote}");
            let mut query = everything();
            query.page_size = PageSize::MAX;
            query.filter = filter;
            let page = expected(store.list(query).await, text);
            let names =
                page.results.iter().map(|item| item.finding.name.rsplit('/').next().unwrap_or_default());
            let listed: BTreeSet<String> = names.map(str::to_owned).collect();
            assert_eq!(listed, should, "the store: {text}, of: {quote}");
            assert_eq!(page.total_size, should.len() as u64, "the total: {text}, of: {quote}");
        }
    }
}
