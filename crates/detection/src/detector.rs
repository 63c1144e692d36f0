//! What a detector is.

use crate::{Condition, Conditions, Evidence, Settings};
use enrichment::Enriched;
use finding::{Severity, Tactic, Technique};

/// What a detector needs from the kernel; the sensor loads only what an enabled detector needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Need {
    /// exec, fork and exit tracepoints.
    Lifecycle,
    /// The socket state tracepoint.
    SocketState,
}

/// What is said of a detector; its documentation page is made from this.
#[derive(Debug)]
pub struct Metadata {
    /// Name of its findings.
    pub category: &'static str,
    /// Name in settings.
    pub module: &'static str,
    /// Severity of its findings.
    pub severity: Severity,
    /// Enabled unless settings say otherwise.
    pub on_by_default: bool,
    /// What it detects and how, for the reader of a finding. Markdown.
    pub prose: &'static str,
    /// ATT&CK tactic.
    pub tactic: Tactic,
    /// ATT&CK techniques, a sub-technique with its parent.
    pub techniques: &'static [Technique],
    /// Further tactics.
    pub additional_tactics: &'static [Tactic],
    /// Further ATT&CK technique ids, for those that the enumeration lacks.
    pub additional_technique_ids: &'static [&'static str],
    /// What its evidence holds.
    pub evidence: &'static [&'static str],
    /// What it needs from the kernel.
    pub needs: &'static [Need],
    /// A harmless command that a container can run and that must produce the finding; `{PORT}` is a listener on
    /// loopback.
    pub reproduction: &'static str,
}

/// Recognises one kind of attack. Cannot fail, block or look anything up.
pub trait Detector: Send + Sync {
    /// Name, severity, prose.
    fn metadata(&self) -> &'static Metadata;

    /// Walks through the conditions of an attack of this kind; the evidence, where all of them hold.
    fn examine(
        &self,
        enriched: &Enriched,
        settings: &Settings,
        conditions: &mut Conditions,
    ) -> Option<Evidence>;

    /// The evidence, when the event is an attack of this kind.
    fn detect(&self, enriched: &Enriched, settings: &Settings) -> Option<Evidence> {
        let mut conditions = Conditions::for_engine();
        self.examine(enriched, settings, &mut conditions).filter(|_| conditions.hold())
    }

    /// Each condition as it stands for the event. The event is an attack of this kind when all of them hold.
    fn conditions(&self, enriched: &Enriched, settings: &Settings) -> Vec<Condition> {
        let mut conditions = Conditions::for_reader();
        self.examine(enriched, settings, &mut conditions);
        conditions.into_kept()
    }
}
