//! `vedette console`: the address at which the console opens, signed in.

use crate::arguments::Console;
use crate::client::Client;
use crate::findings::lookup;
use anyhow::{Result, bail};
use std::io::{self, Write as _};

/// The token stands behind `#`, which browsers do not send, and the page takes it out of the address at once.
pub(crate) fn run(options: &Console) -> Result<()> {
    let client = Client::new(&options.server.url)?;
    let Some(token) = client.token() else {
        bail!(
            "no token was given, and {} is not a Vedette of this machine; give --token-file",
            client.server()
        );
    };
    let path = match &options.finding {
        Some(wanted) => format!("finding/{}", lookup::name(&lookup::finding(&client, wanted)?)?),
        None => {
            client.may_read()?;
            String::new()
        }
    };
    writeln!(io::stdout(), "{}/{path}#token={token}", client.server().trim_end_matches('/'))?;
    Ok(())
}
