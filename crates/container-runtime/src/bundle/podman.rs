//! The list of containers that podman and CRI-O share: `overlay-containers/containers.json`.

use event::ContainerId;
use serde::Deserialize;

use super::{Told, digest_of, nanoseconds};

#[derive(Debug, Deserialize)]
struct Stored {
    id: String,
    #[serde(default)]
    names: Vec<String>,
    #[serde(default)]
    image: String,
    #[serde(default)]
    metadata: String,
    #[serde(default)]
    created: String,
}

#[derive(Debug, Default, Deserialize)]
struct Metadata {
    #[serde(default, rename = "image-name")]
    image_name: String,
    #[serde(default)]
    name: String,
}

/// What the list tells about `id`.
pub(crate) fn stored(bytes: &[u8], id: &ContainerId) -> Option<Told> {
    let list: Vec<Stored> = serde_json::from_slice(bytes).ok()?;
    let found = list.into_iter().find(|stored| stored.id == id.as_str())?;
    let metadata: Metadata = serde_json::from_str(&found.metadata).unwrap_or_default();
    let listed = found.names.into_iter().next().unwrap_or_default();
    Some(Told {
        name: if metadata.name.is_empty() { listed } else { metadata.name },
        image: metadata.image_name,
        digest: digest_of(&found.image),
        created_ns: nanoseconds(&found.created),
        ..Told::default()
    })
}

#[cfg(test)]
mod tests {
    use event::ContainerId;

    use super::stored;

    #[test]
    fn the_list_names_container_and_image() {
        let id = ContainerId::new(&"c".repeat(64)).unwrap();
        let digits = "2".repeat(64);
        let list = format!(
            r#"[{{"id":"other"}},{{"id":"{id}","names":["web"],"image":"{digits}","layer":"l","created":"2026-01-02T03:04:05Z",
                "metadata":"{{\"image-name\":\"localhost/x:1\",\"image-id\":\"{digits}\",\"name\":\"web\"}}"}}]"#
        );
        let told = stored(list.as_bytes(), &id).unwrap();
        assert_eq!((told.name.as_str(), told.image.as_str()), ("web", "localhost/x:1"));
        assert_eq!(told.digest, format!("sha256:{digits}"));
        assert!(stored(b"{}", &id).is_none());
    }
}
