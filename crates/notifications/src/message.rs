//! What is told: one change of one finding.

use finding::{FindingName, FindingResource, State};
use finding_shapes::Happening;
use serde_json::Value;
use sha2::{Digest, Sha256};
use store::{ChangeCursor, ChangeKind};

use crate::Settings;
use crate::output::{Output, Shape};

/// A message for one output.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    /// The same whenever this change is sent to this output again.
    pub(crate) id: String,
    pub(crate) happening: Happening,
    pub(crate) item: FindingResource,
}

/// The id of a change for a config.
pub(crate) fn message_id(config: &str, cursor: ChangeCursor, finding: &FindingName) -> String {
    let text = format!("{config}\n{}\n{}\n{finding}", cursor.transaction, cursor.sequence);
    let digest = Sha256::digest(text.as_bytes());
    let hex: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("msg_{hex}")
}

/// What happened, with regard to how the finding is now.
pub(crate) fn happening(kind: ChangeKind, item: &FindingResource) -> Happening {
    match kind {
        _ if item.finding.state == State::Inactive => Happening::Closed,
        ChangeKind::Created => Happening::Created,
        ChangeKind::Updated | ChangeKind::Amended => Happening::Updated,
    }
}

impl Message {
    pub(crate) fn new(
        id: String,
        happening: Happening,
        mut item: FindingResource,
        settings: &Settings,
    ) -> Self {
        if let Some(console) = &settings.console
            && item.finding.external_uri.is_empty()
        {
            // a name has nothing that would have to be escaped in a path
            item.finding.external_uri = format!("{console}/finding/{}", item.finding.name);
        }
        Self { id, happening, item }
    }

    /// In the output's shape.
    pub(crate) fn shaped(&self, output: &Output) -> Value {
        match output.shape {
            Shape::SccV2 => finding_shapes::notification_v2(&output.config, &self.item),
            Shape::SccV1 => finding_shapes::notification_v1(&output.config, &self.item),
            Shape::Ocsf => finding_shapes::ocsf(self.happening, &self.item),
            Shape::Falco => finding_shapes::falco(&self.item),
        }
    }
}
