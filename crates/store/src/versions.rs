//! What findings were before they changed.

use finding::{FindingName, FindingResource, Timestamp};

use crate::PageSize;

/// Bytes of documents after which a page ends early, so that many large ones never stand in memory.
const PAGE_BYTES: usize = 2 << 20;

/// Where an earlier state stands among those of its finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VersionPlace {
    /// When it was replaced, in nanoseconds since the epoch.
    pub until: i64,
    /// Tells those apart that were replaced at the same time; grows.
    pub sequence: i64,
}

/// Which earlier states are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionQuery {
    /// Of which finding, by its name.
    pub finding: FindingName,
    /// Only those behind this one, which are older; from the newest without.
    pub after: Option<VersionPlace>,
    /// How many at most. There may be fewer although more follow, when they are large.
    pub limit: PageSize,
}

/// An earlier state of a finding.
#[derive(Debug, Clone, PartialEq)]
pub struct Version {
    /// When it became so.
    pub since: Timestamp,
    /// When it was replaced.
    pub until: Timestamp,
    /// What it was.
    pub item: FindingResource,
}

/// Some earlier states, the newest first.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct VersionPage {
    /// The states.
    pub versions: Vec<Version>,
    /// Behind this one there are more; none when these are the last.
    pub next: Option<VersionPlace>,
}

/// A page of earlier states that is being filled.
#[derive(Debug, Default)]
pub struct VersionFilling {
    page: VersionPage,
    last: Option<VersionPlace>,
    bytes: usize,
}

impl VersionFilling {
    /// Adds the next one; whether the page has no room for it, and is done.
    ///
    /// # Errors
    /// What cannot be read as a finding.
    pub fn is_full_before(
        &mut self,
        limit: PageSize,
        place: VersionPlace,
        since: i64,
        document: &str,
    ) -> Result<bool, serde_json::Error> {
        let count = self.page.versions.len();
        let has_room = count < usize::from(limit.get()) && self.bytes + document.len() <= PAGE_BYTES;
        if count > 0 && !has_room {
            self.page.next = self.last;
            return Ok(true);
        }
        self.bytes += document.len();
        self.last = Some(place);
        self.page.versions.push(Version {
            since: Timestamp::from_nanos(since),
            until: Timestamp::from_nanos(place.until),
            item: serde_json::from_str(document)?,
        });
        Ok(false)
    }

    /// The page.
    pub fn page(self) -> VersionPage {
        self.page
    }
}

impl VersionQuery {
    /// The place that every wanted one is before.
    pub fn before(&self) -> VersionPlace {
        self.after.unwrap_or(VersionPlace { until: i64::MAX, sequence: i64::MAX })
    }

    /// Rows to ask for: one more than wanted, which says whether there are more.
    pub fn rows(&self) -> i64 {
        i64::from(self.limit.get()) + 1
    }
}
