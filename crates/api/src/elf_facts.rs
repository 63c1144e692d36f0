//! What the headers of kept executables say. The files are an attacker's: they are parsed by `programs`, which looks at a bounded
//! part and never fails, and what is told of them is bounded here.

use std::collections::{HashMap, VecDeque};
use std::sync::{LazyLock, Mutex, PoisonError};

use event::Text;
use programs::executable::{ElfFacts, Linkage, recognise};
use serde_json::{Value, json};
use store::{EvidenceItem, EvidenceKind, EvidenceStore, Sha256, StoreError};
use tokio::sync::Semaphore;

/// Larger ones are not read for this.
const SIZE_MAX: u64 = 64 << 20;
/// Pieces read for one answer; the next answer has more.
const PIECES_MAX: usize = 8;
/// Files whose facts are remembered: what is kept under a hash never changes.
const REMEMBERED: usize = 1_024;
/// Libraries that are named, and characters of each name.
const NEEDED_MAX: usize = 64;
const NAME_MAX: usize = 256;
/// Bytes of a build identifier; linkers write 8 to 32.
const BUILD_ID_MAX: usize = 64;

static KNOWN: LazyLock<Mutex<Known>> = LazyLock::new(Mutex::default);

/// One file at a time is in memory for this.
static ONE: Semaphore = Semaphore::const_new(1);

#[derive(Default)]
struct Known {
    facts: HashMap<Sha256, Option<Value>>,
    /// The oldest first.
    order: VecDeque<Sha256>,
}

impl Known {
    fn remember(&mut self, sha256: Sha256, facts: Option<Value>) {
        if self.facts.insert(sha256, facts).is_none() {
            self.order.push_back(sha256);
        }
        while self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.facts.remove(&oldest);
        }
    }
}

fn known(sha256: Sha256) -> Option<Option<Value>> {
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner).facts.get(&sha256).cloned()
}

/// The facts of those of some pieces that are ELF executables.
pub(crate) async fn of(
    store: &dyn EvidenceStore,
    items: &[EvidenceItem],
) -> Result<HashMap<Sha256, Value>, StoreError> {
    let mut found = HashMap::new();
    let mut left = PIECES_MAX;
    for item in items.iter().filter(|item| item.meta.kind == EvidenceKind::Executable) {
        let facts = match known(item.sha256) {
            Some(facts) => facts,
            None if left > 0 && item.size <= SIZE_MAX => {
                left -= 1;
                read(store, item.sha256).await?
            }
            None => None,
        };
        found.extend(facts.map(|facts| (item.sha256, without_guesses(facts, item.meta.truncated))));
    }
    Ok(found)
}

/// Of the beginning of a file alone, nobody can say that its symbols were removed.
fn without_guesses(mut facts: Value, is_truncated: bool) -> Value {
    if is_truncated && let Some(fields) = facts.as_object_mut() {
        fields.remove("stripped");
    }
    facts
}

async fn read(store: &dyn EvidenceStore, sha256: Sha256) -> Result<Option<Value>, StoreError> {
    // never closed
    let _alone = ONE.acquire().await.ok();
    if let Some(facts) = known(sha256) {
        return Ok(facts);
    }
    let Some(bytes) = store.open(sha256).await? else { return Ok(None) };
    let parsed = tokio::task::spawn_blocking(move || recognise(&bytes).elf.as_ref().map(written)).await;
    let facts = parsed.unwrap_or_else(|error| {
        tracing::error!(%sha256, %error, "an executable's headers could not be read");
        None
    });
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner).remember(sha256, facts.clone());
    Ok(facts)
}

fn written(facts: &ElfFacts) -> Value {
    let ElfFacts { header, linkage, interpreter, build_id, stripped, needed, .. } = facts;
    let named = |name: Option<&str>, number: u16| name.map_or_else(|| number.to_string(), str::to_owned);
    let names: Vec<String> = needed.iter().take(NEEDED_MAX).map(short).collect();
    let mut written = json!({
        "class": header.class(),
        "machine": named(header.machine_name(), header.machine),
        "type": named(header.type_name(), header.file_type),
        "static": matches!(linkage, Linkage::Static | Linkage::StaticPie),
        "stripped": stripped,
        "needed": names,
    });
    if needed.len() > NEEDED_MAX {
        written["neededTruncated"] = true.into();
    }
    if let Some(interpreter) = interpreter {
        written["interpreter"] = short(interpreter).into();
    }
    if let Some(id) = build_id.as_ref().filter(|id| !id.is_empty() && id.len() <= BUILD_ID_MAX) {
        let digits: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
        written["buildId"] = digits.into();
    }
    written
}

/// A name, cut with an ellipsis when it is longer than any that is meant.
fn short(text: &Text) -> String {
    let text = text.lossy();
    if text.chars().count() <= NAME_MAX {
        return text;
    }
    text.chars().take(NAME_MAX).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::{Known, REMEMBERED, short, written};
    use event::Text;
    use programs::executable::recognise;
    use store::Sha256;

    #[test]
    fn this_very_program_is_described() {
        let own = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let facts = written(recognise(&own).elf.as_ref().unwrap());
        assert_eq!(facts["class"], "ELF64");
        assert_eq!(facts["machine"], std::env::consts::ARCH);
        assert_eq!((&facts["type"], &facts["static"]), (&"DYN".into(), &false.into()));
        let needed = facts["needed"].as_array().unwrap();
        assert!(needed.iter().any(|name| name.as_str().unwrap().starts_with("libc.so")), "{facts}");
        assert!(facts["interpreter"].as_str().unwrap().starts_with("/lib"), "{facts}");
    }

    #[test]
    fn whatever_stands_in_a_file_is_survived_and_bounded() {
        let own = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        for step in [1_usize, 7, 64, 500] {
            let mut broken = own[..own.len().min(1 << 20)].to_vec();
            broken.iter_mut().take(4_096).skip(5).step_by(step).for_each(|byte| *byte = 0xFF);
            let facts = recognise(&broken).elf.as_ref().map(written);
            assert!(facts.is_none_or(|facts| facts.to_string().len() < 100_000));
        }
        assert_eq!(short(&Text::new("x".repeat(9_000))).chars().count(), 257);
    }

    #[test]
    fn no_more_files_are_remembered_than_may_be() {
        let mut known = Known::default();
        for n in 0..=REMEMBERED {
            let mut bytes = [0; 32];
            bytes[..8].copy_from_slice(&n.to_be_bytes());
            known.remember(Sha256::new(bytes), None);
        }
        assert_eq!((known.facts.len(), known.order.len()), (REMEMBERED, REMEMBERED));
        assert!(!known.facts.contains_key(&Sha256::new([0; 32])), "the oldest goes");
    }
}
