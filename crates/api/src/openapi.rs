//! The OpenAPI document, printed from the table of routes.

mod administration;
mod schemas;

use std::sync::LazyLock;

use serde_json::{Map, Value, json};

use crate::method::ApiMethod;
use crate::routes::{ROUTES, Route, Version, variants};

static TEXT: LazyLock<String> = LazyLock::new(|| {
    // strings and maps cannot fail to become JSON
    serde_json::to_string_pretty(&document()).unwrap_or_default() + "\n"
});

/// The document as it is served and committed (`docs/openapi.json`).
pub fn text() -> &'static str {
    &TEXT
}

fn document() -> Value {
    let mut paths = Map::new();
    for version in Version::ALL {
        for route in ROUTES.iter().filter(|route| route.versions.contains(&version)) {
            for path in variants(route.path) {
                let with_location = route.path.contains('[') && path.contains("{location}");
                let key = format!("/{}/{}", version.name(), path.replace("{scope}", "{collection}/{id}"));
                let verb = route.http.as_str().to_ascii_lowercase();
                let entry =
                    paths.entry(key.clone()).or_insert_with(|| json!({"parameters": path_parameters(&key)}));
                entry[verb] = operation(route, version, &path, with_location);
            }
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Vedette",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Container threat detection of one's own: findings in the shape of Security Command Center.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "security": [{"bearer": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
            "schemas": schemas::all(),
        },
    })
}

fn path_parameters(path: &str) -> Value {
    let names = path.split('{').skip(1).filter_map(|rest| rest.split('}').next());
    let parameters = names.map(|name| {
        json!({"name": name, "in": "path", "required": true, "schema": schemas::path_parameter(name),
            "example": schemas::path_example(name)})
    });
    Value::Array(parameters.collect())
}

fn operation(route: &Route, version: Version, path: &str, with_location: bool) -> Value {
    let own = route.query.iter().map(|name| {
        let schema = schemas::query_parameter(name);
        let mut parameter =
            json!({"name": name, "in": "query", "required": is_required(name), "schema": schema});
        if is_required(name) {
            parameter["example"] = "example".into();
        }
        parameter
    });
    let shared = ["$alt", "$fields", "prettyPrint"]
        .map(|name| json!({"name": name, "in": "query", "schema": schemas::query_parameter(name)}));
    let answer = match route.answer {
        Some(schema) => json!({"application/json": {"schema": reference(schema)}}),
        None => {
            let bytes = |kind: &str| json!({"schema": {"type": "string", "contentMediaType": kind}});
            let mut content = json!({"application/octet-stream": bytes("application/octet-stream")});
            if route.method == ApiMethod::EvidenceArchive {
                content["application/zip"] = bytes("application/zip");
            }
            content
        }
    };
    let error = |description: &str| json!({"description": description, "content": {"application/json": {"schema": reference("Error")}}});
    let mut operation = json!({
        "operationId": operation_id(route, version, path, with_location),
        "tags": [tag(route)],
        "parameters": own.chain(shared).collect::<Vec<_>>(),
        "x-vedette-permission": format!("{:?}", route.method.permission()),
        "responses": {
            "200": {"description": "It was done.", "content": answer},
            "4XX": error("The request is wrong, or whoever asks may not."),
            "503": error("The server cannot do it now."),
            "504": error("It took too long."),
        },
    });
    let bytes = || json!({"schema": {"type": "string", "contentMediaType": "application/octet-stream"}});
    if route.body == Some(crate::routes::RECORDING) {
        let content = json!({"application/octet-stream": bytes()});
        operation["requestBody"] = json!({"required": true, "content": content});
    } else if let Some(schema) = route.body {
        let mut content = json!({"application/json": {"schema": reference(schema)}});
        if let Some(example) = schemas::body_example(schema) {
            content["application/json"]["example"] = example;
        }
        operation["requestBody"] = json!({"required": false, "content": content});
    }
    operation
}

fn is_required(name: &str) -> bool {
    matches!(name, "findingId" | "muteConfigId" | "configId" | "bigQueryExportId" | "tokenId")
}

fn reference(schema: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{schema}")})
}

fn operation_id(route: &Route, version: Version, path: &str, with_location: bool) -> String {
    let place = if path.contains("/clusters/") { "_cluster" } else { "" };
    let location = if with_location { "_location" } else { "" };
    // in one case throughout: generators make names of functions from it
    let method = finding::snake_case(&route.method.name().replace('.', "_"));
    format!("{}_{method}{place}{location}", version.name())
}

/// What generators and readers find operations under: the collection.
fn tag(route: &Route) -> &'static str {
    let name = route.method.name();
    name.split_once('.').map_or(name, |(collection, _)| collection)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{document, text};

    #[test]
    fn the_committed_document_is_the_printed_one() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json");
        if std::env::var_os("VEDETTE_SNAPSHOTS").is_some_and(|v| v == "write") {
            std::fs::write(path, text()).unwrap();
        }
        let committed = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            committed == text(),
            "docs/openapi.json is out of date: VEDETTE_SNAPSHOTS=write cargo test -p api"
        );
    }

    #[test]
    fn every_operation_has_its_own_name_and_every_reference_leads_somewhere() {
        let document = document();
        let mut ids = BTreeSet::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (verb, operation) in
                item.as_object().unwrap().iter().filter(|(verb, _)| *verb != "parameters")
            {
                let id = operation["operationId"].as_str().unwrap();
                assert!(ids.insert(id), "{verb} {path}: {id}");
            }
        }
        assert!(ids.len() > 100, "{}", ids.len());
        let schemas = document["components"]["schemas"].as_object().unwrap();
        for found in text().split("#/components/schemas/").skip(1) {
            let name = found.split('"').next().unwrap();
            assert!(schemas.contains_key(name), "{name}");
        }
    }
}
