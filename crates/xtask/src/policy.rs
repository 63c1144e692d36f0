//! The house rules as tables: the one place to change when a rule changes. `layers` and `tidy` enforce them.

/// The highest floor there is; see ARCHITECTURE.md.
pub(crate) const TOP_FLOOR: u64 = 4;

/// The lowest floor that may touch the world.
pub(crate) const EDGE_FLOOR: u64 = 3;

/// The highest floor whose sources may not even name a door to the world in the standard library.
pub(crate) const PURE_FLOOR: u64 = 1;

/// Foreign libraries that read, write, wait, spawn or ask the time. A name ending in `*` is a prefix.
pub(crate) const IO_LIBRARIES: &[&str] = &[
    "async-nats",
    "axum",
    "aya",
    "h2",
    "hyper*",
    "inotify",
    "k8s-cri",
    "kube*",
    "libbpf-*",
    "libc",
    "mio",
    "nats",
    "nix",
    "notify",
    "object_store",
    "opentelemetry*",
    "parquet",
    "datafusion*",
    "procfs",
    "reqwest",
    "rusqlite",
    "rustix",
    "rustls*",
    "socket2",
    "sqlx*",
    "tempfile",
    "tokio*",
    "tonic*",
    "tower*",
    "tracing-subscriber",
    "ureq",
    "walkdir",
];

/// Foreign libraries that any crate (of a floor that allows them) may name, and why one door would not help.
pub(crate) const EVERYWHERE: &[(&str, &str)] = &[
    ("anyhow", "the error type of roles; below floor 4 `ONLY_FROM` refuses it"),
    ("async-trait", "a macro; leaves no type in a signature that anyone names"),
    ("proptest", "tests only"),
    ("rustix", "typed system calls without state; each edge asks the kernel its own questions"),
    ("serde", "derives; the words themselves say how they are spelt"),
    ("serde_json", "the spelling of findings, of records for replay and of every wire answer"),
    ("sha2", "one function, pure"),
    ("thiserror", "derives; leaves no type in a signature"),
    ("tokio", "the executor of every edge and role; its types stay inside them"),
    ("tracing", "macros; who listens is decided in a role"),
];

/// Foreign libraries that more than one crate, but not every crate, may name: library, crates, reason.
pub(crate) const SHARED_BY: &[(&str, &[&str], &str)] = &[
    (
        "axum",
        &["api", "certificates", "console", "server", "cli", "sensor"],
        "roles mount what the wire contract defines; a TLS listener is one that it serves",
    ),
    (
        "base64",
        &["api", "cli", "notifications"],
        "key files travel as Google's IAM API writes them; signatures and Pub/Sub messages are written so",
    ),
    (
        "clap",
        &["sensor", "server", "responder", "cli", "bench", "e2e", "vedette"],
        "arguments are read in roles",
    ),
    ("crossbeam-channel", &["sensor", "probes", "cli"], "the pipeline's channels end at the probe reader"),
    ("futures-core", &["store-sqlite", "store-postgres"], "the trait of a stream of rows"),
    (
        "hyper-util",
        &["container-runtime", "server"],
        "one calls the runtime's socket; one serves the API with bounds of its own",
    ),
    ("mimalloc", &["cli", "bench"], "what runs decides how it gets memory; the benchmark as the server"),
    ("prost", &["container-runtime", "intake"], "two contracts: the runtime's and the sensors'"),
    ("prometheus-client", &["sensor", "server", "api"], "each role counts for itself and api prints"),
    ("reqwest", &["identity", "notifications"], "asks identity providers; calls outputs"),
    (
        "rustls",
        &["certificates", "notifications", "cli"],
        "serves and calls with own certificates; calls syslog receivers",
    ),
    (
        "serde-saphyr",
        &["sensor", "server", "yaml"],
        "each role reads its own configuration; yaml words its errors",
    ),
    ("sqlx", &["store-sqlite", "store-postgres"], "one library, two databases"),
    (
        "tempfile",
        &["api", "cli", "bench"],
        "a file or a folder that goes away with its user; an archive stands in one until it was sent",
    ),
    ("tokio-rustls", &["certificates", "notifications"], "as rustls"),
    ("tonic", &["container-runtime", "intake"], "two contracts: the runtime's and the sensors'"),
    ("tonic-prost", &["container-runtime", "intake"], "as tonic"),
    (
        "tracing-subscriber",
        &["sensor", "server", "responder", "cli", "vedette"],
        "each role decides who listens",
    ),
    (
        "ureq",
        &["cli", "cloud"],
        "the API and the cloud's metadata are asked by different programs, each with bounds of its own",
    ),
];

/// Foreign libraries that need a minimum floor though they do no I/O: library, floor, reason.
pub(crate) const ONLY_FROM: &[(&str, u64, &str)] = &[
    ("anyhow", 4, "an untyped error hides its subject; floors 0 to 3 name theirs"),
    ("clap", 4, "arguments belong to roles"),
];

/// Words that open a door to the world; forbidden in the sources of floors 0 and 1 (tests aside).
pub(crate) const WORLDLY_WORDS: &[&str] = &[
    "std::fs",
    "std::process",
    "std::env",
    "std::thread",
    "std::os::unix::net",
    "std::os::fd",
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "ToSocketAddrs",
    "SystemTime",
    "Instant",
    "stdin()",
    "stdout()",
    "stderr()",
    "println!",
    "eprintln!",
    "print!",
    "eprint!",
];

/// Lines of product code that one file may have; tests do not count.
pub(crate) const LINES_PER_FILE: usize = 600;

/// Names that say nothing about what a module holds.
pub(crate) const EMPTY_NAMES: &[&str] =
    &["common", "core", "helper", "helpers", "manager", "misc", "shared", "types", "util", "utils"];

/// Marks of unfinished work; an issue is the place for it. Spelt in halves so that this file passes its own check.
pub(crate) const UNFINISHED: &[&str] =
    &[concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X:"), concat!("HA", "CK:")];

/// Does `name` match one of `patterns`, where a trailing `*` stands for any rest?
pub(crate) fn matches_any(name: &str, patterns: &[&str]) -> bool {
    patterns.iter().any(|pattern| match pattern.strip_suffix('*') {
        Some(prefix) => name.starts_with(prefix),
        None => *pattern == name,
    })
}
