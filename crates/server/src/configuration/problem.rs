//! What the keys of a file that is understood must not hold.

use std::net::IpAddr;

use certificates::NodeIdentity;
use finding::{Collection, Scope};

use super::{Configuration, Database, is_postgres};
use crate::Retention;

/// The longest life of a node's certificate: ten years.
const HOURS_MAX: u32 = 87_600;

/// A name or an address, without port.
fn is_host(text: &str) -> bool {
    let is_name = |text: &str| !text.is_empty() && !text.contains(['/', ' ', '@', ':', '[', ']']);
    text.parse::<IpAddr>().is_ok() || is_name(text)
}

fn scope(text: &str, collections: &[Collection]) -> Option<Scope> {
    let (collection, id) = text.split_once('/')?;
    let collection = collections.iter().find(|known| known.name() == collection)?;
    Scope::new(*collection, id).ok()
}

/// What belongs nowhere, or belongs to something else than folders.
fn misplaced((place, folders): (&String, &Vec<String>)) -> Option<(String, String)> {
    if scope(place, &[Collection::Projects, Collection::Folders]).is_none() {
        return Some((place.clone(), "is neither projects/ID nor folders/ID".into()));
    }
    let bad = folders.iter().find(|folder| scope(folder, &[Collection::Folders]).is_none())?;
    Some((place.clone(), format!("{bad:?} is no folder; write folders/ID")))
}

impl Configuration {
    /// A key that holds what cannot be, and why.
    pub(super) fn problem(&self) -> Option<(String, String)> {
        let some = |key: &str, reason: &str| Some((key.to_owned(), reason.to_owned()));
        if let Some(Database { url, url_file }) = &self.database
            && url.is_some() == url_file.is_some()
        {
            return some("database", "takes either url or urlFile");
        }
        if let Some(url) = self.database.as_ref().and_then(|database| database.url.as_deref())
            && !is_postgres(url)
        {
            // it may hold a password: it is not repeated
            return some("database.url", "is no URL of PostgreSQL; write postgres://user@host/name");
        }
        if let Some(id) = &self.organization
            && Scope::organization(id).is_err()
        {
            let reason = format!(
                "{id:?} is no id as findings' names have it; write it without organizations/, such as \"123456789012\""
            );
            return Some(("organization".into(), reason));
        }
        if let Some(bad) = self.hosts.iter().find(|host| !is_host(host)) {
            let reason = format!(
                "{bad:?} is no host; write a name such as vedette.example.org, or an address, without port"
            );
            return Some(("hosts".into(), reason));
        }
        if let Some((key, reason)) = self.folders.iter().find_map(misplaced) {
            return Some((format!("folders.{key}"), reason));
        }
        if let Some(Err(error)) = self.outputs.pubsub_push.as_deref().map(notifications::push_endpoint) {
            return Some(("outputs.pubsubPush".into(), error.reason));
        }
        if self.database.is_some() && self.evidence.min_free_bytes.is_some() {
            return some(
                "evidence.minFreeBytes",
                "is for the folder of evidence; with a database say maxBytes",
            );
        }
        if self.database.is_none() && self.evidence.max_bytes.is_some() {
            return some(
                "evidence.maxBytes",
                "is for a database; for the folder of evidence say minFreeBytes",
            );
        }
        if self.tls.is_some() && self.behind_proxy {
            return some("behindProxy", "the proxy has the certificate then; leave out tls, or this");
        }
        for (key, days) in [
            ("findingsDays", self.retention.findings_days),
            ("auditDays", self.retention.audit_days),
            ("changesDays", self.retention.changes_days),
        ] {
            if !(1..=Retention::DAYS_MAX).contains(&days) {
                return Some((
                    format!("retention.{key}"),
                    format!("must be at least 1 day and at most {}", Retention::DAYS_MAX),
                ));
            }
        }
        if let Some(intake) = &self.intake {
            if NodeIdentity::new(&intake.domain, "cluster", "node").is_err() {
                let reason =
                    format!("{:?} is no trust domain; write one such as vedette.example.org", intake.domain);
                return Some(("intake.domain".into(), reason));
            }
            if let Some(cluster) = &intake.cluster
                && NodeIdentity::new("domain", cluster, "node").is_err()
            {
                let reason = format!("{cluster:?} is no cluster's name; it stands in nodes' certificates");
                return Some(("intake.cluster".into(), reason));
            }
            if intake.heartbeat_seconds == 0 || intake.heartbeat_seconds > 3_600 {
                return some("intake.heartbeatSeconds", "must be 1 to 3600");
            }
            if !(1..=HOURS_MAX).contains(&intake.certificate_hours) {
                return some(
                    "intake.certificateHours",
                    &format!("must be at least 1 hour and at most {HOURS_MAX}, ten years"),
                );
            }
            for (name, cluster) in intake.clusters.iter().flatten() {
                if let Some(bad) = cluster.projects.iter().find(|project| Scope::project(project).is_err()) {
                    let reason = format!("{bad:?} is no project's id or number, such as shop-prod or 424242");
                    return Some((format!("intake.clusters.{name}.projects"), reason));
                }
            }
            let reviews = self.access.kubernetes.as_ref().is_some_and(|k| !k.sensors.is_empty());
            if reviews && intake.cluster.is_none() {
                return some(
                    "intake.cluster",
                    "is needed with access.kubernetes.sensors: tokens do not say which cluster they are of",
                );
            }
        }
        match self.access.check() {
            Err(error) => Some((format!("access.{}", error.key), error.reason)),
            Ok(()) => None,
        }
    }
}
