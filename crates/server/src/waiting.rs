//! A server that is there before its database: it says so to whoever asks, and goes on when the database comes.

use std::io;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use certificates::{Admission, ServerTls, TlsListener};
use store::StoreError;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::configuration::Configuration;
use crate::{Door, Opened, RoleError, ServeError, Settings, listen};

/// A database that answers within this time is not waited for in public: whoever asks meanwhile gets the answer then.
const GRACE: Duration = Duration::from_secs(1);

/// The first pause between two tries, and the longest; each is twice as long as the one before.
const PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Opens the database. While it is away, what asks at `listener` is told so.
///
/// # Errors
/// [`RoleError`] for what waiting does not mend, such as a wrong password; [`ServeError`] when the door cannot be opened.
pub async fn open(
    data: &Path,
    configuration: &Configuration,
    listener: &TcpListener,
    settings: &Settings,
) -> Result<Opened, OpenError> {
    let mut opening = pin!(keep_opening(data, configuration));
    if let Ok(opened) = tokio::time::timeout(GRACE, &mut opening).await {
        return Ok(opened?);
    }
    let (stop, stopped) = oneshot::channel();
    answer(listener, settings, stopped)?;
    let opened = opening.await;
    // what was asked is still answered, and the next one who comes meets the server itself
    let _ = stop.send(());
    Ok(opened?)
}

/// A server cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The database cannot be used.
    #[error(transparent)]
    Role(#[from] RoleError),
    /// Its door cannot be opened.
    #[error(transparent)]
    Serve(#[from] ServeError),
}

/// Answers at the door that the server itself will have, until it is `stopped`.
fn answer(
    listener: &TcpListener,
    settings: &Settings,
    stopped: oneshot::Receiver<()>,
) -> Result<(), ServeError> {
    let listener = again(listener).map_err(ServeError::Api)?;
    let limits = listen::bounds_of_this_process(settings.behind_proxy);
    let router = api::away(settings.hosts.clone());
    let until = async move {
        let _ = stopped.await;
    };
    match &settings.door {
        Door::Plain => {
            tokio::spawn(listen::serve(listener, router, Some(Admission::new(limits)), until));
        }
        Door::Tls(files) => {
            let tls = Arc::new(ServerTls::open(files.clone(), &[b"http/1.1"])?);
            let listener = TlsListener::new(listener, tls, limits).map_err(ServeError::Api)?;
            tokio::spawn(listen::serve(listener, router, None, until));
        }
    }
    Ok(())
}

/// The same socket once more: when this one is closed, nobody who is connecting is turned away.
fn again(listener: &TcpListener) -> io::Result<TcpListener> {
    use std::os::fd::AsFd;
    let socket = listener.as_fd().try_clone_to_owned()?;
    TcpListener::from_std(socket.into())
}

/// Until the database is there, or says what waiting does not mend.
async fn keep_opening(data: &Path, configuration: &Configuration) -> Result<Opened, RoleError> {
    let (mut said, mut pause) = (String::new(), PAUSE);
    loop {
        match Opened::open(data, configuration.database.as_ref(), configuration.evidence).await {
            Err(RoleError::Database { source: error @ StoreError::Away { .. }, .. }) => {
                let text = error.to_string();
                if text != said {
                    tracing::warn!("{text}; until then the API answers UNAVAILABLE");
                    said = text;
                }
                tokio::time::sleep(pause).await;
                pause = LONGEST_PAUSE.min(pause * 2);
            }
            Ok(opened) => {
                if !said.is_empty() {
                    tracing::info!("the database is there");
                }
                return Ok(opened);
            }
            Err(error) => return Err(error),
        }
    }
}
