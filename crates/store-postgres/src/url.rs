//! What a database's URL says behind the `?`, looked at before anybody logs it.

use std::fs::File;
use std::io;

/// What is understood; `sslpassword`, for one, is not, and nothing would say so but a log that shows it.
const KNOWN: [&str; 17] = [
    "application_name",
    "dbname",
    "host",
    "hostaddr",
    "options",
    "password",
    "port",
    "ssl-ca",
    "ssl-cert",
    "ssl-key",
    "ssl-mode",
    "ssl-root-cert",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "user",
];

/// Those that name files.
const FILES: [&str; 7] =
    ["ssl-ca", "ssl-cert", "ssl-key", "ssl-root-cert", "sslcert", "sslkey", "sslrootcert"];

/// What will never work, without any value but a file's name.
pub(crate) fn examine(url: &str) -> io::Result<()> {
    let (_, said) = url.split_once('?').unwrap_or_default();
    for pair in said.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        if !KNOWN.contains(&name) && !name.starts_with("options[") {
            let name: String = name.chars().take(40).collect();
            let known = KNOWN.join(", ");
            return Err(io::Error::other(format!("there is no parameter {name:?}; use {known}")));
        }
        // what is spelt with % is read by whoever connects
        if FILES.contains(&name) && !value.contains('%') {
            File::open(value).map_err(|error| io::Error::other(format!("{name}: {value}: {error}")))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::examine;

    #[test]
    fn what_is_not_understood_is_named_without_its_value() {
        let said = examine("postgres://a:b@h/d?sslmode=require&sslpassword=KeyPass").unwrap_err().to_string();
        assert!(said.contains("sslpassword") && !said.contains("KeyPass"), "{said}");
        for good in
            ["postgres://h/d", "postgres://h/d?", "postgres://h/d?sslmode=verify-full&options[jit]=off"]
        {
            assert!(examine(good).is_ok(), "{good}");
        }
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let said = examine("postgres://h/d?sslrootcert=/nonexistent/ca.pem").unwrap_err().to_string();
        assert!(said.contains("sslrootcert: /nonexistent/ca.pem"), "{said}");
        assert!(examine("postgres://h/d?sslrootcert=/dev/null").is_ok());
    }
}
