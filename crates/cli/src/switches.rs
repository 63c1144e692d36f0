//! Which detectors run, as the settings of the API say: the sensor of this process follows them.

use api::Module;
use sensor::Controls;
use server::{Ancestors, places};
use std::sync::Arc;
use std::time::Duration;
use store::DocumentStore;

/// How often the settings are looked at.
const LOOK: Duration = Duration::from_secs(2);

/// Follows them, for ever. While nobody has said anything, the sensor's own configuration holds.
pub(crate) async fn follow(
    documents: Arc<dyn DocumentStore>,
    modules: Vec<Module>,
    ancestors: Ancestors,
    controls: Controls,
) {
    let mut known = None;
    loop {
        let places = places(&findings::resource(&controls.place()), &*ancestors);
        match api::modules_along(&*documents, &modules, &places).await {
            Ok(said) => {
                let on =
                    said.map(|said| said.into_iter().filter(|(_, on)| *on).map(|(name, _)| name).collect());
                if on != known {
                    let who =
                        if on.is_some() { "the settings of the API say" } else { "the configuration says" };
                    tracing::info!("{who} from now on which detectors run");
                    controls.set_modules(on.clone());
                    known = on;
                }
            }
            Err(error) => {
                tracing::warn!("detectors stay as they are: their settings cannot be read ({error})")
            }
        }
        tokio::time::sleep(LOOK).await;
    }
}
