//! Damaged files, newer files, full disks, sudden death.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use finding::Timestamp;
use sqlx::{AssertSqlSafe, Connection, SqliteConnection};
use store::contract::{everything, example, name};
use store::{
    EvidenceKind, EvidenceMeta, EvidenceStore, FindingStore, Part, Received, Sha256, StoreError, Upserted,
};
use store_sqlite::SqliteStore;

const NOW: Timestamp = Timestamp::from_nanos(1);

async fn open(folder: &Path) -> SqliteStore {
    SqliteStore::open(folder).await.unwrap()
}

async fn refusal(folder: &Path) -> StoreError {
    match SqliteStore::open(folder).await {
        Ok(_) => panic!("the store opened"),
        Err(error) => error,
    }
}

async fn execute(database: &Path, sql: &str) {
    let url = format!("sqlite://{}?mode=rwc", database.display());
    let mut connection = SqliteConnection::connect(&url).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

async fn filled(folder: &Path, findings: i64) {
    let store = open(folder).await;
    for n in 0..findings {
        store.upsert(&example(n), 1, NOW).await.unwrap();
    }
    store.close().await;
}

#[tokio::test]
async fn what_was_closed_opens_again_with_everything() {
    let folder = tempfile::tempdir().unwrap();
    filled(folder.path(), 30).await;
    let store = open(folder.path()).await;
    assert_eq!(store.list(everything()).await.unwrap().total_size, 30);
    assert_eq!(store.upsert(&example(3), 1, NOW).await.unwrap(), Upserted::Unchanged);
    store.close().await;
    assert!(matches!(store.upsert(&example(4), 1, NOW).await, Err(StoreError::Closed { .. })));
}

#[tokio::test]
async fn only_the_owner_may_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data/store");
    let store = open(&path).await;
    store.upsert(&example(1), 1, NOW).await.unwrap();
    for (file, mode) in [("", 0o700), ("findings.db", 0o600), ("findings.db-wal", 0o600), ("evidence", 0o700)]
    {
        assert_eq!(fs::metadata(path.join(file)).unwrap().permissions().mode() & 0o777, mode, "{file:?}");
    }
}

#[tokio::test]
async fn a_damaged_file_is_named_and_left_untouched() {
    let noise: Vec<u8> = (0..20_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let source = tempfile::tempdir().unwrap();
    filled(source.path(), 200).await;
    let whole = fs::read(source.path().join("findings.db")).unwrap();
    let mut scribbled = whole.clone();
    scribbled[8192..40_960].fill(0xEE);
    for (what, bytes) in
        [("noise", noise), ("cut", whole[..whole.len() / 2].to_vec()), ("scribbled", scribbled)]
    {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("findings.db");
        fs::write(&path, &bytes).unwrap();
        let error = refusal(folder.path()).await;
        assert!(matches!(error, StoreError::Corrupt { .. }), "{what}: {error:?}");
        let message = error.to_string();
        assert!(message.contains(path.to_str().unwrap()) && message.contains("left untouched"), "{message}");
        assert!(message.contains("mv '"), "{message}");
        assert_eq!(fs::read(&path).unwrap(), bytes, "{what}: the file changed");
    }
}

#[tokio::test]
async fn a_newer_file_is_refused_with_both_versions() {
    let folder = tempfile::tempdir().unwrap();
    filled(folder.path(), 1).await;
    let path = folder.path().join("findings.db");
    execute(&path, "PRAGMA user_version = 900").await;
    let before = fs::read(&path).unwrap();
    let error = refusal(folder.path()).await;
    assert!(matches!(error, StoreError::Newer { found: 900, supported: 7, .. }), "{error:?}");
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[tokio::test]
async fn another_programs_database_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    execute(&folder.path().join("findings.db"), "CREATE TABLE recipes (name TEXT)").await;
    let error = refusal(folder.path()).await;
    assert!(error.to_string().contains("another program"), "{error}");
}

#[tokio::test]
async fn damaged_evidence_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let meta = meta_of(1);
    let sha256 = store.put(b"as it was".to_vec(), meta).await.unwrap();
    let digits = sha256.to_string();
    let path = folder.path().join("evidence").join(&digits[..2]).join(&digits);
    fs::write(&path, "as it is").unwrap();
    let error = EvidenceStore::open(&store, sha256).await.unwrap_err();
    assert!(matches!(&error, StoreError::Corrupt { subject, .. } if *subject == path.display().to_string()));
}

#[tokio::test]
async fn half_written_evidence_of_a_crash_is_cleared() {
    let folder = tempfile::tempdir().unwrap();
    filled(folder.path(), 1).await;
    let draft = folder.path().join("evidence/incoming/7");
    fs::write(&draft, "half").unwrap();
    let _store = open(folder.path()).await;
    assert!(!draft.exists());
}

fn meta_of(n: i64) -> EvidenceMeta {
    EvidenceMeta {
        finding: name(n),
        kind: EvidenceKind::Other,
        name: "x".into(),
        taken_at: NOW,
        original_size: 1,
        truncated: false,
    }
}

/// A small file system of its own, gone with the value.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mount(megabytes: u32) -> Result<Self, String> {
        let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
        let options = std::ffi::CString::new(format!("size={megabytes}m")).map_err(|e| e.to_string())?;
        let flags = rustix::mount::MountFlags::empty();
        rustix::mount::mount("tmpfs", folder.path(), "tmpfs", flags, options.as_c_str())
            .map_err(|e| format!("mounting a tmpfs was refused: {e}"))?;
        Ok(Self(folder))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = rustix::mount::unmount(self.0.path(), rustix::mount::UnmountFlags::DETACH);
    }
}

#[tokio::test]
async fn a_full_disk_says_so_and_writing_goes_on_when_there_is_room() {
    let disk = match SmallDisk::mount(4) {
        Ok(disk) => disk,
        Err(reason) => return println!("skipped: {reason}"),
    };
    let folder = disk.0.path().join("data");
    let store = open(&folder).await;
    let unbounded = open(&folder).await.with_evidence_floor(0);
    store.upsert(&example(0), 1, NOW).await.unwrap();
    let ballast = disk.0.path().join("ballast");
    fs::write(&ballast, vec![1; 1 << 20]).unwrap();

    let mut large = example(0);
    large.finding.description = "x".repeat(100_000);
    let mut acknowledged = vec![0];
    let error = loop {
        let n = i64::try_from(acknowledged.len()).unwrap();
        large.finding.name = example(n).finding.name;
        match store.upsert(&large, 1, NOW).await {
            Ok(change) => assert_eq!(change, Upserted::Created),
            Err(error) => break error,
        }
        acknowledged.push(n);
        assert!(acknowledged.len() < 1000, "the disk never became full");
    };
    assert!(matches!(error, StoreError::Full { .. }), "{error:?}");
    assert!(error.to_string().contains("free some space"), "{error}");
    let error = store.put(vec![2; 4 << 20], meta_of(0)).await.unwrap_err();
    assert!(matches!(error, StoreError::Scarce { .. }), "{error:?}");
    let error = unbounded.put(vec![2; 1 << 20], meta_of(0)).await.unwrap_err();
    assert!(matches!(error, StoreError::Full { .. } | StoreError::Scarce { .. }), "{error:?}");
    assert_eq!(fs::read_dir(folder.join("evidence/incoming")).unwrap().count(), 0, "half a file was left");

    for n in &acknowledged {
        assert!(store.get(&name(*n)).await.unwrap().is_some(), "finding {n} was acknowledged");
    }
    fs::remove_file(&ballast).unwrap();
    assert_eq!(store.upsert(&large, 1, NOW).await.unwrap(), Upserted::Created);
    store.put(vec![2; 1000], meta_of(0)).await.unwrap();
    let total = store.list(everything()).await.unwrap().total_size;
    assert_eq!(total, acknowledged.len() as u64 + 1);
}

#[tokio::test]
async fn evidence_leaves_room_to_findings() {
    let disk = match SmallDisk::mount(64) {
        Ok(disk) => disk,
        Err(reason) => return println!("skipped: {reason}"),
    };
    let store = open(&disk.0.path().join("data")).await;
    let part = |offset: u64| Part {
        holder: "a".into(),
        sha256: Sha256::new([7; 32]),
        meta: meta_of(1),
        total: 1 << 20,
        offset,
        bytes: vec![1; 100_000],
        quota: u64::MAX,
    };
    assert_eq!(store.receive(part(0)).await.unwrap(), Received::Until(100_000));
    // a twentieth is 3.2 MiB
    let room = rustix::fs::statvfs(disk.0.path()).unwrap();
    let free = usize::try_from(room.f_bavail * room.f_frsize).unwrap();
    let ballast = disk.0.path().join("ballast");
    fs::write(&ballast, vec![1; free - (3 << 20)]).unwrap();
    let error = store.receive(part(100_000)).await.unwrap_err();
    assert!(matches!(error, StoreError::Scarce { .. }), "{error:?}");
    assert_eq!(store.upsert(&example(1), 1, NOW).await.unwrap(), Upserted::Created, "findings go on");
    // what is taken here is refused as well; what is here already costs nothing
    let error = store.put(vec![2; 100_000], meta_of(1)).await.unwrap_err();
    assert!(matches!(error, StoreError::Scarce { .. }), "{error:?}");
    let file = || fs::File::open(&ballast).unwrap();
    let error = store.put_file(file(), 100_000, Sha256::new([9; 32]), meta_of(1)).await.unwrap_err();
    assert!(matches!(error, StoreError::Scarce { .. }), "{error:?}");
    assert_eq!(store.evidence_of(&name(1)).await.unwrap(), []);
    // how much is to stay free can be said
    let store = open(&disk.0.path().join("data")).await.with_evidence_floor(2 << 20);
    store.put(vec![2; 100_000], meta_of(1)).await.unwrap();
    let error = store.put(vec![3; 1 << 20], meta_of(1)).await.unwrap_err();
    assert!(matches!(error, StoreError::Scarce { floor: 2_097_152, .. }), "{error:?}");
    fs::remove_file(&ballast).unwrap();
    assert_eq!(store.receive(part(100_000)).await.unwrap(), Received::Until(200_000));
}

#[tokio::test]
async fn evidence_that_was_kept_and_never_recorded_is_swept() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let recorded = store.put(b"recorded".to_vec(), meta_of(1)).await.unwrap();
    store.upsert(&example(1), 1, NOW).await.unwrap();
    let shelf = folder.path().join("evidence").join("07");
    let stray = shelf.join(Sha256::new([7; 32]).to_string());
    fs::create_dir_all(&shelf).unwrap();
    fs::write(&stray, "stray").unwrap();
    assert_eq!(store.sweep(Timestamp::from_nanos(0)).await.unwrap(), 0);
    assert!(stray.exists());
    assert_eq!(store.sweep(Timestamp::from_nanos(i64::MAX)).await.unwrap(), 1);
    assert!(!stray.exists());
    assert!(EvidenceStore::open(&store, recorded).await.unwrap().is_some());
}

const FOLDER: &str = "VEDETTE_TEST_STORE";

/// Not a test of its own: the process that [`sudden_death_loses_nothing_acknowledged`] kills.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "started by sudden_death_loses_nothing_acknowledged"]
async fn victim() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let store = std::sync::Arc::new(open(Path::new(&folder)).await);
    let mut writers = tokio::task::JoinSet::new();
    for worker in 0..8_i64 {
        let store = store.clone();
        writers.spawn(async move {
            for n in (worker..).step_by(8) {
                store.upsert(&example(n), 1, NOW).await.unwrap();
                println!("acknowledged {n}");
            }
        });
    }
    writers.join_all().await;
}

#[tokio::test]
async fn sudden_death_loses_nothing_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "victim", "--ignored", "--nocapture", "--test-threads=1"])
        .env(FOLDER, folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut acknowledged = Vec::new();
    for line in lines {
        let line = line.unwrap();
        if let Some((_, n)) = line.rsplit_once("acknowledged ") {
            acknowledged.push(n.parse::<i64>().unwrap());
        }
        if acknowledged.len() == 300 {
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    assert!(acknowledged.len() >= 300);
    let store = open(folder.path()).await;
    for n in acknowledged {
        assert!(store.get(&name(n)).await.unwrap().is_some(), "finding {n} was acknowledged and is lost");
    }
    let total = store.list(everything()).await.unwrap().total_size;
    assert!(total >= 300, "the tally survives as well: {total}");
}

/// A file as the first version of Vedette made it is brought up to date with everything in it.
#[tokio::test]
async fn a_file_of_the_first_schema_is_brought_up_to_date() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("findings.db");
    fs::write(&path, "").unwrap();
    execute(&path, include_str!("../migrations/0001_findings.sql")).await;
    execute(&path, "PRAGMA user_version = 1; PRAGMA application_id = 0x56647465").await;
    for n in 0..3 {
        let mut item = example(n);
        item.finding.state = finding::State::Active;
        item.finding.finding_class = finding::FindingClass::Threat;
        item.finding.module_name = "SOCAT".into();
        let name = &item.finding.name;
        let document = serde_json::to_string(&item).unwrap();
        execute(
            &path,
            &format!(
                "INSERT INTO findings (name, canonical_name, scope, canonical_scope, source, location, parent, category,
                    resource_name, state, severity, mute, event_time, create_time, pod_namespace, pod_name, container_id,
                    document)
                 VALUES ('{name}', '', 'projects/p', '', 'vedette', 'global', '', '{}', '', 1, 0, 0, {n}, {n}, '', '', '',
                    '{document}')",
                item.finding.category
            ),
        )
        .await;
    }
    let store = open(folder.path()).await;
    let mut query = store::contract::everything();
    query.filter = "state=ACTIVE AND finding_class=THREAT AND module_name=\"SOCAT\"".parse().unwrap();
    let page = store.list(query).await.unwrap();
    assert_eq!((page.total_size, page.results.len()), (3, 3));
    assert_eq!(store.upsert(&example(0), 1, NOW).await.unwrap(), Upserted::Updated);
}
