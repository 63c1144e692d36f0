//! The finding in plain words: the first sentence says who, what, where, to whom and how sure.

use crate::confidence::Confidence;
use crate::session;
use crate::{Circumstances, Place};
use detection::{Direction, Evidence};
use event::Endpoint;

/// The words.
pub(crate) fn write(evidence: &Evidence, at: &Circumstances<'_>, sure: &Confidence) -> String {
    let exec = &evidence.enriched.exec;
    let program = &exec.executable.path;
    let through = evidence.opener.as_ref().filter(|o| o.process != exec.process || o.name != exec.name);
    let through = through.map(|o| format!(" through {}", o.name)).unwrap_or_default();
    let user = match exec.credentials.effective_uid {
        0 => "root (user 0)".to_owned(),
        user => format!("user {user}"),
    };
    format!(
        "With {} confidence, {user} ran {program}{through} in {}, {}. {}{}{}",
        sure.level().to_lowercase(),
        whereabouts(evidence, at.place),
        peer(evidence),
        evidence.reasons.join(" "),
        sure.reservations(),
        session::sentence(at.ended, at.event_time_ns, at.coverage.to_ns),
    )
}

fn peer(evidence: &Evidence) -> String {
    match (&evidence.endpoint, evidence.direction) {
        (Some(s), Direction::Reverse) if s.remote.port != 0 => format!("connected to {}", end(s.remote)),
        (Some(s), Direction::Bind) if s.remote.port != 0 => {
            format!("serving {} on port {}", end(s.remote), s.local.port)
        }
        (Some(s), _) => format!("on port {}", s.local.port),
        (None, _) => "with an unknown peer".into(),
    }
}

fn whereabouts(evidence: &Evidence, place: &Place) -> String {
    let Some(container) = evidence.enriched.container.as_deref() else {
        return format!("node {} (outside any container)", place.node);
    };
    match container.pod.as_ref().filter(|pod| !pod.name.is_empty()) {
        Some(pod) => format!("container {} of pod {}/{}", container.name, pod.namespace, pod.name),
        None if !container.id.is_claimed() => format!(
            "a container that no known runtime claims (control group {}, pid namespace {})",
            container.cgroup_path(),
            evidence.enriched.exec.namespaces.pid
        ),
        None if container.name.is_empty() => format!("container {}", container.id),
        None => format!("container {} ({})", container.name, container.id),
    }
}

/// Address and port, as one word.
pub(crate) fn end(endpoint: Endpoint) -> String {
    std::net::SocketAddr::new(endpoint.address, endpoint.port).to_string()
}
