//! Notification configs: where findings are sent. The object `vedette` is ours: what a Pub/Sub topic cannot say.

use finding::Timestamp;
use serde_json::{Map, Value, json};
use store::DocumentKind;

use super::ConfigKind;
use crate::body::Body;
use crate::call::filter;
use crate::error::ApiError;

/// Notification configs.
pub(crate) const NOTIFICATION_CONFIG: ConfigKind = ConfigKind {
    documents: DocumentKind::NotificationConfig,
    collection: "notificationConfigs",
    noun: "notificationConfig",
    id_parameter: "configId",
    fields: &["description", "pubsubTopic", "streamingConfig", "vedette"],
    check,
    tells_history: false,
    enums: &[],
};

fn check(body: &Body, _: Option<&Map<String, Value>>, _: Timestamp) -> Result<Map<String, Value>, ApiError> {
    let mut fields = Map::new();
    let description = body.text("description", 1_024)?;
    if !description.is_empty() {
        fields.insert("description".into(), description.into());
    }
    let topic = body.text("pubsubTopic", 2_048)?;
    let is_plain = topic.chars().all(|c| !c.is_control() && !c.is_whitespace());
    let ours = body.object("vedette")?;
    if topic.is_empty() && ours.is_empty() || !is_plain {
        let reason = "it must say where to: projects/PROJECT/topics/TOPIC, or the URL of a receiver";
        return Err(ApiError::invalid("notificationConfig.pubsubTopic", &reason));
    }
    if !topic.is_empty() {
        fields.insert("pubsubTopic".into(), topic.into());
    }
    let streaming = Body(body.object("streamingConfig")?);
    let text = streaming.text("filter", finding_filter::LENGTH_MAX)?;
    filter("notificationConfig.streamingConfig.filter", &text)?;
    fields.insert("streamingConfig".into(), json!({"filter": text}));
    if !ours.is_empty() {
        fields.insert("vedette".into(), Value::Object(ours));
    }
    Ok(fields)
}
