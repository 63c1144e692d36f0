//! Arguments of those commands with which an administrator runs a server.

use super::{FormOf, Server, ShowForm};
use clap::{Args, Subcommand};
use finding::{Scope, Timestamp};
use std::path::PathBuf;

/// For what the command is: everything, or one organization.
#[derive(Args)]
pub(crate) struct At {
    #[command(flatten)]
    pub(crate) server: Server,
    /// Where: organizations/ID, or organizations/- for the whole server.
    #[arg(long, value_name = "PARENT", default_value = "organizations/-", value_parser = scope)]
    pub(crate) parent: Scope,
}

/// Lists of it.
#[derive(Args)]
pub(crate) struct Listing {
    #[command(flatten)]
    pub(crate) at: At,
    /// Stop after this many; 0 for all.
    #[arg(long, default_value_t = 100)]
    pub(crate) limit: u64,
    #[command(flatten)]
    pub(crate) form: FormOf,
}

/// A role, everywhere or within one parent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Grant {
    pub(crate) role: String,
    pub(crate) parent: Option<String>,
}

/// What a token or key may do, and how long.
#[derive(Args)]
pub(crate) struct Granting {
    /// A role, everywhere or with @PARENT within organizations/ID, folders/ID or projects/ID; may be given several times.
    #[arg(long, required = true, value_name = "ROLE[@PARENT]", value_parser = grant)]
    pub(crate) role: Vec<Grant>,
    /// When it ends: 12h, 90d. Default: when it is revoked.
    #[arg(long, value_name = "TIME", value_parser = life)]
    pub(crate) expires: Option<u64>,
}

#[derive(Subcommand)]
pub(crate) enum Tokens {
    /// Make a token, and print it: it is shown this once.
    Create(TokenCreate),
    /// List tokens.
    List(Listing),
    /// Revoke a token.
    Revoke(TokenRevoke),
}

#[derive(Args)]
pub(crate) struct TokenCreate {
    #[command(flatten)]
    pub(crate) at: At,
    /// Its name: 1 to 64 letters, digits, '-', '_' or '.'.
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) granting: Granting,
}

#[derive(Args)]
pub(crate) struct TokenRevoke {
    #[command(flatten)]
    pub(crate) at: At,
    /// Its name.
    pub(crate) name: String,
}

#[derive(Subcommand)]
pub(crate) enum ServiceAccounts {
    /// Make a key of a service account, and save its file: it is given out this once.
    CreateKey(KeyCreate),
    /// List the keys of one service account, or of all.
    ListKeys(KeysList),
    /// Revoke a key, and the access tokens that it was given.
    RevokeKey(KeyRevoke),
}

#[derive(Args)]
pub(crate) struct KeyCreate {
    #[command(flatten)]
    pub(crate) at: At,
    /// Name of the account: 1 to 64 letters, digits, '-', '_' or '.'.
    pub(crate) account: String,
    #[command(flatten)]
    pub(crate) granting: Granting,
    /// File to make, readable by you alone.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// Let it replace a file that is there: the key in it still counts, and is lost.
    #[arg(long)]
    pub(crate) overwrite: bool,
}

#[derive(Args)]
pub(crate) struct KeysList {
    /// The account, by its name or its whole address.
    #[arg(default_value = "-", hide_default_value = true)]
    pub(crate) account: String,
    #[command(flatten)]
    pub(crate) listing: Listing,
}

#[derive(Args)]
pub(crate) struct KeyRevoke {
    #[command(flatten)]
    pub(crate) at: At,
    /// Its id, `private_key_id` in its file.
    pub(crate) key: String,
}

#[derive(Subcommand)]
pub(crate) enum Sensors {
    /// List sensors and how they do.
    List(Listing),
    /// Show everything that is known of one sensor.
    Show(SensorShow),
    /// Make a certificate for a node, and save it with its key: it is given out this once.
    Certificate(SensorCertificate),
    /// Revoke a node's certificate, or take that back.
    Revoke(SensorRevoke),
    /// List revoked certificates.
    ListRevoked(Listing),
}

#[derive(Args)]
pub(crate) struct SensorShow {
    #[command(flatten)]
    pub(crate) at: At,
    /// The sensor: CLUSTER/NODE.
    #[arg(value_name = "CLUSTER/NODE", value_parser = node)]
    pub(crate) node: Node,
    /// Form of the answer.
    #[arg(short, long, visible_alias = "format", value_enum, default_value_t = ShowForm::Yaml)]
    pub(crate) output: ShowForm,
}

/// A node of a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) cluster: String,
    pub(crate) node: String,
}

#[derive(Args)]
pub(crate) struct SensorCertificate {
    #[command(flatten)]
    pub(crate) server: Server,
    /// The node: CLUSTER/NODE.
    #[arg(value_name = "CLUSTER/NODE", value_parser = node)]
    pub(crate) node: Node,
    /// File to make with the certificate and its key (PEM), readable by you alone.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// Let it replace a file that is there.
    #[arg(long)]
    pub(crate) overwrite: bool,
    /// File to make with the authority's certificate (PEM), which the sensor trusts; - prints it.
    #[arg(long, value_name = "FILE")]
    pub(crate) authority_out: Option<PathBuf>,
    /// How long it counts: 12h, 90d. A sensor that is connected renews it by itself.
    #[arg(long, value_name = "TIME", default_value = "24h", value_parser = life)]
    pub(crate) life: u64,
}

#[derive(Args)]
pub(crate) struct SensorRevoke {
    #[command(flatten)]
    pub(crate) server: Server,
    /// SHA-256 of one certificate (64 hexadecimal digits, with or without colons), or the node, all of whose certificates until
    /// now are revoked: whoever stole one may have renewed it.
    #[arg(value_name = "FINGERPRINT|CLUSTER/NODE")]
    pub(crate) what: String,
    /// Why.
    #[arg(long, default_value = "")]
    pub(crate) reason: String,
    /// Let the certificate count again. A node is given a new one instead.
    #[arg(long, conflicts_with = "reason")]
    pub(crate) undo: bool,
}

#[derive(Subcommand)]
pub(crate) enum Audit {
    /// List who did what, the newest first.
    List(AuditList),
}

#[derive(Args)]
pub(crate) struct AuditList {
    #[command(flatten)]
    pub(crate) listing: Listing,
    /// Not before this: RFC 3339, or how long ago (15m, 6h, 2d).
    #[arg(long, value_name = "TIME", value_parser = crate::findings::moment)]
    pub(crate) since: Option<Timestamp>,
    /// Before this.
    #[arg(long, value_name = "TIME", value_parser = crate::findings::moment)]
    pub(crate) until: Option<Timestamp>,
    /// Only by this one: token:NAME, user:SUBJECT, serviceAccount:EMAIL, kubernetes:USER.
    #[arg(long)]
    pub(crate) principal: Option<String>,
    /// Only this: findings.setMute, tokens.create, ….
    #[arg(long)]
    pub(crate) method: Option<String>,
}

#[derive(Subcommand)]
pub(crate) enum Outputs {
    /// List notification configs and what became of their messages.
    List(Listing),
    /// Send a made-up finding to an output.
    Test(OutputOf),
    /// List what could not be delivered to an output, the oldest first.
    DeadLetters(DeadLetters),
    /// Send what could not be delivered again.
    Replay(OutputOf),
}

#[derive(Args)]
pub(crate) struct OutputOf {
    #[command(flatten)]
    pub(crate) at: OutputAt,
    /// The notification config: its full name, or its id; without --parent it is looked for under every parent.
    pub(crate) config: String,
}

#[derive(Args)]
pub(crate) struct OutputAt {
    #[command(flatten)]
    pub(crate) server: Server,
    /// Where the config is, when only its id is given: {organizations|folders|projects}/ID.
    #[arg(long, value_name = "PARENT", default_value = "organizations/-", value_parser = scope)]
    pub(crate) parent: Scope,
}

#[derive(Args)]
pub(crate) struct DeadLetters {
    #[command(flatten)]
    pub(crate) of: OutputOf,
    /// Stop after this many; 0 for all.
    #[arg(long, default_value_t = 100)]
    pub(crate) limit: u64,
    #[command(flatten)]
    pub(crate) form: FormOf,
}

pub(super) fn scope(text: &str) -> Result<Scope, String> {
    let text = text.trim_matches('/');
    let parent: Option<finding::Parent> = format!("{text}/sources/-").parse().ok();
    let scope = parent.map(|parent| parent.scope().clone()).filter(|scope| scope.to_string() == text);
    scope.ok_or_else(|| format!("{text:?} is not organizations/ID, folders/ID or projects/ID"))
}

fn grant(text: &str) -> Result<Grant, String> {
    let (role, parent) = match text.split_once('@') {
        None => (text, None),
        Some((role, parent)) => (role, Some(scope(parent)?.to_string())),
    };
    if role.is_empty() || !role.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return Err(format!("{role:?} is no role; write one such as viewer, or viewer@projects/shop"));
    }
    Ok(Grant { role: role.to_owned(), parent })
}

fn node(text: &str) -> Result<Node, String> {
    match text.split('/').collect::<Vec<_>>()[..] {
        [cluster, node] if !cluster.is_empty() && !node.is_empty() => {
            Ok(Node { cluster: cluster.to_owned(), node: node.to_owned() })
        }
        _ => Err(format!("{text:?} is not CLUSTER/NODE")),
    }
}

/// Seconds.
fn life(text: &str) -> Result<u64, String> {
    let wrong = || format!("{text:?} is not a duration; write it like 30m, 12h or 90d");
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let unit = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err(wrong()),
    };
    let number: u32 = number.parse().map_err(|_| wrong())?;
    if number == 0 { Err(wrong()) } else { Ok(u64::from(number) * unit) }
}

#[cfg(test)]
mod tests {
    use super::{Grant, grant, life, node, scope};

    #[test]
    fn roles_may_be_limited_and_nothing_else_is_read_into_them() {
        let of =
            |role: &str, parent: Option<&str>| Grant { role: role.into(), parent: parent.map(Into::into) };
        assert_eq!(grant("viewer"), Ok(of("viewer", None)));
        assert_eq!(
            grant("editor@projects/example.com:shop"),
            Ok(of("editor", Some("projects/example.com:shop")))
        );
        for wrong in
            ["", "@projects/p", "viewer@", "viewer@nonsense", "Viewer", "viewer@projects/p/sources/s"]
        {
            assert!(grant(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn words_of_the_command_line_are_checked_before_anything_is_asked() {
        assert_eq!((life("30m"), life("12h"), life("90d")), (Ok(1_800), Ok(43_200), Ok(7_776_000)));
        for wrong in ["", "90", "0d", "d", "-1d", "1.5h", "99999999999d", "1w"] {
            assert!(life(wrong).is_err(), "{wrong:?}");
        }
        assert!(node("prod/node-1").is_ok());
        for wrong in ["", "prod", "prod/", "/n", "a/b/c"] {
            assert!(node(wrong).is_err(), "{wrong:?}");
        }
        assert_eq!(scope("organizations/-/").map(|scope| scope.to_string()), Ok("organizations/-".into()));
        assert!(scope("organizations").is_err());
    }
}
