//! What a running server is set to, for those who may see it. Never a secret: of secrets their names, of a database its kind.

use identity::{Permission, Role};
use serde_json::{Value, json};

use crate::Retention;
use crate::configuration::{Configuration, Intake};

/// Where each group of keys is described.
const SERVER: &str = "docs/server.md";
const ACCESS: &str = "docs/access.md";
const NOTIFICATIONS: &str = "docs/notifications.md";

/// All of it. `secrets` are the names of the outputs' secrets.
pub(crate) fn described(configuration: &Configuration, secrets: &[String]) -> Value {
    let Retention { findings_days, audit_days, changes_days, .. } = configuration.retention;
    let issuers: Vec<String> =
        configuration.access.open_id_connect.iter().map(|provider| without_user(&provider.issuer)).collect();
    let roles = Role::ALL.iter().map(|role| {
        let permissions = Permission::ALL.iter().filter(|permission| role.allows(**permission));
        json!({"role": role.name(), "permissions": permissions.map(|p| p.name()).collect::<Vec<_>>()})
    });
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "listen": configuration.listen.to_string(),
        "retention": {"findingsDays": findings_days, "auditDays": audit_days, "changesDays": changes_days},
        "organization": configuration.organization,
        "store": if configuration.database.is_some() { "postgres" } else { "sqlite" },
        "intake": configuration.intake.as_ref().map(intake),
        "outputs": {"secretNames": secrets, "pubsubPush": configuration.outputs.pubsub_push.is_some()},
        "access": {"openIdConnect": issuers, "kubernetes": configuration.access.kubernetes.is_some()},
        "roles": roles.collect::<Vec<_>>(),
        // sensors redact, each by its own configuration
        "redaction": null,
        "settings": settings(configuration),
    })
}

/// An address without who asks there, which would hold a password.
fn without_user(url: &str) -> String {
    match url.split_once("://").map(|(scheme, rest)| (scheme, rest.rsplit_once('@'))) {
        Some((scheme, Some((_, rest)))) => format!("{scheme}://{rest}"),
        _ => url.to_owned(),
    }
}

fn intake(intake: &Intake) -> Value {
    let clusters = intake.clusters.as_ref().map(|clusters| {
        let cluster = |(name, cluster): (&String, &crate::configuration::Cluster)| {
            json!({"cluster": name, "projects": cluster.projects})
        };
        clusters.iter().map(cluster).collect::<Vec<_>>()
    });
    json!({
        "listen": intake.listen.to_string(), "domain": intake.domain, "cluster": intake.cluster,
        "heartbeatSeconds": intake.heartbeat_seconds, "certificateHours": intake.certificate_hours,
        "clusters": clusters,
    })
}

/// The keys of the configuration file, each with what it is set to as a text; of what is not set nothing.
fn settings(configuration: &Configuration) -> Vec<Value> {
    let mut settings = Vec::new();
    let mut say = |key: &str, value: Option<String>, documentation: &str| {
        settings.extend(value.map(|value| {
            json!({"key": key, "value": value, "env": null, "helm": null, "documentation": documentation})
        }));
    };
    let path = |path: &Option<std::path::PathBuf>| path.as_ref().map(|path| path.display().to_string());
    let listed = |values: &[String]| (!values.is_empty()).then(|| values.join(", "));
    say("data", path(&configuration.data), SERVER);
    say("listen", Some(configuration.listen.to_string()), SERVER);
    say("hosts", listed(&configuration.hosts), SERVER);
    say(
        "tls.certificate",
        configuration.tls.as_ref().map(|tls| tls.certificate.display().to_string()),
        SERVER,
    );
    say("tls.key", configuration.tls.as_ref().map(|tls| tls.key.display().to_string()), SERVER);
    say("behindProxy", Some(configuration.behind_proxy.to_string()), SERVER);
    say("proxies", Some(configuration.proxies.to_string()), SERVER);
    say("authority", path(&configuration.authority), SERVER);
    say("database.urlFile", configuration.database.as_ref().and_then(|d| path(&d.url_file)), SERVER);
    let evidence = configuration.evidence;
    say("evidence.minFreeBytes", evidence.min_free_bytes.map(|bytes| bytes.to_string()), SERVER);
    say("evidence.maxBytes", evidence.max_bytes.map(|bytes| bytes.to_string()), SERVER);
    if let Some(intake) = &configuration.intake {
        say("intake.listen", Some(intake.listen.to_string()), SERVER);
        say("intake.domain", Some(intake.domain.clone()), SERVER);
        say("intake.cluster", intake.cluster.clone(), SERVER);
        say("intake.heartbeatSeconds", Some(intake.heartbeat_seconds.to_string()), SERVER);
        say("intake.certificateHours", Some(intake.certificate_hours.to_string()), SERVER);
        for (name, cluster) in intake.clusters.iter().flatten() {
            let projects: Vec<String> = cluster.projects.iter().cloned().collect();
            say(&format!("intake.clusters.{name}.projects"), listed(&projects), SERVER);
        }
    }
    say("access.hosts", listed(&configuration.access.hosts), ACCESS);
    for (at, provider) in configuration.access.open_id_connect.iter().enumerate() {
        let key = |name: &str| format!("access.openIdConnect[{at}].{name}");
        say(&key("issuer"), Some(without_user(&provider.issuer)), ACCESS);
        say(&key("audiences"), listed(&provider.audiences), ACCESS);
    }
    if let Some(kubernetes) = &configuration.access.kubernetes {
        say("access.kubernetes.server", kubernetes.server.as_deref().map(without_user), ACCESS);
        say("access.kubernetes.audiences", listed(&kubernetes.audiences), ACCESS);
        say("access.kubernetes.sensors", listed(&kubernetes.sensors), ACCESS);
    }
    let outputs = &configuration.outputs;
    say("outputs.secrets", path(&outputs.secrets), NOTIFICATIONS);
    say("outputs.authorities", path(&outputs.authorities), NOTIFICATIONS);
    let networks: Vec<String> = outputs.allowed_networks.iter().map(ToString::to_string).collect();
    say("outputs.allowedNetworks", listed(&networks), NOTIFICATIONS);
    let Retention { findings_days, audit_days, changes_days, .. } = configuration.retention;
    say("retention.findingsDays", Some(findings_days.to_string()), SERVER);
    say("retention.auditDays", Some(audit_days.to_string()), SERVER);
    say("retention.changesDays", Some(changes_days.to_string()), SERVER);
    say("organization", configuration.organization.clone(), SERVER);
    for (place, folders) in &configuration.folders {
        say(&format!("folders.{place}"), listed(folders), SERVER);
    }
    settings
}

#[cfg(test)]
mod tests {
    use super::described;
    use crate::configuration::Configuration;

    fn of(text: &str) -> serde_json::Value {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("server.yaml");
        std::fs::write(&path, text).unwrap();
        described(&Configuration::load(Some(&path)).unwrap(), &["hook".into()])
    }

    #[test]
    fn no_secret_is_shown_and_everything_else_is() {
        let said = of("listen: 127.0.0.1:1\nhosts: [a.example]\norganization: \"12\"\n\
                       database: {url: \"postgres://u:hidden@h/d\"}\n\
                       outputs: {pubsubPush: \"https://push.example/hidden\"}\n\
                       intake: {cluster: shop, clusters: {shop: {projects: [p]}}}\n\
                       access: {openIdConnect: [{issuer: \"https://i.example\", audiences: [v]}]}\n");
        let text = said.to_string();
        assert!(!text.contains("hidden"), "{text}");
        assert_eq!((&said["store"], &said["organization"]), (&"postgres".into(), &"12".into()));
        assert_eq!(said["outputs"], serde_json::json!({"secretNames": ["hook"], "pubsubPush": true}));
        assert_eq!(said["access"]["openIdConnect"][0], "https://i.example");
        assert_eq!(said["intake"]["clusters"][0]["cluster"], "shop");
        let settings = said["settings"].as_array().unwrap();
        let value = |key: &str| settings.iter().find(|one| one["key"] == key).map(|one| one["value"].clone());
        assert_eq!(value("retention.findingsDays"), Some("396".into()));
        assert_eq!(value("intake.clusters.shop.projects"), Some("p".into()));
        assert_eq!(value("database.url"), None);
        let roles = said["roles"].as_array().unwrap();
        assert!(roles.iter().any(|role| role["role"] == "admin") && roles.len() == 5);
    }
}
